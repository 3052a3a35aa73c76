/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/** A process of {@link RemoteBench}: {@code SYSTEM NUMBER REDIS}. */
final class RemoteWorker {
  private static final int KEYS = 10_000;
  private static final byte[] VALUE = new byte[100];

  private final RemotePeer peer;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Integer> unread = new ArrayList<>();
  private int nextKey;

  private RemoteWorker(RemotePeer peer) {
    this.peer = peer;
  }

  public static void main(String[] args) throws Exception {
    RemoteWorker worker =
        new RemoteWorker(RemotePeer.of(args[0], Integer.parseInt(args[1]), args[2]));
    Child.serve(worker::answer);
  }

  private Object answer(String[] words) throws Exception {
    switch (words[0]) {
      case "members" -> {
        while (peer.members() < Integer.parseInt(words[1])) {
          Thread.sleep(10);
        }
        return 0;
      }
      case "fill" -> {
        fill(Integer.parseInt(words[1]));
        return 0;
      }
      case "read" -> {
        return read(Integer.parseInt(words[1]));
      }
      case "put" -> {
        return put(words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]));
      }
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  /** Writes so many entries that are kept elsewhere. */
  private void fill(int count) {
    RemotePeer.Entries entries = peer.entries(RemotePeer.READ);
    for (int left = count; left > 0; nextKey++) {
      Integer key = nextKey;
      if (entries.isElsewhere(key)) {
        entries.put(key, VALUE);
        unread.add(key);
        left--;
      }
    }
  }

  /** Reads so many of these, each for the first time; the median in nanoseconds. */
  private long read(int count) throws Exception {
    RemotePeer.Entries entries = peer.entries(RemotePeer.READ);
    List<Integer> keys = unread.subList(0, count);
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      long begun = System.nanoTime();
      byte[] value = entries.get(keys.get(i));
      nanos[i] = System.nanoTime() - begun;
      if (value == null) {
        throw new IllegalStateException("there is no entry " + keys.get(i));
      }
    }
    keys.clear();
    Arrays.sort(nanos);
    return nanos[count / 2];
  }

  /** So many puts by so many threads; the median in nanoseconds. */
  private long put(String mode, int count, int parallel) throws Exception {
    RemotePeer.Entries entries = peer.entries(mode);
    List<Future<long[]>> all = new ArrayList<>();
    for (int thread = 0; thread < parallel; thread++) {
      int first = thread * KEYS / parallel + nextKey++;
      all.add(threads.submit(() -> put(entries, first, count / parallel)));
    }
    LongStream nanos = LongStream.empty();
    for (Future<long[]> each : all) {
      nanos = LongStream.concat(nanos, Arrays.stream(each.get()));
    }
    return nanos.sorted().skip(count / 2).findFirst().orElseThrow();
  }

  private static long[] put(RemotePeer.Entries entries, int first, int count) {
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      Integer key = (first + i * 7) % KEYS;
      long begun = System.nanoTime();
      entries.put(key, VALUE);
      nanos[i] = System.nanoTime() - begun;
    }
    return nanos;
  }
}

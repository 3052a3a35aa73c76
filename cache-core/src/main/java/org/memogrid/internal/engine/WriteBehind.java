/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Changes that wait to be written, in the order of their keys' first; of several of one key the
 * last. Thread-safe.
 *
 * <p>Invariants, under the lock: what was added is in {@code waiting} or in {@code writing} until
 * it is written, so a read finds it; one thread writes at a time, while {@code busy}; who adds when
 * more than {@code limit} keys wait is let go when so many don't.
 */
final class WriteBehind {
  private final int limit;
  private final int batch;
  private final Insistence insistence;
  private final Writing to;
  private final Object lock = new Object();
  private final Map<ClusterKey, Change> waiting = new LinkedHashMap<>();
  private Map<ClusterKey, Change> writing = Map.of();
  private CompletableFuture<Void> room = new CompletableFuture<>();
  private CompletableFuture<Void> idle = CompletableFuture.completedFuture(null);
  private boolean busy;

  /**
   * What becomes of a key.
   *
   * @param entry null if it is removed
   * @param removal tells that removal from others where members tell each other of it; else null
   */
  record Change(@Nullable Envelope entry, Envelope.@Nullable Version removal) {
    Change(Envelope entry) {
      this(entry, null);
    }
  }

  /** Where it is written. */
  interface Writing {
    void write(Map<ClusterKey, Change> changes) throws Exception;
  }

  /**
   * @param limit how many keys may wait before writers do
   * @param batch how many are written at once
   */
  WriteBehind(int limit, int batch, Insistence insistence, Writing to) {
    this.limit = limit;
    this.batch = batch;
    this.insistence = insistence;
    this.to = to;
  }

  /** Done at once if there is room, else when there is. */
  CompletionStage<Void> add(Map<ClusterKey, Change> changes, BlockingManager threads) {
    boolean begin;
    CompletionStage<Void> added;
    synchronized (lock) {
      waiting.putAll(changes);
      begin = !busy;
      if (begin) {
        busy = true;
        idle = new CompletableFuture<>();
      }
      added = isFull() ? room : CompletableFutures.completedNull();
    }
    if (begin) {
      var unused = threads.runBlocking(this::writeAll, "memogrid-behind");
    }
    return added;
  }

  private boolean isFull() {
    return waiting.size() + writing.size() > limit;
  }

  /** What is to be written for a key; null if nothing waits. */
  @Nullable Change waitsFor(ClusterKey key) {
    synchronized (lock) {
      Change last = waiting.get(key);
      return last == null ? writing.get(key) : last;
    }
  }

  /** Done when nothing waits. */
  CompletionStage<Void> whenIdle() {
    synchronized (lock) {
      return idle;
    }
  }

  private void writeAll() {
    for (Map<ClusterKey, Change> next = take(); !next.isEmpty(); next = take()) {
      Map<ClusterKey, Change> some = next;
      insistence.make(this::left, () -> to.write(some));
    }
  }

  /** The next to write, when the last are written. Nothing if there is nothing more to do. */
  private Map<ClusterKey, Change> take() {
    List<CompletableFuture<Void>> over = new ArrayList<>();
    Map<ClusterKey, Change> next = new HashMap<>();
    synchronized (lock) {
      Iterator<Map.Entry<ClusterKey, Change>> first = waiting.entrySet().iterator();
      while (first.hasNext() && next.size() < batch) {
        Map.Entry<ClusterKey, Change> each = first.next();
        next.put(each.getKey(), each.getValue());
        first.remove();
      }
      writing = next;
      if (!isFull()) {
        over.add(room);
        room = new CompletableFuture<>();
      }
      if (next.isEmpty()) {
        busy = false;
        over.add(idle);
      }
    }
    over.forEach(each -> each.complete(null)); // not under the lock: others run then
    return next;
  }

  private int left() {
    synchronized (lock) {
      return waiting.size() + writing.size();
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A range of {@value #SIZE} ports on the loopback that nobody else has, neither in this JVM nor in
 * another test run on this machine: each range is claimed with a file lock, which ends with the
 * process. Ranges lie below the ports that the kernel hands out. Give it back with {@link
 * #close()}.
 */
public final class FreePorts implements AutoCloseable {
  /** Wide enough for the cluster's ports and the failure detector's, a hundred above them. */
  static final int SIZE = 200;

  private static final int LOWEST = 10_000;
  private static final int RANGES = 110;
  private static final int PROBED = 8;

  /**
   * Of this JVM. Invariant: the file of a range that it has is not opened again, since closing it
   * would give up the lock.
   */
  private static final Set<Integer> TAKEN = ConcurrentHashMap.newKeySet();

  private final int base;
  private final FileChannel file;
  private final FileLock lock;

  private FreePorts(int base, FileChannel file, FileLock lock) {
    this.base = base;
    this.file = file;
    this.lock = lock;
  }

  public static FreePorts take() {
    int start = RandomGenerator.getDefault().nextInt(RANGES);
    for (int i = 0; i < RANGES; i++) {
      int base = LOWEST + (start + i) % RANGES * SIZE;
      FreePorts claimed = claim(base);
      if (claimed != null) {
        return claimed;
      }
    }
    throw new IllegalStateException(
        "no free port range between " + LOWEST + " and " + (LOWEST + RANGES * SIZE));
  }

  /** The first port of the range. */
  public int base() {
    return base;
  }

  @Override
  public void close() {
    try {
      lock.release();
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      TAKEN.remove(base);
    }
  }

  private static @Nullable FreePorts claim(int base) {
    if (!TAKEN.add(base)) {
      return null;
    }
    FreePorts claimed = null;
    try {
      claimed = locked(base);
      return claimed;
    } finally {
      if (claimed == null) {
        TAKEN.remove(base);
      }
    }
  }

  private static @Nullable FreePorts locked(int base) {
    try {
      Path folder = Path.of(System.getProperty("java.io.tmpdir"), "memogrid-test-ports");
      Path claim = folder.resolve(Integer.toString(base));
      Files.createDirectories(folder);
      FileChannel file =
          FileChannel.open(claim, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      shareWithOtherUsers(folder, claim);
      FileLock lock = file.tryLock();
      if (lock != null && free(base, PROBED) && free(base + 100, PROBED)) {
        return new FreePorts(base, file, lock);
      }
      file.close();
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whose they are may do so; for others it is done. */
  private static void shareWithOtherUsers(Path... all) {
    for (Path each : all) {
      var unused = each.toFile().setWritable(true, false);
    }
  }

  private static boolean free(int first, int count) {
    for (int port = first; port < first + count; port++) {
      try (ServerSocket probe = new ServerSocket()) {
        probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      } catch (IOException taken) {
        return false;
      }
    }
    return true;
  }
}

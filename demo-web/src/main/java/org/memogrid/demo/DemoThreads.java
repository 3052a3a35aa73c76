/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Threads that hold up no exit. */
final class DemoThreads {
  private DemoThreads() {}

  static ScheduledExecutorService one(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        work -> {
          Thread thread = new Thread(work, name);
          thread.setDaemon(true);
          return thread;
        });
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** A member whose process has no daemons: the others place theirs as if it were not there. */
@Timeout(120)
class DaemonLackingTest {
  @Test
  void nobodyWaitsForAMemberWithoutDaemons() throws Exception {
    placeAndMove(false);
  }

  @Test
  void nobodyWaitsForAnOldestMemberWithoutDaemons() throws Exception {
    placeAndMove(true);
  }

  private static void placeAndMove(boolean isOldest) throws Exception {
    AtomicInteger running = new AtomicInteger();
    DaemonTask task =
        context -> {
          running.incrementAndGet();
          while (context.sleep(Duration.ofMillis(20))) {
            // working
          }
          running.decrementAndGet();
        };
    try (FreePorts ports = FreePorts.take();
        URLClassLoader loader = withoutDaemons()) {
      List<AutoCloseable> members = new ArrayList<>();
      try {
        if (isOldest) {
          members.add(joinWithout(loader, ports.base()));
        }
        Cluster one = join("one", ports.base());
        members.add(one);
        if (!isOldest) {
          members.add(joinWithout(loader, ports.base()));
        }
        Cluster two = join("two", ports.base());
        members.add(two);
        Await.until("three members", () -> one.membership().members().size() == 3);
        Daemon first = Daemon.named("placed", task).start(one);
        Daemon second = Daemon.named("placed", task).start(two);
        Await.until("one runs it", () -> running.get() == 1);
        (first.status() == DaemonStatus.RUNNING ? first : second).close();
        Await.until("the other runs it", () -> running.get() == 1);
      } finally {
        for (int i = members.size() - 1; i >= 0; i--) {
          members.get(i).close();
        }
      }
    }
  }

  private static Cluster join(String name, int port) {
    return Cluster.builder()
        .name("daemon-lacking")
        .nodeName(name)
        .bind("127.0.0.1")
        .port(port)
        .join();
  }

  /** The class path of these tests, without this module. */
  private static URLClassLoader withoutDaemons() throws MalformedURLException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (!entry.contains(File.separator + "daemon" + File.separator)) {
        urls.add(new File(entry).toURI().toURL());
      }
    }
    return new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
  }

  private static AutoCloseable joinWithout(ClassLoader loader, int port) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      Object builder = loader.loadClass(Cluster.class.getName()).getMethod("builder").invoke(null);
      Class<?> type = builder.getClass();
      type.getMethod("name", String.class).invoke(builder, "daemon-lacking");
      type.getMethod("nodeName", String.class).invoke(builder, "without");
      type.getMethod("bind", String.class).invoke(builder, "127.0.0.1");
      type.getMethod("port", int.class).invoke(builder, port);
      return (AutoCloseable) type.getMethod("join").invoke(builder);
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}

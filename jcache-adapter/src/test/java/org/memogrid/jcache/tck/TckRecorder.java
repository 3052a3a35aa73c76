/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeProcess;

/**
 * Stands beside the JSR's tests, which know nothing of it: starts the second member before the
 * first test of a clustered mode, and records what ran. Does nothing in other runs.
 */
public final class TckRecorder implements TestExecutionListener {
  /** Classes of the tests that cross the wire. */
  private static final String[] ALLOWED = {"org.jsr107.tck.*", "domain.*", "manager.*"};

  private static final Pattern EXCLUSION = Pattern.compile("EXCLUDING TEST '(.+)'\\s+'(.+)'");

  private static final AtomicInteger TESTS = new AtomicInteger();
  private static final TreeSet<String> FAILED = new TreeSet<>();
  private static final TreeSet<String> EXCLUDED = new TreeSet<>();
  private static final Handler LISTENING = new Exclusions();
  private static @Nullable NodeProcess second;

  @Override
  public void testPlanExecutionStarted(TestPlan plan) {
    String mode = TckRun.mode();
    if (mode == null) {
      return;
    }
    Logger.getLogger("").removeHandler(LISTENING);
    Logger.getLogger("").addHandler(LISTENING);
    if (!mode.equals("local") && second == null) {
      second = join(mode);
    }
  }

  /** Starts the second member, and has this process join it when its first cache is created. */
  private static NodeProcess join(String mode) {
    FreePorts ports = FreePorts.take();
    int port = ports.base();
    String name = "tck-" + ProcessHandle.current().pid();
    NodeProcess node = NodeProcess.start("tck-" + mode);
    node.run(
        there ->
            there.join(
                Cluster.builder()
                    .name(name)
                    .nodeName("second")
                    .bind("127.0.0.1")
                    .port(port)
                    .allow(ALLOWED)));
    node.run(
        there -> {
          var unused = there.kept("second", () -> new SecondMember(there.cluster()));
        });
    System.setProperty("memogrid.cluster.name", name);
    System.setProperty("memogrid.node.name", "first");
    System.setProperty("memogrid.bind", "127.0.0.1");
    System.setProperty("memogrid.port", Integer.toString(port));
    System.setProperty("memogrid.allow", String.join(",", ALLOWED));
    System.setProperty("memogrid.expect.members", "2");
    System.setProperty("memogrid.jcache.mode", mode.toUpperCase(Locale.ROOT));
    return node;
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (TckRun.mode() == null) {
      return;
    }
    if (test.isTest()) {
      TESTS.incrementAndGet();
    }
    if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
      synchronized (FAILED) {
        FAILED.add(test.getLegacyReportingName() + " of " + test.getParentId().orElse("-"));
      }
    }
  }

  @Override
  public void testPlanExecutionFinished(TestPlan plan) {
    String mode = TckRun.mode();
    if (mode == null) {
      return;
    }
    SecondMember.Counts counts =
        second == null
            ? new SecondMember.Counts(0, 0, 0)
            : second.call(
                there -> {
                  SecondMember member =
                      there.kept("second", () -> new SecondMember(there.cluster()));
                  return member.counts();
                });
    new TckRun(
            TckRun.build("none"),
            TESTS.get(),
            FAILED,
            EXCLUDED,
            counts.caches(),
            counts.entries(),
            counts.primary())
        .write(mode);
  }

  /** Hears of the tests that the harness leaves out. */
  private static final class Exclusions extends Handler {
    @Override
    public void publish(LogRecord message) {
      Matcher exclusion = EXCLUSION.matcher(String.valueOf(message.getMessage()));
      if (exclusion.find()) {
        synchronized (EXCLUDED) {
          EXCLUDED.add(exclusion.group(1) + "#" + exclusion.group(2));
        }
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/**
 * The commands of {@code docs/tour.md}, run by a shell with the real {@code bin/demo}, and what
 * they print, compared with the page. Only the ports are others: 8080, 8180 and 8000 may be taken.
 */
@DisabledOnOs(OS.WINDOWS)
class TourTest {
  private static final Path PAGE = Path.of("..", "docs", "tour.md");
  private static final Pattern WALK = Pattern.compile("^## (.+)$", Pattern.MULTILINE);
  private static final Pattern BLOCK =
      Pattern.compile("```(console|log)\\n(.*?)```", Pattern.DOTALL);

  private static final Duration LONGEST = Duration.ofMinutes(4);

  /** All shells that run, to be ended with this JVM: one that is told to stop closes no walk. */
  private static final Set<Process> shells = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shells.forEach(TourTest::kill)));
  }

  @TestFactory
  Stream<DynamicTest> walks() throws IOException {
    String page = Files.readString(PAGE);
    Path tree = DemoBuild.get().tree();
    List<DynamicTest> walks = new ArrayList<>();
    Matcher title = WALK.matcher(page);
    while (title.find()) {
      int end = page.indexOf("\n## ", title.end());
      String text = page.substring(title.end(), end < 0 ? page.length() : end);
      walks.add(
          DynamicTest.dynamicTest(
              title.group(1), () -> assertTimeoutPreemptively(LONGEST, () -> walk(tree, text))));
    }
    assertThat(walks).hasSize(3);
    return walks.stream();
  }

  private void walk(Path tree, String text) throws Exception {
    require("pkill", "procps");
    require("curl", "curl");
    if (text.contains("--haproxy")) {
      require("haproxy", "haproxy");
    }
    try (FreePorts ports = FreePorts.take();
        Walk walk = new Walk(tree, ports.base())) {
      Matcher block = BLOCK.matcher(text);
      while (block.find()) {
        if (block.group(1).equals("log")) {
          walk.awaitLog(block.group(2).lines().toList());
        } else {
          walk.type(block.group(2).lines().toList());
        }
      }
    }
  }

  private static void kill(Process shell) {
    shell.descendants().forEach(ProcessHandle::destroyForcibly);
    shell.destroyForcibly();
    shells.remove(shell);
  }

  private static void require(String command, String debianPackage) {
    boolean there =
        Stream.of((System.getenv("PATH") + ":/usr/sbin").split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
    String how = command + " is not installed: apt-get install " + debianPackage;
    if ("true".equals(System.getenv("CI"))) {
      assertThat(there).as(how).isTrue();
    }
    assumeTrue(there, how);
  }

  /** Somebody who types what the page says: a shell for each demo, and one for the rest. */
  private static final class Walk implements AutoCloseable {
    private static final String BEFORE =
        """
        PATH=$PATH:/usr/sbin
        curl() { command curl --max-time 60 "$@"; }
        """;

    private final Path tree;
    private final int base;
    private final List<Demo> demos = new ArrayList<>();

    /** Whether the node that the page calls 8080 is our second: it is the one that sends. */
    private boolean swapped;

    Walk(Path tree, int base) {
      this.tree = tree;
      this.base = base;
    }

    void type(List<String> lines) throws Exception {
      demos.forEach(Demo::listenFromHere);
      int next = 0;
      while (next < lines.size()) {
        String command = lines.get(next++);
        assertThat(command).startsWith("$ ");
        List<String> expected = new ArrayList<>();
        while (next < lines.size() && !lines.get(next).startsWith("$ ")) {
          expected.add(lines.get(next++));
        }
        run(command.substring(2), expected);
      }
    }

    private void run(String command, List<String> expected) throws Exception {
      if (command.startsWith("bin/demo")) {
        demos.add(new Demo(shell(ours(command) + options(command))));
        awaitLog(expected);
        swapped |= demos.get(0).printed("node-" + (first() + 100) + " .*sending: 0");
        return;
      }
      Process process = shell(ours(command));
      try (var output = process.inputReader()) {
        List<String> printed = output.lines().map(String::strip).toList();
        assertThat(process.waitFor(Await.LONG.toSeconds(), SECONDS)).as(command).isTrue();
        assertThat(printed).as(command).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
          assertThat(printed.get(i)).as(command).matches(pattern(expected.get(i).strip()));
        }
      } finally {
        kill(process);
      }
    }

    /** Each line is printed, in whatever order, by the demo that was started last. */
    void awaitLog(List<String> expected) {
      Demo demo = demos.get(demos.size() - 1);
      for (String line : expected) {
        String pattern = pattern(line);
        Await.untilAsserted(
            line, Await.LONG, () -> assertThat(demo.printed(pattern)).as(demo.toString()).isTrue());
      }
    }

    private Process shell(String command) throws IOException {
      Path script = Files.createTempFile(tree, "typed", ".sh"); // pkill -f must not find it
      Files.writeString(script, BEFORE + command + "\n");
      Process shell =
          new ProcessBuilder("bash", script.toString())
              .directory(tree.toFile())
              .redirectErrorStream(true)
              .start();
      shells.add(shell);
      return shell;
    }

    private String options(String command) {
      String own = " --cluster-port " + base + " --cluster-name tour-" + base;
      if (!command.contains("--port")) {
        own += " --http-port " + first();
      }
      return command.contains("--haproxy") ? own + " --haproxy-port " + balancer() : own;
    }

    private int first() {
      return base + 30;
    }

    private int balancer() {
      return base + 20;
    }

    private String ours(String text) {
      int other = first() + 100;
      return text.replace("8080", Integer.toString(swapped ? other : first()))
          .replace("8180", Integer.toString(swapped ? first() : other))
          .replace("8280", Integer.toString(base + 40)) // of the range, which ends before 8280's
          .replace("8000", Integer.toString(balancer()));
    }

    private String pattern(String line) {
      return Stream.of(ours(line).split("…", -1))
          .map(Pattern::quote)
          .collect(Collectors.joining(".*"));
    }

    @Override
    public void close() {
      demos.forEach(Demo::close);
    }
  }

  /** A shell that runs {@code bin/demo}. */
  private static final class Demo implements AutoCloseable {
    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private volatile int from;

    Demo(Process process) {
      this.process = process;
      Thread reader = new Thread(this::read, "demo");
      reader.setDaemon(true);
      reader.start();
    }

    private void read() {
      try (BufferedReader output = process.inputReader()) {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
          lines.add(line);
        }
      } catch (IOException e) {
        lines.add("the output ended: " + e);
      }
    }

    /** Forgets what was printed before. */
    void listenFromHere() {
      from = lines.size();
    }

    boolean printed(String pattern) {
      return lines.subList(from, lines.size()).stream().anyMatch(line -> line.matches(pattern));
    }

    /** As Ctrl-C does. */
    @Override
    public void close() {
      List<ProcessHandle> all = process.descendants().toList();
      process.children().forEach(ProcessHandle::destroy);
      try {
        Await.until(
            "the demo's end, and that of all that it started",
            () -> !process.isAlive() && all.stream().noneMatch(ProcessHandle::isAlive));
      } finally {
        all.forEach(ProcessHandle::destroyForcibly);
        kill(process);
      }
    }

    @Override
    public String toString() {
      return String.join("\n", lines);
    }
  }
}

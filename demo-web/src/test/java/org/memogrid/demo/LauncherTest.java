/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memogrid.testkit.Await;

/** {@code bin/demo} itself, on a tree whose {@code mvnw} and {@code java} only say what they do. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final String FAKE_BUILD =
      """
      #!/bin/sh
      echo "built $*" >> builds
      mkdir -p demo-web/target/lib
      touch demo-web/target/memogrid-demo-web-0.jar
      """;
  private static final String FAKE_JAVA =
      """
      #!/bin/sh
      if [ "$1" = -version ]; then echo 'openjdk version "%s" 2025-04-15' >&2; exit 0; fi
      flags=
      while [ "$1" != org.memogrid.demo.DemoMain ]; do flags="$flags $1"; shift; done
      shift
      echo "$flags $*" >> "${0%%/*}/lines"
      echo "ran $*"
      case "$*" in --train) exit 1;; %s) %s;; esac
      """;

  @TempDir Path dir;
  private Path root;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void layTree() throws IOException {
    root = dir.resolve("tree");
    for (String folder : List.of("cache-core", "memo", "demo-web")) {
      write(root.resolve(folder).resolve("pom.xml"), "");
      write(root.resolve(folder).resolve("src/main/A.java"), "");
    }
    write(root.resolve("pom.xml"), "");
    Path usage = Path.of("src/main/resources/org/memogrid/demo/usage.txt");
    write(root.resolve("demo-web").resolve(usage), Files.readString(usage));
    script(root.resolve("mvnw"), FAKE_BUILD);
    Path demo = Path.of("..", "bin", "demo");
    Files.createDirectories(root.resolve("bin"));
    Files.copy(demo, root.resolve("bin/demo"), StandardCopyOption.COPY_ATTRIBUTES);
    java("17.0.15", "none", "true");
  }

  @AfterEach
  void killWhatIsLeft() {
    for (Process process : started) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  @Test
  void itBuildsOnceAndHandsTheOptionsOn() throws Exception {
    assertThat(finished(0, "--port", "9", "--node-name", "a b"))
        .contains("ran --port 9 --node-name a b");
    assertThat(finished(0, "--port", "9")).containsExactly("ran --port 9");
    assertThat(finished(0, "--port", "9", "--drain", "5"))
        .containsExactly("ran --port 9 --drain 5");
    assertThat(builds()).containsExactly("built -q -B -DskipTests -pl demo-web -am package");
  }

  @Test
  void itBuildsAgainWhenASourceIsNewer() throws Exception {
    finished(0, "--port", "9");
    Files.setLastModifiedTime(
        root.resolve("memo/src/main/A.java"), FileTime.from(Instant.now().plusSeconds(5)));
    finished(0, "--port", "9");
    assertThat(builds()).hasSize(2);
  }

  @Test
  void itStopsWhenTheBuildFails() throws Exception {
    script(root.resolve("mvnw"), "#!/bin/sh\necho 'it does not compile'\nexit 1\n");
    assertThat(finished(1, "--port", "9"))
        .contains("it does not compile", "demo: the build failed: see above")
        .doesNotContain("ran --port 9");
  }

  @Test
  void twoShellsBuildOnce() throws Exception {
    script(root.resolve("mvnw"), FAKE_BUILD.replace("mkdir", "sleep 1; mkdir"));
    Process one = start(dir, root.resolve("bin/demo"), "--port", "1");
    Process two = start(dir, root.resolve("bin/demo"), "--port", "2");
    assertThat(output(one, 0)).contains("ran --port 1");
    assertThat(output(two, 0)).contains("ran --port 2");
    assertThat(builds()).hasSize(1);
  }

  @Test
  void itRunsFromAnywhereThroughALink() throws Exception {
    Path other = Files.createDirectories(dir.resolve("else where"));
    Path link = Files.createSymbolicLink(other.resolve("demo"), Path.of("../tree/bin/demo"));
    assertThat(output(start(other, link, "--port", "9"), 0)).contains("ran --port 9");
  }

  @Test
  void anOldJavaIsRefusedByItsVersion() throws Exception {
    java("11.0.2", "none", "true");
    assertThat(finished(1, "--port", "9"))
        .singleElement()
        .asString()
        .contains("is version 11.0.2: a JDK, 17 or newer, is needed; set JAVA_HOME to one");
    java("1.8.0_402", "none", "true");
    assertThat(finished(1, "--port", "9")).singleElement().asString().contains("1.8.0_402");
  }

  @Test
  void withoutOptionsTwoNodesRunUntilTheLauncherIsStopped() throws Exception {
    java("25", "*", "exec sleep 60");
    Process demo = start(dir, root.resolve("bin/demo"));
    try (var lines = demo.inputReader()) {
      assertThat(List.of(line(lines), line(lines), line(lines), line(lines)))
          .contains(
              "node-8080 | ran --node-name node-8080 --port 8080",
              "node-8180 | ran --node-name node-8180 --port 8180");
      List<ProcessHandle> nodes = demo.descendants().toList();
      demo.destroy();
      assertThat(demo.waitFor(30, SECONDS)).as("ended").isTrue();
      assertThat(demo.exitValue()).isZero();
      for (ProcessHandle node : nodes) {
        node.onExit().get(30, SECONDS);
      }
    }
  }

  /**
   * 1. Ctrl-C: the nodes are told to stop, and one has a long request to finish. 2. Ctrl-C again:
   * it is killed.
   */
  @Test
  @EnabledOnOs(OS.LINUX) // for env, below
  void ctrlCAgainKillsWhatDoesNotStop() throws Exception {
    java("25", "*", "trap '' TERM; i=0; while [ $i -lt 150 ]; do i=$((i + 1)); sleep 0.2; done");
    // Who was started in the background of a script ignores this signal, and so would the launcher.
    Process demo =
        start(dir, Path.of("env"), "--default-signal=INT", root.resolve("bin/demo").toString());
    try (var lines = demo.inputReader()) {
      Await.until("the second node", () -> line(lines).contains("node-8180 | ran"));
      List<ProcessHandle> nodes = demo.children().toList();
      interrupt(demo);
      Await.until("word of it", () -> line(lines).equals("demo: stopping ..., Ctrl-C again kills"));
      assertThat(demo.waitFor(1, SECONDS)).as("ended by itself").isFalse();
      interrupt(demo);
      assertThat(demo.waitFor(30, SECONDS)).as("ended").isTrue();
      assertThat(demo.exitValue()).isZero();
      for (ProcessHandle node : nodes) {
        node.onExit().get(30, SECONDS);
      }
    }
  }

  private void interrupt(Process process) throws Exception {
    output(start(dir, Path.of("kill"), "-INT", Long.toString(process.pid())), 0);
  }

  /**
   * 1. A node has been started, and says so. 2. Before the launcher has written down which it is, a
   * signal comes. 3. The node ends with the others.
   */
  @Test
  void aNodeThatHasJustBeenStartedIsStoppedToo() throws Exception {
    java("25", "*", "exec sleep 60");
    Path demo = root.resolve("bin/demo");
    String text = Files.readString(demo);
    String slow = text.replace("    pids+=($!)\n", "    sleep 1; pids+=($!)\n");
    assertThat(slow).isNotEqualTo(text);
    Files.writeString(demo, slow);
    Process launcher = start(dir, demo);
    try (var lines = launcher.inputReader()) {
      Await.until("the first node", () -> line(lines).contains("node-8080 | ran"));
      List<ProcessHandle> nodes = launcher.descendants().toList();
      launcher.destroy();
      assertThat(launcher.waitFor(30, SECONDS)).as("ended").isTrue();
      for (ProcessHandle node : nodes) {
        node.onExit().get(30, SECONDS);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, haproxy refuses", "0, haproxy ended"})
  void aBalancerThatCannotStartLeavesNoNodeRunning(int check, String message) throws Exception {
    java("17", "*--port*", "exec sleep 60");
    script(
        dir.resolve("tools/haproxy"),
        "#!/bin/sh\n[ \"$1\" != -c ] || exit %d\nexit 1\n".formatted(check));
    ProcessBuilder builder = builder(dir, root.resolve("bin/demo"), "--haproxy");
    builder.environment().merge("PATH", dir.resolve("tools") + ":", (path, own) -> own + path);
    Process launcher = start(builder);
    try (var reader = launcher.inputReader()) {
      Set<ProcessHandle> nodes = new HashSet<>();
      Await.until(
          "the launcher's end",
          () -> {
            launcher.descendants().forEach(nodes::add);
            return !launcher.isAlive();
          });
      assertThat(launcher.exitValue()).isEqualTo(1);
      for (ProcessHandle node : nodes) {
        node.onExit().get(30, SECONDS);
      }
      List<String> lines = reader.lines().toList();
      if (check == 1) {
        assertThat(lines).anyMatch(line -> line.contains(message));
      }
    }
  }

  @Test
  void severalNodesGetTheirPortsFromTheFirst() throws Exception {
    assertThat(finished(0, "--nodes", "3", "--http-port", "9000"))
        .contains(
            "node-9000 | ran --node-name node-9000 --port 9000",
            "node-9100 | ran --node-name node-9100 --port 9100",
            "node-9200 | ran --node-name node-9200 --port 9200");
  }

  @Test
  void helpBuildsNothing() throws Exception {
    assertThat(finished(0, "--help")).first().asString().startsWith("usage: demo [--nodes N]");
    assertThat(root.resolve("builds")).doesNotExist();
  }

  /** The classes are noted once per build, and only if that works are they used. */
  @Test
  void theClassArchiveIsMadeOnceAndUsed() throws Exception {
    finished(0, "--port", "1");
    finished(0, "--port", "2");
    assertThat(javas()).hasSize(3).noneMatch(line -> line.contains("SharedArchiveFile"));
    trainBy("f=${flags#*ArchiveClassesAtExit=}; echo jsa > \"${f%% *}\"; exit 0");
    Files.delete(root.resolve("demo-web/target/demo-built"));
    finished(0, "--port", "3");
    finished(0, "--port", "4");
    assertThat(javas()).hasSize(6);
    assertThat(javas().get(3)).contains("ArchiveClassesAtExit=").endsWith(" --train");
    assertThat(root.resolve("demo-web/target/demo-17.0.15.jsa")).hasContent("jsa");
    assertThat(javas().subList(4, 6))
        .allMatch(line -> line.contains("-XX:SharedArchiveFile="))
        .allMatch(line -> line.contains("demo-17.0.15.jsa"));
  }

  /** 1. The classes are being noted. 2. Somebody kills the launcher. 3. The next one notes anew. */
  @Test
  void anArchiveThatWasNotFinishedIsMadeAnew() throws Exception {
    trainBy("f=${flags#*ArchiveClassesAtExit=}; echo half > \"${f%% *}\"; kill -9 $PPID; exit 1");
    finished(128 + 9, "--port", "1");
    trainBy("f=${flags#*ArchiveClassesAtExit=}; echo jsa > \"${f%% *}\"; exit 0");
    finished(0, "--port", "2");
    assertThat(root.resolve("demo-web/target/demo-17.0.15.jsa")).hasContent("jsa");
    assertThat(javas().get(2)).contains("-XX:SharedArchiveFile=").endsWith(" --port 2");
  }

  private void trainBy(String action) throws IOException {
    java("17.0.15", "none", "true");
    Path java = dir.resolve("jdk/bin/java");
    script(java, Files.readString(java).replace("--train) exit 1", "--train) " + action));
  }

  private List<String> javas() throws IOException {
    return Files.readAllLines(dir.resolve("jdk/bin/lines"));
  }

  @Test
  void aNodeThatCannotStartStopsTheOther() throws Exception {
    java("17", "*8180", "exit 3;; *8080) exec sleep 60");
    assertThat(output(start(dir, root.resolve("bin/demo")), 3))
        .contains("node-8080 | ran --node-name node-8080 --port 8080");
  }

  @Test
  void aKilledNodeDoesNotStopTheOther() throws Exception {
    java("17", "*8180", "kill -9 $$;; *8080) sleep 1; echo still here");
    assertThat(output(start(dir, root.resolve("bin/demo")), 0))
        .contains("demo: node-8180 ended", "node-8080 | still here");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--nodes 0            | demo: --nodes is 0: give a number from 1 to 9",
        "--nodes 10           | demo: --nodes is 10: give a number from 1 to 9",
        "--nodes two          | demo: --nodes is two: give a number from 1 to 9",
        "--nodes --drain 1    | demo: --nodes is --drain: give a number from 1 to 9",
        "--nodes              | demo: --nodes is missing: give a number from 1 to 9",
        "--haproxy --port 80  | demo: --haproxy is for several nodes, which get their ports: leave out --port",
        "--nodes 3 --port 80  | demo: --nodes is for several nodes, which get their ports: leave out --port",
        "--http-port 8o80     | demo: --http-port is 8o80: give a port from 1 to 65535",
        "--haproxy-port       | demo: --haproxy-port is missing: give a port from 1 to 65535",
        "--http-port 0        | demo: --http-port is 0: give a port from 1 to 65535",
        "--http-port 65536    | demo: --http-port is 65536: give a port from 1 to 65535",
        "--http-port 65500    | demo: --http-port is 65500: 2 nodes end at 65600, and ports at 65535",
        "--http-port 65000 --nodes 9 | demo: --http-port is 65000: 9 nodes end at 65800, and ports at 65535",
        "--haproxy-port 00    | demo: --haproxy-port is 00: give a port from 1 to 65535",
        "--haproxy-port 99999 | demo: --haproxy-port is 99999: give a port from 1 to 65535",
      })
  void aBadLineIsRefusedBeforeAnythingIsBuilt(String line, String message) throws Exception {
    assertThat(finished(1, line.split(" "))).containsExactly(message);
    assertThat(root.resolve("builds")).doesNotExist();
  }

  @Test
  void withoutHaproxyInstalledItSaysHowToGetItBeforeAnythingIsBuilt() throws Exception {
    Path demo = root.resolve("bin/demo");
    String text = Files.readString(demo);
    String elsewhere = text.replace(":/usr/sbin", ":" + dir.resolve("sbin"));
    assertThat(elsewhere).isNotEqualTo(text);
    Files.writeString(demo, elsewhere);
    Path tools = Files.createDirectories(dir.resolve("tools"));
    for (String tool : List.of("bash", "dirname")) {
      Files.createSymbolicLink(tools.resolve(tool), onPath(tool));
    }
    ProcessBuilder builder = builder(dir, demo, "--haproxy");
    builder.environment().put("PATH", tools.toString());
    assertThat(output(start(builder), 1))
        .containsExactly(
            "demo: haproxy is not installed: 'apt-get install haproxy' has it on Debian; without"
                + " --haproxy the nodes run alone");
    assertThat(root.resolve("builds")).doesNotExist();
  }

  private static Path onPath(String tool) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(folder -> Path.of(folder, tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  private static String line(java.io.BufferedReader lines) throws IOException {
    return String.valueOf(lines.readLine());
  }

  private List<String> finished(int status, String... options) throws Exception {
    return output(start(dir, root.resolve("bin/demo"), options), status);
  }

  private Process start(Path workingFolder, Path command, String... options) throws IOException {
    return start(builder(workingFolder, command, options));
  }

  private ProcessBuilder builder(Path workingFolder, Path command, String... options) {
    List<String> line = new ArrayList<>(List.of(command.toString()));
    line.addAll(List.of(options));
    ProcessBuilder builder =
        new ProcessBuilder(line).directory(workingFolder.toFile()).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", dir.resolve("jdk").toString());
    return builder;
  }

  private Process start(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private static List<String> output(Process process, int status) throws Exception {
    try (var reader = process.inputReader()) {
      List<String> lines = reader.lines().toList();
      assertThat(process.waitFor(30, SECONDS)).as("ended").isTrue();
      assertThat(process.exitValue()).as("status after %s", lines).isEqualTo(status);
      return lines;
    }
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(root.resolve("builds"));
  }

  private void java(String version, String pattern, String action) throws IOException {
    script(dir.resolve("jdk/bin/java"), FAKE_JAVA.formatted(version, pattern, action));
  }

  private static void script(Path file, String text) throws IOException {
    write(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}

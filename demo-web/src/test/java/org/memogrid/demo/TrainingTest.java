/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** The class archive of {@code bin/demo}, made by a real JVM and used by another. */
@DisabledOnOs(OS.WINDOWS)
class TrainingTest {
  @TempDir Path dir;

  @Test
  void aNodeStartsFromTheArchiveThatATrainingLeaves() throws Exception {
    String classpath = jars();
    Path archive = dir.resolve("demo.jsa");
    Path log = dir.resolve("train.log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(DemoProcess.JVM);
    command.addAll(List.of("-XX:ArchiveClassesAtExit=" + archive, "-cp", classpath));
    command.addAll(List.of(DemoMain.class.getName(), "--train"));
    Process training =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      Await.until("the training's end", Await.LONG.multipliedBy(2), () -> !training.isAlive());
    } finally {
      training.destroyForcibly();
    }
    assertThat(training.exitValue()).as(Files.readString(log)).isZero();
    assertThat(archive).isNotEmptyFile();
    try (FreePorts ports = FreePorts.take();
        DemoProcess node =
            DemoProcess.start(
                List.of(
                    "-Xshare:on", "-XX:SharedArchiveFile=" + archive), // ends if it can't be used
                classpath,
                ports.base() + 50,
                "--cluster-name",
                "trained-" + ports.base(),
                "--cluster-port",
                Integer.toString(ports.base()))) {
      node.awaitMembers(1);
    }
  }

  /** This JVM's class path: an archive is refused where there are folders in it. */
  private String jars() throws IOException {
    List<String> jars = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      jars.add(Files.isDirectory(path) ? jar(path, jars.size()).toString() : entry);
    }
    return jars.stream()
        .filter(entry -> entry.endsWith(".jar"))
        .collect(joining(File.pathSeparator));
  }

  private Path jar(Path folder, int number) throws IOException {
    Path jar = dir.resolve(number + ".jar");
    try (OutputStream file = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(file);
        Stream<Path> files = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        zip.putNextEntry(new ZipEntry(folder.relativize(path).toString()));
        Files.copy(path, zip);
      }
    }
    return jar;
  }
}

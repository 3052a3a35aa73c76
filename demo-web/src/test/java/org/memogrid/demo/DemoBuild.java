/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.memogrid.testkit.Await;

/**
 * What {@code bin/demo} finds once it has built, made of the classes of this build: the jars, and
 * the archive of classes that a training leaves, without which a node takes twice the processor
 * time to start. Made once per JVM, by the first test that wants it.
 *
 * @param tree with {@code bin/demo} and {@code demo-web/target}
 */
record DemoBuild(Path tree) {
  static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

  /** As {@code bin/demo} has them. */
  static final List<String> JVM =
      List.of(
          "-Xmx256m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Djava.net.preferIPv4Stack=true");

  /** A training takes a few seconds on a machine that has nothing else to do. */
  private static final Duration TRAINING = Duration.ofMinutes(3);

  private static final Path FOLDER = Path.of("target", "demo-tree");
  private static final String VERSION = System.getProperty("java.version");

  /** Throws for each test if it can't be made: none is to pass by starting nodes another way. */
  static DemoBuild get() {
    return Holder.BUILD;
  }

  private static final class Holder {
    static final DemoBuild BUILD = make();
  }

  private static DemoBuild make() {
    try {
      remove(FOLDER);
      DemoBuild build = new DemoBuild(Files.createDirectories(FOLDER).toRealPath());
      build.lay();
      build.train();
      return build;
    } catch (IOException e) {
      throw new UncheckedIOException("can't build a demo in " + FOLDER, e);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path path : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
          Files.delete(path);
        }
      }
    }
  }

  /** The class path as {@code bin/demo} says it; an archive asks for the very same. */
  String classPath() {
    return jar() + File.pathSeparator + lib().resolve("*");
  }

  Path archive() {
    return target().resolve("demo-" + VERSION + ".jsa");
  }

  private Path target() {
    return tree.resolve("demo-web").resolve("target");
  }

  private Path jar() {
    return target().resolve("memogrid-demo-web-0.jar");
  }

  private Path lib() {
    return target().resolve("lib");
  }

  private void lay() throws IOException {
    Files.createDirectories(tree.resolve("bin"));
    Files.createDirectories(tree.resolve("demo-web").resolve("src").resolve("main"));
    Files.createDirectories(lib());
    Files.copy(
        Path.of("..", "bin", "demo"),
        tree.resolve("bin").resolve("demo"),
        StandardCopyOption.COPY_ATTRIBUTES);
    Files.writeString(tree.resolve("pom.xml"), "");
    Files.writeString(tree.resolve("demo-web").resolve("pom.xml"), "");
    int number = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (path.endsWith(Path.of("demo-web", "target", "classes"))) {
        pack(path, jar());
      } else if (path.endsWith("classes")) {
        pack(path, lib().resolve("module-" + number++ + ".jar"));
      } else if (entry.endsWith(".jar") && Files.exists(path)) {
        Files.copy(path, lib().resolve(path.getFileName()));
      }
    }
    Files.writeString(target().resolve("demo-built"), "");
  }

  private static void pack(Path folder, Path jar) throws IOException {
    try (OutputStream file = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(file);
        Stream<Path> files = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        zip.putNextEntry(new ZipEntry(folder.relativize(path).toString()));
        Files.copy(path, zip);
      }
    }
  }

  private void train() throws IOException {
    Path log = target().resolve("demo-train.log");
    List<String> command = new ArrayList<>(List.of(JAVA));
    command.addAll(JVM);
    command.addAll(List.of("-XX:ArchiveClassesAtExit=" + archive(), "-cp", classPath()));
    command.addAll(List.of(DemoMain.class.getName(), "--train"));
    Process training =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      Await.until("the training's end", TRAINING, () -> !training.isAlive());
    } finally {
      training.destroyForcibly();
    }
    if (training.exitValue() != 0 || !Files.exists(archive())) {
      throw new IllegalStateException(
          "the training ended with %d and left no archive:%n%s"
              .formatted(training.exitValue(), Files.readString(log)));
    }
    Files.writeString(target().resolve("demo-trained-" + VERSION), "");
  }
}

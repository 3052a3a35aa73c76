/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import static java.util.Objects.requireNonNull;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.jspecify.annotations.Nullable;

/**
 * A file of classes as a JVM has them in its memory. What makes it is a JVM that {@linkplain
 * NodeTraining trains}.
 *
 * @param jars whose classes are in it; what uses it has a class path that begins with these
 * @param starter of them the one that has {@link NodeTraining} and is made with the archive; null
 *     if another has it
 * @param further jars and folders that the training needs, whose classes are not in it
 */
record ClassArchive(Path file, List<String> jars, @Nullable Path starter, List<String> further) {
  /**
   * Mapped where it was made for, if there is room. Elsewhere, as is the default lest its place be
   * known, each pointer in it is changed and so each page copied: half of what an idle node takes.
   */
  private static final List<String> AT_HOME =
      List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0");

  private static final long LONGEST_SECONDS = 120;

  /** The JVM's options that have it used. */
  List<String> options() {
    List<String> options = new ArrayList<>(AT_HOME);
    // What a JVM has against an archive it would say on stdout, among a node's answers.
    options.addAll(List.of("-XX:SharedArchiveFile=" + file, "-Xshare:auto", "-Xlog:disable"));
    return options;
  }

  /** Whether it is there, and newer than what it was made of. */
  boolean isFresh() throws IOException {
    if (!Files.exists(file)) {
      return false;
    }
    for (String jar : jars) {
      Path path = Path.of(jar);
      if (Files.exists(path)
          && Files.getLastModifiedTime(path).compareTo(Files.getLastModifiedTime(file)) >= 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Makes it unless it is fresh. Several JVMs may be at it together: the second waits and finds it.
   *
   * @param jvm the options that those have which are to use it
   * @param main the main class that does once what nodes do
   * @return false if it could not be made, and why is written down beside it
   */
  boolean make(String java, List<String> jvm, String main) throws IOException {
    Files.createDirectories(file.getParent());
    try (FileChannel lock =
            FileChannel.open(
                file.resolveSibling("classes.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock held = lock.lock()) {
      return held.isValid() && (isFresh() || train(java, jvm, main));
    }
  }

  private boolean train(String java, List<String> jvm, String main) throws IOException {
    if (starter != null) {
      write(starter);
    }
    Path part = file.resolveSibling("classes-" + ProcessHandle.current().pid() + ".tmp");
    Path log = file.resolveSibling("classes.log");
    List<String> command = new ArrayList<>(List.of(java));
    command.addAll(jvm);
    command.addAll(List.of("-XX:ArchiveClassesAtExit=" + part, "-cp", path(jars)));
    command.addAll(List.of(NodeTraining.class.getName(), path(further), main));
    Process training =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      boolean ended = training.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS);
      if (!ended || training.exitValue() != 0 || !Files.exists(part)) {
        System.err.println("nodes start without an archive of their classes, see " + log);
        return false;
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while an archive is made", e);
    } finally {
      training.destroyForcibly();
    }
  }

  private static void write(Path starter) throws IOException {
    String name = NodeTraining.class.getName().replace('.', '/') + ".class";
    try (InputStream bytes =
            requireNonNull(NodeTraining.class.getClassLoader().getResourceAsStream(name), name);
        JarOutputStream jar = new JarOutputStream(Files.newOutputStream(starter))) {
      jar.putNextEntry(new ZipEntry(name));
      bytes.transferTo(jar);
    }
  }

  private static String path(List<String> entries) {
    return String.join(File.pathSeparator, entries);
  }
}

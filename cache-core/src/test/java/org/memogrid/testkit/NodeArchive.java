/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import static java.util.function.Predicate.not;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The classes that nodes load, in a form that a JVM maps into its memory instead of reading,
 * checking and linking them one by one, which is most of what a short-lived node does. Made once
 * for the module, by the first JVM that wants it, if the system property {@code
 * memogrid.test.archive} is set: a few nodes are started sooner than an archive is made. Without it
 * nodes only start slower.
 *
 * <p>A JVM uses an archive if its class path begins with the one that the archive was made with,
 * and none is made of folders: so jars come first, and what is in folders loads as ever.
 */
public final class NodeArchive {
  private static final long LONGEST_SECONDS = 120;
  private static final Path FOLDER = Path.of("target", "nodes");
  private static final List<String> ENTRIES =
      List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1));
  private static final List<String> JARS =
      ENTRIES.stream().filter(entry -> entry.endsWith(".jar")).toList();
  private static final List<String> FOLDERS = ENTRIES.stream().filter(not(JARS::contains)).toList();

  private static List<String> options = List.of();
  private static boolean asked;

  private NodeArchive() {}

  /** This JVM's class path, jars first. */
  public static String classPath() {
    return path(Stream.concat(JARS.stream(), FOLDERS.stream()).toList());
  }

  private static String path(List<String> entries) {
    return String.join(File.pathSeparator, entries);
  }

  /**
   * What a JVM with {@link #classPath()} needs in order to use the archive.
   *
   * @param java the JVM
   * @param jvm the options that nodes have
   * @param main what does once what nodes do, and its arguments
   */
  public static synchronized List<String> options(String java, List<String> jvm, String... main) {
    if (!asked) {
      asked = true;
      if (Boolean.getBoolean("memogrid.test.archive") && NodeTraining.isIn(JARS)) {
        options = made(java, jvm, List.of(main));
      }
    }
    return options;
  }

  /** The JVMs of a module may be at it together: the second waits and finds it. */
  private static List<String> made(String java, List<String> jvm, List<String> main) {
    Path archive = FOLDER.resolve("classes-" + Runtime.version().feature() + ".jsa");
    try {
      Files.createDirectories(FOLDER);
      try (FileChannel file =
              FileChannel.open(
                  FOLDER.resolve("classes.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock held = file.lock()) {
        if (!held.isValid() || !(isFresh(archive) || make(archive, java, jvm, main))) {
          return List.of();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't make " + archive, e);
    }
    // What a JVM has against an archive it would say on stdout, among a node's answers.
    return List.of("-XX:SharedArchiveFile=" + archive, "-Xshare:auto", "-Xlog:disable");
  }

  private static boolean isFresh(Path archive) throws IOException {
    if (!Files.exists(archive)) {
      return false;
    }
    for (String jar : JARS) {
      if (Files.getLastModifiedTime(Path.of(jar)).compareTo(Files.getLastModifiedTime(archive))
          >= 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean make(Path archive, String java, List<String> jvm, List<String> main)
      throws IOException {
    Path part = FOLDER.resolve("classes-" + ProcessHandle.current().pid() + ".tmp");
    Path log = FOLDER.resolve("classes.log");
    List<String> command = new ArrayList<>(List.of(java));
    command.addAll(jvm);
    command.addAll(List.of("-XX:ArchiveClassesAtExit=" + part, "-cp", path(JARS)));
    command.addAll(List.of(NodeTraining.class.getName(), path(FOLDERS)));
    command.addAll(main);
    Process training =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      boolean ended = training.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS);
      if (!ended || training.exitValue() != 0 || !Files.exists(part)) {
        System.err.println("nodes start without an archive of their classes, see " + log);
        return false;
      }
      Files.move(part, archive, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while an archive is made", e);
    } finally {
      training.destroyForcibly();
    }
  }
}

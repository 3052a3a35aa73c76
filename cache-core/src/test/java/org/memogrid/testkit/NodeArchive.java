/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import static java.util.function.Predicate.not;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The classes that nodes load, in a form that a JVM maps into its memory instead of reading,
 * checking and linking them one by one, which is most of what a short-lived node does. There are
 * two kinds. The module of this class makes an archive of the engine's classes, which the nodes of
 * other modules use, too. Modules that start many nodes make one of all classes that they have in
 * jars. Either is made once, by the first JVM that wants it, where the system property {@code
 * memogrid.test.archive} is set: a few nodes are started sooner than an archive is made. Without
 * any nodes only start slower.
 *
 * <p>A JVM uses an archive if its class path begins with the one that the archive was made with,
 * and none is made of folders: so the engine's jars come first and in one order, then other jars,
 * and what is in folders loads as ever.
 */
final class NodeArchive {
  /** Jars that all modules have, in one version. */
  private static final Pattern ENGINE_JARS =
      Pattern.compile(
          "(caffeine|infinispan-(core|commons|counter-api)|jakarta.transaction-api"
              + "|jboss-(logging|threads)|jgroups|protostream(-types)?|reactive-streams|rxjava"
              + "|slf4j-api|smallrye-common-(constraint|cpu|expression|function|net|os|ref)"
              + "|wildfly-common)-[0-9].*[.]jar");

  private static final Path KIT = kit();
  private static final Path SHARED = KIT.resolveSibling("nodes");
  private static final Path OWN = Path.of("target", "nodes");
  private static final Path STARTER = SHARED.resolve("training.jar");
  private static final String SUFFIX = "-" + Runtime.version().feature() + ".jsa";

  private static final List<String> ENTRIES =
      List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1));
  private static final List<String> ENGINE = engine();
  private static final List<String> REST = ENTRIES.stream().filter(not(ENGINE::contains)).toList();
  private static final List<String> OTHERS =
      REST.stream().filter(entry -> entry.endsWith(".jar")).toList();
  private static final List<String> FOLDERS = REST.stream().filter(not(OTHERS::contains)).toList();

  private static List<String> options = List.of();
  private static boolean asked;

  private NodeArchive() {}

  /** What this class is in: a folder of its module, or a jar beside that. */
  private static Path kit() {
    try {
      return Path.of(NodeArchive.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> engine() {
    Stream<String> jars =
        ENTRIES.stream()
            .filter(entry -> ENGINE_JARS.matcher(new File(entry).getName()).matches())
            .sorted();
    return Stream.concat(jars, Stream.of(STARTER.toString())).toList();
  }

  /** This JVM's class path, jars first. */
  static String classPath() {
    return String.join(File.pathSeparator, both(both(ENGINE, OTHERS), FOLDERS));
  }

  private static List<String> both(List<String> some, List<String> more) {
    return Stream.concat(some.stream(), more.stream()).toList();
  }

  /**
   * What a JVM with {@link #classPath()} needs in order to use the archive.
   *
   * @param java the JVM
   * @param jvm the options that nodes have
   */
  static synchronized List<String> options(String java, List<String> jvm) {
    if (!asked) {
      asked = true;
      try {
        options = find(java, jvm);
      } catch (IOException e) {
        throw new UncheckedIOException("can't make an archive of classes", e);
      }
    }
    return options;
  }

  private static List<String> find(String java, List<String> jvm) throws IOException {
    boolean makes = Boolean.getBoolean("memogrid.test.archive");
    ClassArchive archive =
        makes && Files.isRegularFile(KIT)
            ? new ClassArchive(OWN.resolve("classes" + SUFFIX), both(ENGINE, OTHERS), null, FOLDERS)
            : new ClassArchive(SHARED.resolve("engine" + SUFFIX), ENGINE, STARTER, REST);
    boolean there =
        makes ? archive.make(java, jvm, CacheTraining.class.getName()) : archive.isFresh();
    return there ? archive.options() : List.of();
  }
}

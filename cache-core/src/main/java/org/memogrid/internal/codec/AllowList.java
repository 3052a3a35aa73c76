/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which of the user's classes may cross the wire: exact binary names, and packages with all that is
 * below them. Decides by the name alone, so that a refused class is not even loaded. Immutable.
 */
final class AllowList {
  private static final Pattern NAME =
      Pattern.compile("[\\p{L}_$][\\p{L}\\p{N}_$]*(\\.[\\p{L}_$][\\p{L}\\p{N}_$]*)*(\\.\\*)?");
  private static final Pattern OF_JDK = Pattern.compile("(java|javax|jdk|sun|com\\.sun)\\..*");

  /** The project's own that are part of users' keys and values. */
  private static final Set<String> OWN =
      Set.of(
          "org.memogrid.memo.Args2",
          "org.memogrid.memo.Args3",
          "org.memogrid.cdi.ArgumentsKey",
          "org.memogrid.cdi.ThrownBefore");

  private final boolean everything;
  private final Set<String> names = new HashSet<>();
  private final Set<String> packages = new HashSet<>();
  private final Set<String> patterns = new LinkedHashSet<>();

  /** Every class: for what does not leave the process. */
  static AllowList everything() {
    return new AllowList(true, List.of());
  }

  /**
   * From {@code com.acme.Price}, a binary name, or {@code com.acme.*}, a package and its
   * subpackages.
   *
   * @throws IllegalArgumentException naming the pattern that is neither, or that opens packages of
   *     the JDK
   */
  AllowList(Collection<String> allowed) {
    this(false, allowed);
  }

  private AllowList(boolean everything, Collection<String> allowed) {
    this.everything = everything;
    for (String given : allowed) {
      String pattern = Objects.requireNonNull(given, "pattern").trim();
      patterns.add(pattern);
      if (!NAME.matcher(pattern).matches()) {
        throw new IllegalArgumentException(
            "\""
                + pattern
                + "\" allows nothing: give a class, \"com.acme.Price\", or a package"
                + " with its subpackages, \"com.acme.*\"");
      }
      if (!pattern.endsWith(".*")) {
        names.add(pattern);
      } else if (OF_JDK.matcher(pattern).matches()) {
        throw new IllegalArgumentException(
            "\""
                + pattern
                + "\" would let classes of the JDK through that open files and sockets:"
                + " the JDK's value classes are allowed already");
      } else {
        packages.add(pattern.substring(0, pattern.length() - 2));
      }
    }
  }

  boolean allows(String name) {
    if (everything || names.contains(name) || OWN.contains(name)) {
      return true;
    }
    for (int dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      if (packages.contains(name.substring(0, dot))) {
        return true;
      }
    }
    return false;
  }

  /**
   * @throws RefusedException with the line to add
   */
  void check(String name) {
    if (!allows(name)) {
      throw new RefusedException(refusal(printable(name)));
    }
  }

  private String refusal(String name) {
    String which =
        name
            + " may not cross the wire: it is not on the allow list"
            + (patterns.isEmpty() ? "" : " " + patterns)
            + ". ";
    if (OF_JDK.matcher(name).matches()) {
      return which
          + "Of the JDK, values and the ordinary collections can cross; convert it to one of them";
    }
    return which
        + "Add ClusterBuilder.allow(\""
        + name
        + "\") or memogrid.allow="
        + name
        + " on every member";
  }

  /** What came over the wire may be anything. */
  private static String printable(String name) {
    StringBuilder text = new StringBuilder();
    name.codePoints()
        .limit(200)
        .forEach(c -> text.appendCodePoint(c < ' ' || !Character.isDefined(c) ? '?' : c));
    return text.toString();
  }

  @Override
  public String toString() {
    return patterns.toString();
  }
}

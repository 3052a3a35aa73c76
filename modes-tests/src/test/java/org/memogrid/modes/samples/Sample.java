/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes.samples;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** Classes of a user, on the allow list of the tests' clusters. */
public final class Sample {
  private Sample() {}

  /** Its {@code hashCode} differs between JVMs when it is not overridden. */
  public enum Color {
    RED,
    GREEN,
    BLUE
  }

  /** A key that holds an enum, so that its {@code hashCode} differs between JVMs too. */
  public record Key(Color color, int number) {}

  /** A value with collections in it. */
  public record Value(String text, List<Color> colors, Map<String, Integer> counts) {}

  /** A value that equals itself alone, so no copy of itself. */
  public static final class Bare implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int number;

    public Bare(int number) {
      this.number = number;
    }

    public int number() {
      return number;
    }
  }
}

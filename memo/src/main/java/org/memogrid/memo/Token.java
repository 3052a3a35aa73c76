/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The right to run the function for one key, unique in the cluster. The lower one is the older.
 *
 * @param configuration the id of the configuration it was granted in
 * @param number counted by the home, over all its memos
 * @param home the id of the member that granted it
 * @param epoch how often all keys had been invalidated when it was granted
 * @param fence the fence sequence of the entry that was there when it was granted, 0 for none
 * @param what the run, for people to read; null on members that only pass the token on. It is the
 *     only component that does not count when tokens are compared
 */
record Token(
    long configuration, long number, String home, long epoch, long fence, @Nullable Object what)
    implements Comparable<Token> {
  private static final Comparator<Token> ORDER =
      Comparator.comparingLong(Token::configuration)
          .thenComparingLong(Token::number)
          .thenComparing(Token::home);

  Token(long configuration, long number, String home, long epoch, long fence) {
    this(configuration, number, home, epoch, fence, null);
  }

  Token named(Object run) {
    return new Token(configuration, number, home, epoch, fence, run);
  }

  Token in(long otherEpoch) {
    return new Token(configuration, number, home, otherEpoch, fence, what);
  }

  /** What is run, or the number if that is not known here. */
  String name() {
    return what == null ? "run " + this : what.toString();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Token that
        && number == that.number
        && configuration == that.configuration
        && home.equals(that.home);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(number * 31 + configuration);
  }

  @Override
  public int compareTo(Token other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return configuration + "." + number + "@" + home;
  }
}

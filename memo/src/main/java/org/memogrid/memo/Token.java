/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Comparator;

/**
 * The right to run the function for one key, unique in the cluster. The lower one is the older.
 *
 * @param configuration the id of the configuration it was granted in
 * @param number counted by the home
 * @param home the id of the member that granted it
 * @param epoch how often all keys had been invalidated when it was granted
 * @param fence the fence sequence of the entry that was there when it was granted, 0 for none
 */
record Token(long configuration, long number, String home, long epoch, long fence)
    implements Comparable<Token> {
  private static final Comparator<Token> ORDER =
      Comparator.comparingLong(Token::configuration)
          .thenComparingLong(Token::number)
          .thenComparing(Token::home);

  @Override
  public int compareTo(Token other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return configuration + "." + number + "@" + home;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

/**
 * One turn at a name, as members tell each other.
 *
 * @param number 0 for none
 * @param memberId whose turn it is
 */
record Token(long number, String memberId) implements Comparable<Token> {
  static final Token NONE = new Token(0, "");

  @Override
  public int compareTo(Token other) {
    int byNumber = Long.compare(number, other.number);
    return byNumber != 0 ? byNumber : memberId.compareTo(other.memberId);
  }
}

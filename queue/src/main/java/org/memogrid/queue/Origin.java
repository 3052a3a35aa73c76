/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** Which message it is, wherever it came in. */
record Origin(String producer, long number) {
  static Origin of(Letter letter) {
    return new Origin(letter.producer, letter.number);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.Serializable;

/** A small value. */
record Price(String article, long cents) implements Serializable {
  static Price of(int key) {
    return new Price("article-" + key, key);
  }
}

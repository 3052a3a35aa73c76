/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/**
 * Turns the objects that cross the wire into bytes and back. Thread-safe. A codec refuses, in both
 * directions, what it has not been told to let through.
 */
public interface Codec {
  /**
   * The bytes of an object.
   *
   * @throws IllegalArgumentException naming the class that can't be encoded, and the remedy
   */
  byte[] encode(Object object);

  /**
   * The object that the bytes stand for.
   *
   * @throws IllegalArgumentException naming the class that is refused, and the remedy
   */
  Object decode(byte[] bytes);
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/** A message of one memo with the configuration that its sender had. */
record Packet(MemoId memo, Configuration.Stamp stamp, Message message) {
  /** In the place of a key that this member can't decode, and why. */
  record UnreadableKey(String why) {}
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/**
 * One handing out of one message, unique in the cluster.
 *
 * @param epoch the reign in which it was handed out
 * @param seq the message's place in the queue
 * @param hand how often it had been handed out, this time included
 */
record Tag(Epoch epoch, long seq, int hand) {
  /** Of no message: behind all that was handed out to a member. */
  static final Tag LAST = new Tag(Epoch.NONE, 0, 0);
}

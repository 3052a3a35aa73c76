/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/**
 * What a listener does with a message. One that returns has handled it; one that throws has not,
 * and the message is handed out again after a pause, here or elsewhere. It must tolerate a message
 * that it has seen before.
 */
@FunctionalInterface
public interface MessageHandler<T> {
  /** Handles a message. */
  void handle(Message<T> message) throws Exception;
}

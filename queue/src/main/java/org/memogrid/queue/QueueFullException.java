/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** A message was refused because its queue is full. Nothing has changed. */
public final class QueueFullException extends QueueException {
  private static final long serialVersionUID = 1L;

  QueueFullException(String message) {
    super(message);
  }
}

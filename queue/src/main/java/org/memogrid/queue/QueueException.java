/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** A call on a queue that did not end as it should; the message says why and what to do. */
public class QueueException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QueueException(String message) {
    super(message);
  }
}

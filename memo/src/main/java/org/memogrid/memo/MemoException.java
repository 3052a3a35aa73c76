/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/**
 * A call that got no value: the function failed on another member, the wait was interrupted, or the
 * home of the key could not answer. The message says which.
 */
public class MemoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MemoException(String message) {
    super(message);
  }

  public MemoException(String message, Throwable cause) {
    super(message, cause);
  }
}

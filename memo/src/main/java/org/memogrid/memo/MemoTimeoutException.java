/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/**
 * A call that got no value in time: its own wait was over ({@link MemoBuilder#waitTimeout}), or the
 * run that it waited for took too long ({@link MemoBuilder#hardTimeout}). The message says which.
 */
public final class MemoTimeoutException extends MemoException {
  private static final long serialVersionUID = 1L;

  public MemoTimeoutException(String message) {
    super(message);
  }
}

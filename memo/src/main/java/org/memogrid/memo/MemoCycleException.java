/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/** A run that, directly or through other runs, waits for its own result. Names the chain. */
public final class MemoCycleException extends MemoException {
  private static final long serialVersionUID = 1L;

  public MemoCycleException(String message) {
    super(message);
  }
}

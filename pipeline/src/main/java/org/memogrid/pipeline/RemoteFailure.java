/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

/**
 * What was thrown in another JVM, whose class need not be known here: its text and where it was
 * thrown.
 */
public final class RemoteFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The class of what was thrown. */
  private final String type;

  RemoteFailure(String type, String text, StackTraceElement[] trace) {
    super(text);
    this.type = type;
    setStackTrace(trace);
  }

  /** The name of the class of what was thrown. */
  public String type() {
    return type;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import org.jspecify.annotations.Nullable;

/** A value did not come out of a pipeline; the message says where, why and what to do. */
public class PipelineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PipelineException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}

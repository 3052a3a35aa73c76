/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.transaction.WriteSkewException;

/**
 * A member serves nobody now: its {@link Recovery} waits. Who asked tries again. Of all exceptions
 * the engine does not log this kind as an error of its own; it makes it anew on the member that
 * asked, by its name, hence public.
 */
public final class HeldException extends WriteSkewException {
  private static final long serialVersionUID = 1L;

  public HeldException(String message) {
    super(message, null, null);
  }
}

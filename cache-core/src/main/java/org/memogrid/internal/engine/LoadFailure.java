/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.persistence.spi.PersistenceException;

/**
 * What a loader says that it could not do: nothing was to be written. Made anew by the engine where
 * another member had asked, hence public.
 */
public final class LoadFailure extends PersistenceException {
  private static final long serialVersionUID = 1L;

  public LoadFailure(String message) {
    super(message);
  }

  public LoadFailure(String message, Throwable cause) {
    super(message, cause);
  }
}

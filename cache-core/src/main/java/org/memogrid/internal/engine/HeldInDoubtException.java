/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.transaction.WriteSkewException;

/**
 * A transaction met what another has prepared and nobody ends now: a conflict, and to try again at
 * once is of no use.
 */
final class HeldInDoubtException extends WriteSkewException {
  private static final long serialVersionUID = 1L;

  HeldInDoubtException(String message, ClusterKey key) {
    super(message, key);
  }
}

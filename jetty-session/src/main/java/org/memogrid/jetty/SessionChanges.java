/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import java.util.Set;

/**
 * What one request did to a session. Immutable.
 *
 * @param session the session as this request leaves it
 * @param written the attributes that it set, or changed in place
 * @param removed the attributes that it removed
 * @param maxInactiveChanged whether it set another interval
 */
record SessionChanges(
    StoredSession session, Set<String> written, Set<String> removed, boolean maxInactiveChanged) {
  boolean isEmpty() {
    return written.isEmpty() && removed.isEmpty() && !maxInactiveChanged;
  }
}

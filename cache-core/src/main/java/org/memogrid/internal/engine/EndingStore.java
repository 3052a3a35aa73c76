/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.CompletionStage;

/** A store that knows when what it has ends. */
interface EndingStore {
  /**
   * Deletes the entry of a key if it has ended by now: never one that somebody writes meanwhile.
   *
   * @return whether there was such a one
   */
  CompletionStage<Boolean> deleteEnded(int segment, Object key);
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;

/** A topic that is kept on disk, in JMX. Public because JMX wants it so. */
public interface TopicMXBean {
  /** {@link Topic#durableSubscriptions}; empty while members are missing. */
  List<String> getDurableSubscriptions();

  /** {@link Topic#missing}, in order. */
  List<String> getMissing();

  /** {@link Topic#goOnWithoutMissing}. */
  void goOnWithoutMissing();
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A job of a member, in JMX. */
public interface JobMXBean {
  String getStatus();

  String getSchedule();

  /** The next instant in ISO form; null if there is none, or while it is paused. */
  @Nullable String getNext();

  /** The node that fires it; null if nobody does. */
  @Nullable String getHolder();

  long getFired();

  long getMissed();

  long getRunsHere();

  long getFailuresHere();

  /** The names that {@link Job#missing()} has. */
  List<String> getMissing();

  void pause();

  void resume();

  void triggerNow();

  /** Does what {@link Job#goOnWithoutMissing()} does. */
  void goOnWithoutMissing();
}

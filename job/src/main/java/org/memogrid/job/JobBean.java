/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** A job of this member as JMX shows it. */
final class JobBean implements JobMXBean {
  private final Job job;
  private final AtomicLong runs;
  private final AtomicLong failures;

  JobBean(Job job, AtomicLong runs, AtomicLong failures) {
    this.job = job;
    this.runs = runs;
    this.failures = failures;
  }

  @Override
  public String getStatus() {
    return job.status().name();
  }

  @Override
  public String getSchedule() {
    return String.valueOf(job.schedule());
  }

  @Override
  public @Nullable String getNext() {
    Instant next = job.next();
    return next == null ? null : next.toString();
  }

  @Override
  public @Nullable String getHolder() {
    Member holder = job.holder();
    return holder == null ? null : holder.name();
  }

  @Override
  public long getFired() {
    return job.stats().fired();
  }

  @Override
  public long getMissed() {
    return job.stats().missed();
  }

  @Override
  public long getRunsHere() {
    return runs.get();
  }

  @Override
  public long getFailuresHere() {
    return failures.get();
  }

  @Override
  public List<String> getMissing() {
    return List.copyOf(job.missing());
  }

  @Override
  public void pause() {
    job.pause();
  }

  @Override
  public void resume() {
    job.resume();
  }

  @Override
  public void triggerNow() {
    job.triggerNow();
  }

  @Override
  public void goOnWithoutMissing() {
    job.goOnWithoutMissing();
  }
}

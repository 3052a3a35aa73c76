/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/** What time it is for the jobs of some members: what a test says. */
final class TestClock implements InstantSource {
  private final AtomicLong now;
  private final List<JobFeature> users = new CopyOnWriteArrayList<>();

  TestClock(String now) {
    this.now = new AtomicLong(Instant.parse(now).toEpochMilli());
  }

  void of(Cluster cluster) {
    of(cluster.unwrap(Node.class).feature(JobFeature.class));
  }

  void of(JobFeature feature) {
    users.add(feature);
    feature.clock(this);
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(now.get());
  }

  void set(String instant) {
    now.set(Instant.parse(instant).toEpochMilli());
    users.forEach(JobFeature::poke);
  }

  void tick(Duration time) {
    var unused = now.addAndGet(time.toMillis());
    users.forEach(JobFeature::poke);
  }
}

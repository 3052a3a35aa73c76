/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pipeline that is started on a member, in the platform's JMX server: {@code
 * org.memogrid:type=Pipeline,member=...,name=...}. Attributes are asked of the cluster.
 */
final class PipelineJmx implements PipelineMXBean {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineJmx.class);

  private final Pipeline<?, ?> pipeline;

  private PipelineJmx(Pipeline<?, ?> pipeline) {
    this.pipeline = pipeline;
  }

  /**
   * Registers a pipeline.
   *
   * @return takes it out again
   */
  static Runnable register(String member, Pipeline<?, ?> pipeline) {
    try {
      ObjectName name =
          new ObjectName(
              "org.memogrid:type=Pipeline,member="
                  + ObjectName.quote(member)
                  + ",name="
                  + ObjectName.quote(pipeline.name()));
      var unused =
          ManagementFactory.getPlatformMBeanServer().registerMBean(new PipelineJmx(pipeline), name);
      return () -> unregister(name);
    } catch (JMException e) {
      LOG.warn("pipeline '{}' is not in JMX on {}", pipeline.name(), member, e);
      return () -> {};
    }
  }

  private static void unregister(ObjectName name) {
    try {
      ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
    } catch (JMException e) {
      LOG.debug("{} is not in JMX any more", name, e);
    }
  }

  private <V> Map<String, V> each(Function<StepStats, V> value) {
    Map<String, V> all = new LinkedHashMap<>();
    pipeline.stats().forEach(step -> all.put(step.name(), value.apply(step)));
    return all;
  }

  @Override
  public int getUnderWay() {
    return pipeline.underWay();
  }

  @Override
  public Map<String, Long> getDepth() {
    return each(StepStats::depth);
  }

  @Override
  public Map<String, Double> getPerSecond() {
    return each(StepStats::perSecond);
  }

  @Override
  public Map<String, Long> getRuns() {
    return each(StepStats::runs);
  }

  @Override
  public Map<String, Long> getFailures() {
    return each(StepStats::failures);
  }

  @Override
  public Map<String, Long> getDeadLetters() {
    return each(StepStats::deadLetters);
  }

  @Override
  public Map<String, Double> getMedianMillis() {
    return each(step -> step.median().toNanos() / 1e6);
  }

  @Override
  public String getPicture() {
    return pipeline.describe();
  }

  @Override
  public void pause() {
    pipeline.pause();
  }

  @Override
  public void resume() {
    pipeline.resume();
  }

  @Override
  public long redrive() {
    return pipeline.deadLetters().redrive();
  }
}

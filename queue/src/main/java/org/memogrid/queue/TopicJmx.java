/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.lang.management.ManagementFactory;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A topic that is open on a member and kept on disk, in the platform's JMX server: {@code
 * org.memogrid:type=Topic,member=...,name=...}.
 */
final class TopicJmx implements TopicMXBean {
  private static final Logger LOG = LoggerFactory.getLogger(TopicJmx.class);

  private final TopicQueues queues;

  private TopicJmx(TopicQueues queues) {
    this.queues = queues;
  }

  static ObjectName name(String member, String topic) throws JMException {
    return new ObjectName(
        "org.memogrid:type=Topic,member="
            + ObjectName.quote(member)
            + ",name="
            + ObjectName.quote(topic));
  }

  /**
   * Registers a topic.
   *
   * @return takes it out again
   */
  static Runnable register(String member, String topic, TopicQueues queues) {
    try {
      ObjectName name = name(member, topic);
      var unused =
          ManagementFactory.getPlatformMBeanServer().registerMBean(new TopicJmx(queues), name);
      return () -> unregister(name);
    } catch (JMException e) {
      LOG.warn("topic '{}' is not in JMX on {}", topic, member, e);
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

  @Override
  public List<String> getDurableSubscriptions() {
    return queues.list().missing().isEmpty() ? queues.list().names() : List.of();
  }

  @Override
  public List<String> getMissing() {
    return queues.missing().stream().sorted().toList();
  }

  @Override
  public void goOnWithoutMissing() {
    queues.goOnWithoutMissing();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;
import javax.management.ReflectionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A queue that is open on a member, in the platform's JMX server: {@code
 * org.memogrid:type=Queue,member=...,name=...}. Attributes are asked of the dispatching member, but
 * {@code Missing}, which is there while nobody dispatches.
 */
final class QueueJmx implements DynamicMBean {
  private static final Logger LOG = LoggerFactory.getLogger(QueueJmx.class);
  private static final String MISSING = "Missing";
  private static final Map<String, Function<QueueStats, Object>> ATTRIBUTES = new LinkedHashMap<>();

  static {
    ATTRIBUTES.put("Waiting", QueueStats::waiting);
    ATTRIBUTES.put("InFlight", QueueStats::inFlight);
    ATTRIBUTES.put("DeadLetters", QueueStats::deadLetters);
    ATTRIBUTES.put("OldestAgeMillis", stats -> stats.oldestAge().toMillis());
    ATTRIBUTES.put("Published", QueueStats::published);
    ATTRIBUTES.put("Handled", QueueStats::handled);
    ATTRIBUTES.put("Redelivered", QueueStats::redelivered);
    ATTRIBUTES.put("Dropped", QueueStats::dropped);
    ATTRIBUTES.put("PublishedPerSecond", QueueStats::publishedPerSecond);
    ATTRIBUTES.put("HandledPerSecond", QueueStats::handledPerSecond);
    ATTRIBUTES.put("Paused", QueueStats::paused);
    ATTRIBUTES.put("Dispatcher", QueueStats::dispatcher);
  }

  private final Supplier<QueueStats> stats;
  private final Supplier<Set<String>> missing;
  private final Map<String, Supplier<Object>> operations;

  private QueueJmx(
      Supplier<QueueStats> stats,
      Supplier<Set<String>> missing,
      Map<String, Supplier<Object>> operations) {
    this.stats = stats;
    this.missing = missing;
    this.operations = operations;
  }

  static ObjectName name(String member, String queue) throws JMException {
    return new ObjectName(
        "org.memogrid:type=Queue,member="
            + ObjectName.quote(member)
            + ",name="
            + ObjectName.quote(queue));
  }

  /**
   * Registers a queue.
   *
   * @return takes it out again
   */
  static Runnable register(
      String member,
      String queue,
      Supplier<QueueStats> stats,
      Supplier<Set<String>> missing,
      Map<String, Supplier<Object>> operations) {
    try {
      ObjectName name = name(member, queue);
      var unused =
          ManagementFactory.getPlatformMBeanServer()
              .registerMBean(new QueueJmx(stats, missing, operations), name);
      return () -> unregister(name);
    } catch (JMException e) {
      LOG.warn("queue '{}' is not in JMX on {}", queue, member, e);
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
  public Object getAttribute(String attribute) throws AttributeNotFoundException {
    if (attribute.equals(MISSING)) {
      return missingNow();
    }
    Function<QueueStats, Object> read = ATTRIBUTES.get(attribute);
    if (read == null) {
      throw new AttributeNotFoundException(
          attribute + ": there are " + MISSING + " and " + ATTRIBUTES.keySet());
    }
    return read.apply(stats.get());
  }

  private String[] missingNow() {
    return missing.get().stream().sorted().toArray(String[]::new);
  }

  @Override
  public AttributeList getAttributes(String[] names) {
    String[] gone = missingNow();
    QueueStats now = gone.length == 0 ? stats.get() : null;
    AttributeList found = new AttributeList();
    for (String name : names) {
      Function<QueueStats, Object> read = ATTRIBUTES.get(name);
      if (name.equals(MISSING)) {
        found.add(new Attribute(name, gone));
      } else if (read != null && now != null) {
        found.add(new Attribute(name, read.apply(now)));
      }
    }
    return found;
  }

  @Override
  public void setAttribute(Attribute attribute) throws AttributeNotFoundException {
    throw new AttributeNotFoundException(attribute.getName() + " can't be set");
  }

  @Override
  public AttributeList setAttributes(AttributeList attributes) {
    return new AttributeList();
  }

  @Override
  public Object invoke(String action, Object @Nullable [] args, String @Nullable [] signature)
      throws ReflectionException {
    Supplier<Object> operation = operations.get(action);
    if (operation == null) {
      throw new ReflectionException(
          new NoSuchMethodException(action), "there are " + operations.keySet());
    }
    return operation.get();
  }

  @Override
  public MBeanInfo getMBeanInfo() {
    return new MBeanInfo(
        QueueJmx.class.getName(),
        "A queue",
        Stream.concat(ATTRIBUTES.keySet().stream(), Stream.of(MISSING))
            .map(name -> new MBeanAttributeInfo(name, type(name), name, true, false, false))
            .toArray(MBeanAttributeInfo[]::new),
        null,
        operations.keySet().stream()
            .map(
                name ->
                    new MBeanOperationInfo(
                        name, name, null, "java.lang.Long", MBeanOperationInfo.ACTION))
            .toArray(MBeanOperationInfo[]::new),
        null);
  }

  private static String type(String attribute) {
    return switch (attribute) {
      case "Paused" -> "boolean";
      case "Dispatcher" -> "java.lang.String";
      case MISSING -> "[Ljava.lang.String;";
      case "PublishedPerSecond", "HandledPerSecond" -> "double";
      default -> "long";
    };
  }
}

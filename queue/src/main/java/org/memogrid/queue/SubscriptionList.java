/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The list of one topic's durable subscriptions, as a handle on this member was told that it is
 * kept: in a store on every member, so that a look at it costs nothing. Which store has the last
 * entry after the end of all members is the store's to find out. Calls block. Thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A list that is kept on disk has, where one in memory would be, a mark that says so. So a
 *       topic is kept in one place by all members, or in memory by all.
 *   <li>What is removed is off the list before its queue is emptied, and its name is free only when
 *       it is empty. Else: 1. a member takes it off the list and is killed; 2. somebody subscribes
 *       by that name; 3. what the removed one had comes.
 *   <li>One member removes a subscription at a time. Else: 1. two empty it; 2. one is done, and
 *       somebody subscribes and gets a message; 3. the other's emptying takes it away.
 *   <li>Of a list on disk only that counts which all members were confirmed to have. What is found
 *       on the list may be a killed member's write that reached some: it is written once more.
 * </ul>
 */
final class SubscriptionList {
  private static final Logger LOG = LoggerFactory.getLogger(SubscriptionList.class);
  private static final String PREFIX = "org.memogrid.topic.";
  private static final String KEY = "subscriptions";
  private static final Pattern PART_OF_TABLE = Pattern.compile("[A-Za-z0-9_]+");
  private static final int LONGEST_TABLE = 63;

  private final String topic;
  private final @Nullable Persist place;
  private final Node node;
  private final Supplier<Store> memory;
  private final Versions versions;
  private final Set<String> removing;

  @GuardedBy("this") private @Nullable Store durable;

  /**
   * @param place where it is kept; null for in memory
   * @param memory all members' lists of topics in memory, and marks of the others
   * @param removing the queues that are being removed by this member; a set for many threads
   */
  SubscriptionList(
      String topic,
      @Nullable Persist place,
      Node node,
      Supplier<Store> memory,
      Versions versions,
      Set<String> removing) {
    this.topic = topic;
    this.place = place;
    this.node = node;
    this.memory = memory;
    this.versions = versions;
    this.removing = removing;
  }

  // ---- one topic, one place

  /**
   * Opens it on all members.
   *
   * @throws IllegalStateException if others keep it elsewhere, or it can't be kept there
   */
  void open() {
    if (place == null) {
      try {
        var unused = read();
      } catch (CacheException e) {
        LOG.debug("topic '{}': whether others keep it on disk is asked later", topic, e);
      }
      return;
    }
    requireHere(place, read(memory.get().get(topic))); // before anything changes
    var unused = store();
    agree(place);
  }

  private void agree(Persist own) {
    while (true) {
      Envelope seen = memory.get().get(topic);
      Subscriptions there = read(seen);
      requireHere(own, there);
      if (there.place() != null) {
        return;
      }
      Envelope mark = entry(Subscriptions.at(own.toString()));
      if (seen == null
          ? Conditional.add(memory.get(), topic, mark)
          : Conditional.swap(memory.get(), topic, seen, mark)) {
        return;
      }
    }
  }

  private void requireHere(Persist own, Subscriptions there) {
    String others = there.place();
    if (others == null ? there.isEmpty() : others.equals(own.toString())) {
      return;
    }
    throw contradiction(
        others == null
            ? "in memory alone, " + there.names() + "; remove these first"
            : "in " + others,
        "gives persist(" + own + ")");
  }

  private IllegalStateException contradiction(String cluster, String member) {
    return new IllegalStateException(
        "topic '"
            + topic
            + "': the cluster keeps its durable subscriptions "
            + cluster
            + ", and this member "
            + member
            + ": give the same persist(...) on all members that open the topic");
  }

  // ---- where it is

  private synchronized Store store() {
    Persist own = place;
    if (own == null) {
      return memory.get();
    }
    Store open = durable;
    if (open == null || !open.isOpen()) {
      try {
        open = node.store(PREFIX + topic, CacheOptions.of(Mode.REPLICATED).persist(own));
      } catch (IllegalStateException | IllegalArgumentException e) {
        throw new IllegalStateException(
            "topic '"
                + topic
                + "' can't keep its durable subscriptions in "
                + own
                + ": "
                + e.getMessage(),
            e);
      }
      durable = open;
    }
    return open;
  }

  private String key() {
    return place == null ? topic : KEY;
  }

  boolean isDurable() {
    return place != null;
  }

  /**
   * Where the queue of a subscription is kept; null for in memory.
   *
   * @throws IllegalArgumentException if a table can't be called like it
   */
  @Nullable Persist placeOf(String subscription) {
    Persist own = place;
    String table = own == null ? null : own.table();
    if (own == null || table == null) {
      return own;
    }
    String its = table + "_" + subscription;
    if (!PART_OF_TABLE.matcher(subscription).matches()
        || its.length() - its.indexOf('.') - 1 > LONGEST_TABLE) {
      throw new IllegalArgumentException(
          "durable subscription '"
              + subscription
              + "' of topic '"
              + topic
              + "' has a table of its own, "
              + its
              + ": give it a name of letters, digits and _, so that the table's has at most "
              + LONGEST_TABLE
              + ", or keep the topic in files");
    }
    return Persist.jdbc(requireNonNull(own.source(), "source"), its);
  }

  /** The names of members that it waits for. */
  Set<String> missing() {
    return isDurable() ? store().missing() : Set.of();
  }

  /** Waits no longer for those. */
  void goOnWithoutMissing() {
    if (!missing().isEmpty()) {
      LOG.warn(
          "topic '{}' goes on without {}: durable subscriptions that these know alone are lost",
          topic,
          missing());
      store().goOnWithoutMissing();
    }
  }

  // ---- what is on it

  /**
   * @throws QueueException if it is on disk and not served
   * @throws IllegalStateException if others keep it elsewhere
   */
  List<String> names() {
    return read().names();
  }

  private Subscriptions read() {
    return served(() -> ownOf(read(store().get(key()))));
  }

  /** What this handle goes by. */
  private Subscriptions ownOf(Subscriptions there) {
    if (there.place() != null) {
      throw contradiction("in " + there.place(), "gives no persist(...)");
    }
    return there;
  }

  private Subscriptions read(@Nullable Envelope entry) {
    byte[] bytes = entry == null ? null : entry.bytes(node.codec());
    return bytes == null ? Subscriptions.NONE : Subscriptions.read(bytes);
  }

  private Envelope entry(Subscriptions subscriptions) {
    return Envelope.ofBytes(versions.next(), subscriptions.write());
  }

  private <T> T served(Supplier<T> call) {
    try {
      return call.get();
    } catch (CacheException e) {
      throw isDurable() ? notServed(e) : e;
    }
  }

  private QueueException notServed(CacheException cause) {
    Set<String> gone = missing();
    QueueException failure =
        new QueueException(
            gone.isEmpty()
                ? "topic '"
                    + topic
                    + "' keeps its durable subscriptions in "
                    + place
                    + ", and their list is not served: "
                    + cause.getMessage()
                : "topic '"
                    + topic
                    + "' waits for "
                    + new TreeSet<>(gone)
                    + ", that may know of other durable subscriptions and are not back: start them"
                    + " with their directories; if they are gone for good, go on without them by"
                    + " topic.goOnWithoutMissing() or in JMX");
    var unused = failure.initCause(cause);
    return failure;
  }

  /**
   * @return what was there before
   */
  private Subscriptions change(UnaryOperator<Subscriptions> how) {
    return served(() -> changed(how));
  }

  private Subscriptions changed(UnaryOperator<Subscriptions> how) {
    Subscriptions first = null;
    while (true) {
      Store store = store();
      Envelope seen = store.get(key());
      Subscriptions there = ownOf(read(seen));
      Subscriptions next = how.apply(there);
      Subscriptions before = first == null ? there : first;
      if (next.equals(there) && !isDurable()) {
        return before;
      }
      Envelope entry = entry(next);
      boolean done =
          seen == null
              ? store.putIfAbsent(key(), entry) == null
              : store.replace(key(), seen, entry);
      boolean found = !done && isThere(store, seen, entry);
      if (done || (found && !isDurable())) {
        return before;
      }
      if (found) {
        first = before;
      }
    }
  }

  /** Whether a write that was refused is there all the same, of some members at least. */
  private boolean isThere(Store store, @Nullable Envelope seen, Envelope entry) {
    return seen == null
        ? Conditional.add(store, key(), entry)
        : Conditional.swap(store, key(), seen, entry);
  }

  /**
   * Puts it on the list, unless it is there.
   *
   * @throws IllegalStateException if it is being removed
   */
  void add(String subscription) {
    var unused =
        change(
            there -> {
              String remover = there.leaving().get(subscription);
              if (remover != null) {
                throw beingRemoved(subscription, remover);
              }
              return there.with(subscription);
            });
  }

  // ---- removing

  /** Whether somebody began to remove it who is not at it any more. */
  boolean isHalfRemoved(String subscription) {
    String remover = read().leaving().get(subscription);
    return remover != null && !isAtIt(subscription, remover);
  }

  private boolean isAtIt(String subscription, String remover) {
    return remover.equals(self())
        ? removing.contains(Topics.queue(topic, subscription))
        : node.membership().members().stream().anyMatch(member -> member.id().equals(remover));
  }

  private String self() {
    return node.membership().self().id();
  }

  private IllegalStateException beingRemoved(String subscription, String remover) {
    return new IllegalStateException(
        "durable subscription '"
            + subscription
            + "' of topic '"
            + topic
            + "' is being removed by "
            + (remover.equals(self()) ? "this member" : remover)
            + ": try again when that is done");
  }

  /**
   * Takes it off the list. Who begins ends, with {@link #removed} or {@link #notRemoved}.
   *
   * @return whether it was there
   * @throws IllegalStateException if somebody else is at it
   */
  boolean beginToRemove(String subscription) {
    if (!removing.add(Topics.queue(topic, subscription))) {
      throw beingRemoved(subscription, self());
    }
    try {
      Subscriptions before =
          change(
              there -> {
                String remover = there.leaving().get(subscription);
                if (remover != null && !remover.equals(self()) && isAtIt(subscription, remover)) {
                  throw beingRemoved(subscription, remover);
                }
                return there.leaving(subscription, self());
              });
      return before.names().contains(subscription);
    } catch (RuntimeException | Error e) {
      removing.remove(Topics.queue(topic, subscription));
      throw e;
    }
  }

  /** Its queue is empty: the name is free. */
  void removed(String subscription) {
    var unused = change(there -> isMine(there, subscription) ? there.without(subscription) : there);
    removing.remove(Topics.queue(topic, subscription));
  }

  /** It did not work: anybody may try again. */
  void notRemoved(String subscription) {
    try {
      var unused =
          change(
              there ->
                  isMine(there, subscription)
                      ? there.leaving(subscription, Subscriptions.NOBODY)
                      : there);
    } catch (RuntimeException e) {
      LOG.debug("topic '{}': this member alone can remove '{}'", topic, subscription, e);
    }
    removing.remove(Topics.queue(topic, subscription));
  }

  private boolean isMine(Subscriptions there, String subscription) {
    return self().equals(there.leaving().get(subscription));
  }
}

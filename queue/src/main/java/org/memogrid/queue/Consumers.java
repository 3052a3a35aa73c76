/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * The home's knowledge of who listens, with how much room, and who has which messages. Turns go
 * round the members, and round the listeners of a member, so that none gets more than its share.
 */
final class Consumers {
  private final Desk desk;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<Member, Set<Entry>> handed = new HashMap<>();
  private int lastTurn = -1;

  /** One member's listeners. */
  static final class Node {
    final Member member;
    final List<Listening> listening = new ArrayList<>();
    Allowance allowance;
    int suspects;
    private int lastTurn = -1;

    Node(Member member, Allowance allowance) {
      this.member = member;
      this.allowance = allowance;
    }
  }

  /** One listener. */
  static final class Listening {
    final Packet.Subscription subscription;
    int out;

    Listening(Packet.Subscription subscription) {
      this.subscription = subscription;
    }

    boolean wants(Entry entry) {
      Selector selector = subscription.selector();
      return selector == null || selector.matches(entry.letter.traits.headers());
    }
  }

  /** Who gets a message. */
  record Turn(Node node, Listening listening) {}

  Consumers(Desk desk) {
    this.desk = desk;
  }

  // ---- who has what

  void took(Member member, Entry entry) {
    handed.computeIfAbsent(member, m -> new LinkedHashSet<>()).add(entry);
    count(member, entry, 1);
  }

  void gaveBack(Member member, Entry entry) {
    Set<Entry> its = handed.get(member);
    if (its != null && its.remove(entry)) {
      count(member, entry, -1);
      if (its.isEmpty()) {
        handed.remove(member);
      }
    }
  }

  private void count(Member member, Entry entry, int by) {
    Node node = node(member);
    Entry.Handing handing = entry.handing;
    if (node == null || handing == null) {
      return;
    }
    if (entry.isSuspect()) {
      node.suspects += by;
    }
    for (Listening listening : node.listening) {
      if (listening.subscription.id() == handing.subscription()) {
        listening.out += by;
      }
    }
  }

  List<Entry> handedTo(Member member) {
    return List.copyOf(handed.getOrDefault(member, Set.of()));
  }

  /** All that have a message, whether they listen or not. */
  List<Member> holders() {
    return List.copyOf(handed.keySet());
  }

  // ---- who listens

  void subscribe(Member member, List<Packet.Subscription> subscriptions, Allowance allowance) {
    Node before = node(member);
    int at = before == null ? nodes.size() : nodes.indexOf(before);
    Node node = new Node(member, before == null ? allowance : before.allowance);
    for (Packet.Subscription subscription : subscriptions) {
      node.listening.add(new Listening(subscription));
    }
    if (before == null) {
      nodes.add(node);
    } else {
      node.lastTurn = before.lastTurn;
      nodes.set(at, node);
    }
    for (Entry entry : handedTo(member)) {
      count(member, entry, 1);
    }
  }

  /** Forgets the listeners of a lost member and returns what it had. */
  List<Entry> lost(Member member) {
    for (int at = 0; at < nodes.size(); at++) {
      if (nodes.get(at).member.equals(member)) {
        nodes.remove(at);
        lastTurn -= at <= lastTurn ? 1 : 0;
        break;
      }
    }
    Set<Entry> its = handed.remove(member);
    return its == null ? List.of() : List.copyOf(its);
  }

  private @Nullable Node node(Member member) {
    for (Node node : nodes) {
      if (node.member.equals(member)) {
        return node;
      }
    }
    return null;
  }

  List<Member> listeners() {
    return nodes.stream().map(node -> node.member).toList();
  }

  /** Whether anybody does on a member. */
  boolean listens(Member member) {
    Node node = node(member);
    return node != null && !node.listening.isEmpty();
  }

  void limits(Supplier<Allowance> allowances) {
    nodes.forEach(node -> node.allowance = allowances.get());
  }

  /** All selectors in use, but for none at all. */
  Set<Selector> selectors() {
    Map<Selector, Boolean> found = new LinkedHashMap<>();
    for (Node node : nodes) {
      for (Listening listening : node.listening) {
        Selector selector = listening.subscription.selector();
        if (selector != null) {
          found.put(selector, true);
        }
      }
    }
    return found.keySet();
  }

  // ---- turns

  /** Whether anybody has room. */
  boolean hasRoom() {
    for (Node node : nodes) {
      for (Listening listening : node.listening) {
        if (hasRoom(listening)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean hasRoom(Listening listening) {
    return listening.out < listening.subscription.window()
        || (listening.subscription.window() > 0 && !desk.apply(Rule.WITHIN_WINDOW));
  }

  /** Whether somebody who has room wants a message like this one. */
  boolean wants(Entry entry) {
    return nextNode(entry) >= 0;
  }

  /** Whose turn it is to get a message that somebody wants. */
  Turn turn(Entry entry) {
    lastTurn = nextNode(entry);
    Node node = nodes.get(lastTurn);
    node.lastTurn = nextListening(node, entry);
    return new Turn(node, node.listening.get(node.lastTurn));
  }

  private int nextNode(Entry entry) {
    for (int i = 1; i <= nodes.size(); i++) {
      int at = Math.floorMod(lastTurn + i, nodes.size());
      Node node = nodes.get(at);
      if (!isTooSuspect(node, entry)
          && node.allowance.has(desk.now())
          && nextListening(node, entry) >= 0) {
        return at;
      }
    }
    return -1;
  }

  private boolean isTooSuspect(Node node, Entry entry) {
    return entry.isSuspect() && node.suspects > 0 && desk.apply(Rule.SUSPECTS_ALONE);
  }

  private int nextListening(Node node, Entry entry) {
    int size = node.listening.size();
    for (int i = 1; i <= size; i++) {
      int at = Math.floorMod(node.lastTurn + i, size);
      Listening listening = node.listening.get(at);
      if (hasRoom(listening) && listening.wants(entry)) {
        return at;
      }
    }
    return -1;
  }

  /** When the next member may get more, whose allowance is used up; MAX_VALUE if none is. */
  long nextAllowance(long now) {
    long next = Long.MAX_VALUE;
    for (Node node : nodes) {
      if (!node.allowance.has(now)) {
        next = Math.min(next, node.allowance.next(now));
      }
    }
    return next;
  }
}

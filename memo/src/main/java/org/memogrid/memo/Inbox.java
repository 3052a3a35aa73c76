/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayDeque;
import java.util.Queue;
import org.memogrid.cluster.Member;

/**
 * What to do with a message of another configuration than this member's: what is for a home waits
 * if it is newer, and is dropped if it is older, since its sender asks again (R1); what is for a
 * caller counts whenever it comes, but for grants (R5, R6).
 */
final class Inbox {
  private final MemoCore core;
  private final Rules rules;

  /** Of a configuration that is not installed here yet. */
  private final Queue<Received> early = new ArrayDeque<>();

  /** Of this configuration, but its home has not heard all. */
  private final Queue<Received> unready = new ArrayDeque<>();

  Inbox(MemoCore core, Rules rules) {
    this.core = core;
    this.rules = rules;
  }

  /** A message and what its sender had installed. */
  record Received(Member from, Configuration.Stamp stamp, Message message) {}

  void handle(Received received) {
    if (!core.hasConfiguration()) {
      early.add(received);
      return;
    }
    Configuration now = core.configuration();
    boolean newer = received.stamp.id() > now.stamp().id();
    if (!now.has(received.from)) {
      if (newer) {
        early.add(received);
      }
      return;
    }
    boolean current = received.stamp.equals(now.stamp());
    if (received.message instanceof Message.Grant grant) {
      if (newer && rules.apply(Rule.STASH_NEW_GRANT, core.awaits(grant))) {
        early.add(received);
      } else {
        core.onGrant(grant, current);
      }
    } else if (received.message instanceof Message.ToCaller toCaller) {
      core.onToCaller(received, toCaller);
    } else if (current) {
      core.onToHome(received, now);
    } else if (received.stamp.id() >= now.stamp().id()) {
      early.add(received);
    } else if (!rules.apply(Rule.SAME_CONFIGURATION, core.wouldServe(received.message))) {
      core.onToHome(received, now);
    }
  }

  /** For a home that has not heard all: it comes again when it has. */
  void keep(Received received) {
    unready.add(received);
  }

  /** There is a new configuration. */
  void replay() {
    Queue<Received> waiting = new ArrayDeque<>(unready);
    unready.clear();
    waiting.addAll(early);
    early.clear();
    waiting.forEach(this::handle);
  }

  /** All were heard. */
  void replayUnready() {
    Queue<Received> waiting = new ArrayDeque<>(unready);
    unready.clear();
    waiting.forEach(this::handle);
  }
}

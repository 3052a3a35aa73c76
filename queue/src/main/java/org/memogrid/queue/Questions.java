/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.memogrid.cluster.Member;

/**
 * What members ask of a home, and have it do to the queue as a whole.
 *
 * <p>Invariant: what a question is to change is changed once, though it comes again. For who asks
 * asks again when no answer comes, and then: 1. the answer to the first comes; 2. somebody resumes
 * the queue, or publishes; 3. the second pauses it, or purges a message that was confirmed.
 */
final class Questions {
  /** Of one member: more than it ever has under way. */
  private static final int REMEMBERED = 1_000;

  private final Desk desk;
  private final Log log;
  private final Gate gate;
  private final Handout handout;
  private final BiConsumer<Entry, String> ends;
  private final Rate published = new Rate();
  private final Rate handled = new Rate();
  private final Map<Member, Map<Long, Packet.Reply>> answered = new HashMap<>();

  /**
   * @param ends is told of each message that is removed unhandled, and why
   */
  Questions(Desk desk, Log log, Gate gate, Handout handout, BiConsumer<Entry, String> ends) {
    this.desk = desk;
    this.log = log;
    this.gate = gate;
    this.handout = handout;
    this.ends = ends;
  }

  void ask(Member from, Packet.Ask ask) {
    Packet.Question question = ask.question();
    if (question instanceof Packet.Browse browse) {
      answer(from, ask, page(browse));
    } else if (question instanceof Packet.Count) {
      answer(from, ask, counted());
    } else {
      Packet.Reply reply = changeOnce(from, ask);
      long mark = log.spool.mark();
      gate.confirm(
          log.position(),
          () ->
              log.spool.confirm(
                  mark,
                  why -> answer(from, ask, new Packet.Failed(why)),
                  () -> answer(from, ask, reply)));
    }
  }

  private void answer(Member to, Packet.Ask ask, Packet.Reply reply) {
    desk.send(to, new Packet.Answer(ask.id(), reply));
  }

  private Packet.Reply changeOnce(Member from, Packet.Ask ask) {
    Map<Long, Packet.Reply> its = answered.computeIfAbsent(from, member -> new Answers());
    Packet.Reply before = its.get(ask.id());
    if (before != null) {
      return before;
    }
    Packet.Reply reply = change(ask.question());
    its.put(ask.id(), reply);
    return reply;
  }

  /** The last ones of a member. */
  private static final class Answers extends LinkedHashMap<Long, Packet.Reply> {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<Long, Packet.Reply> eldest) {
      return size() > REMEMBERED;
    }
  }

  /** Members are gone: what they asked, they ask no more. */
  void keepOnly(List<Member> members) {
    answered.keySet().retainAll(members);
  }

  private Packet.Reply change(Packet.Question question) {
    if (question instanceof Packet.Open open) {
      Settings asked = open.settings();
      if (asked != null) {
        define(asked);
      }
      return new Packet.Opened(log.state.settingsOrDefault());
    }
    if (question instanceof Packet.SetPaused set) {
      if (log.state.isPaused() != set.paused()) {
        var unused = log.append(new Op.Pause(set.paused()));
      }
      return new Packet.Done(0);
    }
    if (question instanceof Packet.Redrive redrive) {
      List<Entry> which = select(true, redrive.seq());
      for (Entry dead : which) {
        Entry again = log.append(new Op.Revive(dead.seq));
        if (again != null) {
          again.addedAt = log.position();
          handout.enter(again);
        }
      }
      return new Packet.Done(which.size());
    }
    if (question instanceof Packet.Purge purge) {
      return purge(select(purge.dead(), purge.seq()));
    }
    List<Entry> all = new ArrayList<>();
    log.state.forEach(all::add);
    return purge(all);
  }

  /** Whoever opens it first says how it is. */
  void define(Settings settings) {
    if (log.state.settings() == null) {
      var unused = log.append(new Op.Define(settings));
      handout.limits();
    }
  }

  /** Takes the counts as they are now. */
  void rates() {
    published.count(log.state.totals().published, desk.now());
    handled.count(log.state.totals().handled, desk.now());
  }

  private Packet.Reply purge(List<Entry> which) {
    for (Entry entry : which) {
      if (entry.status == Entry.Status.WAITING) {
        ends.accept(entry, "it was purged");
      }
      handout.remove(entry, Op.Reason.PURGED);
    }
    return new Packet.Done(which.size());
  }

  private List<Entry> select(boolean dead, long seq) {
    List<Entry> found = new ArrayList<>();
    Entry.Status status = dead ? Entry.Status.DEAD : Entry.Status.WAITING;
    log.state.forEach(
        entry -> {
          if (entry.status == status && (seq == 0 || entry.seq == seq)) {
            found.add(entry);
          }
        });
    return found;
  }

  /** So many messages, or bytes, at once; at least one. */
  private Packet.Page page(Packet.Browse browse) {
    List<Entry> found = new ArrayList<>();
    int left = desk.chunk();
    long cursor = browse.cursor();
    while (true) {
      List<Entry> part = log.state.after(cursor, 64 * 1024);
      for (Entry entry : part) {
        cursor = entry.seq;
        if ((entry.status == Entry.Status.DEAD) == browse.dead()) {
          found.add(entry.copy());
          left -= entry.size();
          if (found.size() == browse.limit() || left <= 0) {
            return new Packet.Page(found, false);
          }
        }
      }
      if (part.isEmpty()) {
        return new Packet.Page(found, true);
      }
    }
  }

  private Packet.Counted counted() {
    rates();
    Entry oldest = handout.oldestWaiting();
    Totals totals = log.state.totals();
    return new Packet.Counted(
        log.state.waiting(),
        log.state.handed(),
        log.state.dead(),
        oldest == null ? 0 : oldest.letter.publishedAt,
        totals.published,
        totals.handled,
        totals.redelivered,
        totals.buried,
        totals.dropped,
        published.perSecond(),
        handled.perSecond(),
        log.state.isPaused(),
        desk.self().name());
  }
}

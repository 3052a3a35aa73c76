/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** What this member asks all others about the ends of values. Not thread-safe. */
final class Questions {
  private final ResultDesk<?> desk;
  private final Map<String, Question> questions = new HashMap<>();
  private final Map<Long, Question> byNumber = new HashMap<>();
  private long last;

  /** What was asked of all members about one id. */
  static final class Question {
    final String id;
    private long number;
    private final Set<Member> silent = new HashSet<>();
    final Set<Member> holders = new HashSet<>();
    @Nullable Outcome found;

    /** Offers that wait for the answers. */
    final List<Offering> offerings = new ArrayList<>();

    Question(long number, String id) {
      this.number = number;
      this.id = id;
    }

    /** An offer waits for the answers. */
    void attach(Member from, Mail.Offer offer) {
      for (Offering each : offerings) {
        if (each.from.equals(from) && each.offer.number() == offer.number()) {
          return;
        }
      }
      offerings.add(new Offering(from, offer));
    }

    private void forget() {
      found = null;
      holders.clear();
    }

    private void heard(Member from, @Nullable Outcome outcome) {
      silent.remove(from);
      if (outcome != null) {
        if (found == null || (!found.isFinal() && outcome.isFinal())) {
          found = outcome;
        }
        holders.add(from);
      }
    }
  }

  /** Who offers what. */
  record Offering(Member from, Mail.Offer offer) {}

  Questions(ResultDesk<?> desk) {
    this.desk = desk;
  }

  /** The one that is open; null if there is none. */
  @Nullable Question open(String id) {
    return questions.get(id);
  }

  /** Asks, unless it is asked. */
  Question ask(String id) {
    Question open = questions.get(id);
    if (open != null) {
      return open;
    }
    Question asked = new Question(++last, id);
    questions.put(id, asked);
    begin(asked);
    return asked;
  }

  private void begin(Question asked) {
    byNumber.put(asked.number, asked);
    for (Member member : desk.roster().members()) {
      if (!member.equals(desk.self())) {
        asked.silent.add(member);
        inquire(member, asked);
      }
    }
  }

  /** Whether some have answered one that is open: what they know meanwhile nobody hears. */
  boolean isHalfAnswered(String id) {
    Question open = questions.get(id);
    return open != null
        && open.silent.size() < desk.roster().members().size() - 1
        && desk.apply(Rule.ASK_ANEW);
  }

  private void inquire(Member member, Question asked) {
    desk.bag().inquiry(member, new Mail.Inquiry(asked.number, asked.id));
  }

  /**
   * There are other members. An answer of the last view may be out of date: 1. a member answers
   * that it knows nothing; 2. the view changes, and the result comes to it; 3. another answers that
   * it knows nothing, because it is not the one to keep it any more.
   */
  void change(Question asked) {
    if (desk.apply(Rule.ASK_ANEW)) {
      byNumber.remove(asked.number);
      asked.number = ++last;
      asked.silent.clear();
      asked.forget();
      begin(asked);
      return;
    }
    asked.silent.retainAll(desk.roster().members());
    asked.holders.retainAll(desk.roster().members());
    if (desk.apply(Rule.SEND_AGAIN)) {
      asked.silent.forEach(member -> inquire(member, asked));
    }
  }

  List<Question> all() {
    return List.copyOf(questions.values());
  }

  /** A member has answered. The question; null if it is open no more. */
  @Nullable Question heard(Member from, Mail.Answer answer) {
    Question asked = byNumber.get(answer.number());
    if (asked != null) {
      asked.heard(from, answer.outcome());
    }
    return asked;
  }

  /** Dead letters are put back: what they ended with is no answer. */
  void revive(String id) {
    Question open = questions.get(id);
    if (open != null && open.found != null && !open.found.isFinal()) {
      open.forget();
    }
  }

  /** Closes it if all have answered; whether it did. */
  boolean close(Question asked) {
    if (!asked.silent.isEmpty() || questions.get(asked.id) != asked) {
      return false;
    }
    questions.remove(asked.id);
    byNumber.remove(asked.number);
    return true;
  }
}

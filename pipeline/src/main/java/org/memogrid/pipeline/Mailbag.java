/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.memogrid.cluster.Member;

/** Gathers what is to be said to each member, so that it travels together. Not thread-safe. */
final class Mailbag {
  /** So large a mail is sent at once. */
  private static final int BYTES = 256 * 1024;

  private final BiConsumer<Member, Mail> post;
  private final Map<Member, Draft> drafts = new LinkedHashMap<>();

  private static final class Draft {
    final List<Mail.Offer> offers = new ArrayList<>();
    final List<Mail.Verdict> verdicts = new ArrayList<>();
    final List<Mail.Copy> copies = new ArrayList<>();
    final List<String> copied = new ArrayList<>();
    final List<Mail.Inquiry> inquiries = new ArrayList<>();
    final List<Mail.Answer> answers = new ArrayList<>();
    int bytes;

    Mail mail() {
      return new Mail(
          List.copyOf(offers),
          List.copyOf(verdicts),
          List.copyOf(copies),
          List.copyOf(copied),
          List.copyOf(inquiries),
          List.copyOf(answers));
    }
  }

  Mailbag(BiConsumer<Member, Mail> post) {
    this.post = post;
  }

  private Draft to(Member member) {
    return drafts.computeIfAbsent(member, m -> new Draft());
  }

  private void weigh(Member member, Draft draft, Outcome outcome) {
    draft.bytes += 128 + outcome.size();
    if (draft.bytes > BYTES) {
      drafts.remove(member);
      post.accept(member, draft.mail());
    }
  }

  void offer(Member member, Mail.Offer offer) {
    Draft draft = to(member);
    draft.offers.add(offer);
    weigh(member, draft, offer.outcome());
  }

  void verdict(Member member, Mail.Verdict verdict) {
    to(member).verdicts.add(verdict);
  }

  void copy(Member member, Mail.Copy copy) {
    Draft draft = to(member);
    draft.copies.add(copy);
    weigh(member, draft, copy.outcome());
  }

  void copied(Member member, String id) {
    to(member).copied.add(id);
  }

  void inquiry(Member member, Mail.Inquiry inquiry) {
    to(member).inquiries.add(inquiry);
  }

  void answer(Member member, Mail.Answer answer) {
    Draft draft = to(member);
    draft.answers.add(answer);
    Outcome outcome = answer.outcome();
    if (outcome != null) {
      weigh(member, draft, outcome);
    }
  }

  void flush() {
    if (!drafts.isEmpty()) {
      Map<Member, Draft> full = new LinkedHashMap<>(drafts);
      drafts.clear();
      full.forEach((member, draft) -> post.accept(member, draft.mail()));
    }
  }
}

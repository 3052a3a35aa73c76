/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.internal.lease.Message.Offer;

/**
 * Who offers and who holds which name, in one term of the oldest member.
 *
 * <p>Invariant: a name gets a holder only while it has none and no member of the view has still to
 * say what it holds; but a newcomer that is slow to answer, as one that is starting up is, is
 * waited for {@value #NEWCOMER_PATIENCE} ms only, since what it holds it holds from another side of
 * a split cluster; where votes decide, or nobody has been heard yet in this term, for as long as it
 * takes.
 */
final class Directory {
  static final long NEWCOMER_PATIENCE = 1_000;

  /** How long a new name waits for others to offer it. */
  static final long SETTLE = 250;

  private static final long REPEAT = 1_000;
  private static final long AVOID = 60_000;
  private static final long NUMBERS_PER_VIEW = 1_000_000_000;

  private final LeaseCore core;
  private final Rules rules;
  final long term;
  private final Map<String, Name> names = new LinkedHashMap<>();
  private final Set<Name> free = new LinkedHashSet<>();
  private final Map<Member, Asked> awaited = new LinkedHashMap<>();

  /** Whether all of one view have answered in this term. */
  private boolean heardAll;

  Directory(LeaseCore core, Rules rules, long term) {
    this.core = core;
    this.rules = rules;
    this.term = term;
  }

  private static final class Name {
    final String name;
    final Map<Member, Long> candidates = new LinkedHashMap<>(); // and until when it is avoided
    final Map<Member, Token> told = new HashMap<>();

    /** Those that offer it with options that do not count, and with which. */
    final Map<Member, LeaseSpec> refused = new LinkedHashMap<>();

    final long since;

    /** What the candidates offer it with. */
    LeaseSpec spec;

    Token last = Token.NONE;
    Token highest = Token.NONE;
    @Nullable Member holder;

    Name(String name, LeaseSpec spec, long since) {
      this.name = name;
      this.spec = spec;
      this.since = since;
    }

    boolean isOffered() {
      return !candidates.isEmpty() || !refused.isEmpty();
    }
  }

  int size() {
    return names.size() + free.size();
  }

  /** An unanswered question. */
  private record Asked(long since, long at, boolean newcomer) {}

  void ask(Member member, boolean newcomer, long now) {
    awaited.put(member, new Asked(now, now, newcomer));
    core.send(member, new Message.Ask(term));
  }

  void synced(Member from, List<Offer> offers, long now) {
    if (awaited.remove(from) == null) {
      // To a repeated question: what it says to hold may be older than a grant under way to it.
      offers.forEach(offer -> register(from, offer.name(), offer.spec(), offer.refused(), now));
      return;
    }
    heardAll |= awaited.isEmpty();
    drop(from);
    for (Offer offer : offers) {
      Name name = name(offer.name(), offer.spec(), now);
      if (offer.known().compareTo(name.highest) > 0) {
        name.highest = offer.known();
      }
      Token held = offer.held();
      boolean wins = held != null && wins(name, held);
      if (wins && rules.apply(Rule.HOLDERS_OPTIONS_COUNT)) {
        depose(name, from, offer.spec());
      }
      boolean counts = offered(name, from, offer.spec(), offer.refused());
      if (counts && wins && held != null) {
        name.holder = from;
        name.last = held;
        free.remove(name);
      }
      if (counts && !offer.refused()) {
        name.told.put(from, offer.known());
      }
      if (name.holder != null && name.highest.compareTo(name.last) > 0) {
        free.add(name); // renewed when all have answered
      }
      announce(name);
    }
    decideAll(now);
  }

  /** Whether who says that it holds the name does; so may another, from a side of a split. */
  private boolean wins(Name name, Token held) {
    return name.holder == null
        || (held.compareTo(name.last) > 0 && rules.apply(Rule.HIGHER_TOKEN_WINS));
  }

  void register(Member from, String called, LeaseSpec spec, long now) {
    register(from, called, spec, false, now);
  }

  private void register(Member from, String called, LeaseSpec spec, boolean wasRefused, long now) {
    Name name = name(called, spec, now);
    if (offered(name, from, spec, wasRefused)) {
      announce(name);
    }
    decide(name, now);
  }

  private Name name(String called, LeaseSpec spec, long now) {
    return names.computeIfAbsent(called, n -> new Name(n, spec, now));
  }

  /**
   * Notes an offer; whether it counts. One that was refused counts by itself only when all have
   * been heard: until then others may say that they offer the name as before.
   */
  private boolean offered(Name name, Member from, LeaseSpec spec, boolean wasRefused) {
    name.refused.remove(from);
    name.told.remove(from);
    boolean counted = name.candidates.remove(from) != null;
    boolean isFirst = name.candidates.isEmpty();
    if (isFirst ? wasRefused && !counted : !name.spec.equals(spec)) {
      refuse(name, from, spec);
      return false;
    }
    name.candidates.put(from, Long.MIN_VALUE);
    if (isFirst) {
      use(name, spec);
    }
    if (name.holder == null) {
      free.add(name);
    }
    return true;
  }

  private void refuse(Name name, Member from, LeaseSpec spec) {
    name.refused.put(from, spec);
    if (name.holder == null) {
      free.add(name);
    }
    if (name.candidates.isEmpty()) {
      return; // it knows
    }
    Member other = name.candidates.keySet().iterator().next();
    core.send(
        from,
        new Message.Refused(
            term,
            name.name,
            "'"
                + name.name
                + "' is "
                + name.spec
                + " on "
                + other
                + " and "
                + spec
                + " on "
                + from
                + ": give it the same options on all members"));
  }

  /**
   * That member holds the name, so its options count. The race: 1. the oldest member dies while
   * another holds the name, and a newcomer offers it with other options; 2. who is the oldest now
   * hears the newcomer first; 3. would that one's options count, the holder was refused, and the
   * newcomer given the name before the holder has heard of it.
   */
  private void depose(Name name, Member holder, LeaseSpec spec) {
    if (name.candidates.isEmpty() || name.spec.equals(spec)) {
      return;
    }
    List<Member> others = new ArrayList<>(name.candidates.keySet());
    LeaseSpec theirs = name.spec;
    name.candidates.clear();
    name.told.clear();
    name.holder = null;
    name.candidates.put(holder, Long.MIN_VALUE);
    use(name, spec);
    others.forEach(other -> refuse(name, other, theirs));
  }

  /** Nobody offers it with the options that counted: those of the first of the others count. */
  private void admit(Name name, long now) {
    if (name.candidates.isEmpty() && !name.refused.isEmpty()) {
      LeaseSpec first = name.refused.values().iterator().next();
      if (mayGrant(first, now) && rules.apply(Rule.ADMIT_THE_REFUSED)) {
        use(name, first);
      }
    }
  }

  /** From now on these options count, and all that offer the name with them. */
  private static void use(Name name, LeaseSpec spec) {
    name.spec = spec;
    for (Member member : List.copyOf(name.refused.keySet())) {
      if (name.refused.remove(member, spec)) {
        name.candidates.put(member, Long.MIN_VALUE);
      }
    }
  }

  void withdraw(Member from, String called, long now) {
    Name name = names.get(called);
    if (name != null) {
      remove(name, from);
      if (!name.isOffered()) {
        names.remove(called);
      }
      decide(name, now);
    }
  }

  void released(Member from, String called, Token token, boolean avoid, long now) {
    Name name = names.get(called);
    if (name != null && from.equals(name.holder) && token.equals(name.last)) {
      name.holder = null;
      free.add(name);
      if (avoid && name.candidates.containsKey(from)) {
        name.candidates.put(from, now + AVOID);
      }
      decide(name, now);
    }
  }

  /** It left: what it held is free. */
  void gone(Member member, long now) {
    awaited.remove(member);
    if (rules.apply(Rule.REPLACE_THE_DEPARTED)) {
      drop(member);
    }
  }

  /** It lost all it held, and must say anew what it offers. */
  void lapsed(Member member, long now) {
    drop(member);
    ask(member, false, now);
  }

  private void drop(Member member) {
    for (Iterator<Name> all = names.values().iterator(); all.hasNext(); ) {
      Name name = all.next();
      remove(name, member);
      if (!name.isOffered()) {
        all.remove();
      }
    }
  }

  private void remove(Name name, Member member) {
    name.candidates.remove(member);
    name.refused.remove(member);
    name.told.remove(member);
    if (member.equals(name.holder)) {
      name.holder = null;
    }
    if (name.holder == null) {
      free.add(name);
    }
    if (!name.isOffered()) {
      free.remove(name); // and forgotten: the next token is higher than that of any name here
    }
  }

  void tick(long now) {
    for (Map.Entry<Member, Asked> each : awaited.entrySet()) {
      Asked asked = each.getValue();
      if (now - asked.at >= REPEAT) {
        each.setValue(new Asked(asked.since, now, asked.newcomer));
        core.send(each.getKey(), new Message.Ask(term));
      }
    }
    decideAll(now);
  }

  void decideAll(long now) {
    for (Name name : new ArrayList<>(free)) {
      decide(name, now);
    }
  }

  private void decide(Name name, long now) {
    admit(name, now);
    if (name.candidates.isEmpty() || !mayGrant(name.spec, now)) {
      return;
    }
    View view = core.view();
    Member holder = name.holder;
    if (holder != null) {
      // Another side of a split cluster had a higher token, and stores may have seen it.
      if (name.highest.compareTo(name.last) > 0) {
        grant(name, holder, view);
      }
      return;
    }
    if (name.highest.number() == 0
        && name.candidates.size() < view.members().size()
        && now < name.since + SETTLE) {
      core.wakeAt(name.since + SETTLE, now);
      return;
    }
    Set<Member> able = new HashSet<>();
    name.candidates.forEach(
        (member, avoidUntil) -> {
          if (avoidUntil <= now) {
            able.add(member);
          }
        });
    Member chosen =
        Choice.of(
            name.name, name.spec, able.isEmpty() ? name.candidates.keySet() : able, view.members());
    grant(name, chosen, view);
  }

  private void grant(Name name, Member chosen, View view) {
    name.holder = chosen;
    name.last = new Token(nextNumber(view), chosen.id());
    name.highest = name.last;
    free.remove(name);
    announce(name);
  }

  private long nextNumber(View view) {
    long least = rules.apply(Rule.NUMBERS_FROM_VIEWS) ? view.id() * NUMBERS_PER_VIEW : 0;
    return core.nextNumber(least);
  }

  private boolean mayGrant(LeaseSpec spec, long now) {
    if (awaited.isEmpty() || !rules.apply(Rule.SYNC_BEFORE_GRANTING)) {
      return true;
    }
    // Who wakes up hears of all the views since then at once: in them all but itself may be new.
    boolean patient = heardAll || !rules.apply(Rule.HEAR_ALL_BEFORE_LOSING_PATIENCE);
    return spec.quorum() <= 1
        && patient
        && awaited.values().stream()
            .allMatch(asked -> asked.newcomer && now - asked.since >= NEWCOMER_PATIENCE);
  }

  /** Tells those that do not know yet, the holder first, since it has the longest way to go. */
  private void announce(Name name) {
    Member holder = name.holder;
    if (holder == null) {
      return;
    }
    tell(holder, name, holder);
    for (Member member : name.candidates.keySet()) {
      if (!member.equals(holder)) {
        tell(member, name, holder);
      }
    }
  }

  private void tell(Member to, Name name, Member holder) {
    if (name.last.equals(name.told.put(to, name.last))) {
      return;
    }
    core.send(to, new Message.Placed(term, core.view().id(), name.name, holder, name.last));
  }
}

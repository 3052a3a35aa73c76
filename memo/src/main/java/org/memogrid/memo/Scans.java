/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * Finds the keys that an invalidation by tag or predicate is about, so that each can be invalidated
 * as one key is.
 *
 * <p>Invariant: a key that has a value, or a run under way, when a scan begins is among those that
 * it collects. Every member tells first what is in flight, as caller and as home, and then what it
 * has stored; so a result that moves from the one to the other in between is told once at least. A
 * value is held by some member of the configuration that all answers come from: in another one the
 * scan begins again. A member that can't tell its keys (it may lack their class) stands for all
 * keys of the memo: an invalidation may take more than it must, never less.
 */
final class Scans {
  private final MemoCore core;
  private final Rules rules;
  private final FlightTable flights;
  private final LeaseTable leases;
  private final Map<Long, Scan> scans = new LinkedHashMap<>();
  private long count;

  Scans(MemoCore core, Rules rules, FlightTable flights, LeaseTable leases) {
    this.core = core;
    this.rules = rules;
    this.flights = flights;
    this.leases = leases;
  }

  void begin(@Nullable Set<String> tags, Object caller) {
    ask(new Scan(tags, caller));
  }

  /** Without a configuration it is asked in the first. */
  private void ask(Scan scan) {
    long number = ++count;
    scans.put(number, scan);
    if (core.hasConfiguration()) {
      List<Member> members = core.configuration().members();
      scan.missing.addAll(members);
      members.forEach(member -> core.send(member, new Message.Scan(number, scan.tags)));
    }
  }

  /** Answers of another configuration have another number. */
  void installed() {
    List<Scan> again = new ArrayList<>(scans.values());
    scans.clear();
    again.forEach(scan -> ask(new Scan(scan.tags, scan.caller)));
  }

  void onScan(Member from, Message.Scan scan) {
    Set<Object> inFlight = new LinkedHashSet<>();
    // What tags a run's result will have is not known yet.
    if (rules.isOn(scan.tags() == null ? Rule.SCAN_IN_FLIGHT : Rule.IN_FLIGHT_HAS_EVERY_TAG)) {
      inFlight.addAll(flights.keys());
      inFlight.addAll(leases.keys());
    }
    core.emit(new Effect.Scan(from, scan.scan(), scan.tags(), List.copyOf(inFlight)));
  }

  void onScanned(Member from, Message.Scanned scanned) {
    Scan scan = scans.get(scanned.scan());
    if (scan == null || !scan.missing.remove(from)) {
      return;
    }
    List<Object> keys = scanned.keys();
    if (keys == null) {
      scan.isAll = true;
    } else {
      scan.keys.addAll(keys);
    }
    if (scan.missing.isEmpty()) {
      scans.remove(scanned.scan());
      core.emit(new Effect.Collected(scan.caller, scan.isAll ? null : scan.keys));
    }
  }

  /** A member that has no memos knows no keys. */
  void lacking(Member member) {
    for (long number : List.copyOf(scans.keySet())) {
      onScanned(member, new Message.Scanned(number, List.of()));
    }
  }

  void shutDown(Object failure) {
    scans.values().forEach(scan -> core.emit(new Effect.Invalidated(scan.caller, failure)));
    scans.clear();
  }

  int waiting() {
    return scans.size();
  }

  private static final class Scan {
    final @Nullable Set<String> tags;
    final Object caller;
    final Set<Member> missing = new HashSet<>();
    final Set<Object> keys = new LinkedHashSet<>();
    boolean isAll;

    Scan(@Nullable Set<String> tags, Object caller) {
      this.tags = tags;
      this.caller = caller;
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.behind;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Members that write one store behind their writers, in one thread and by one seed: the engine's
 * writes and topologies as far as {@link BehindCore} sees them, members that join and are killed, a
 * store that takes its time, and news that are late.
 *
 * <p>Of each key one write is under way at a time, and is made again until it is confirmed. So at
 * the end the store must have the last of each, and while no write of a key is under way every
 * owner must read it, though its memory has let go of it.
 */
final class BehindSim {
  private static final int SEGMENTS = 4;
  private static final int KEYS = 8;
  private static final int OWNERS = 2;
  private static final int MOST = 5;
  private static final long UNTOLD = -1;

  /** What is written: a value, or a removal, of which no two are the same. */
  record Change(int number, boolean removal) {}

  /**
   * A topology.
   *
   * @param owners by segment; the first orders
   * @param readers who has the entries, by segment
   */
  private record Topology(
      int number, List<List<Integer>> owners, List<List<Integer>> readers, boolean steady) {
    Share share(int member) {
      BitSet ordered = new BitSet();
      BitSet owned = new BitSet();
      BitSet read = new BitSet();
      for (int segment = 0; segment < SEGMENTS; segment++) {
        ordered.set(segment, owners.get(segment).get(0) == member);
        owned.set(segment, owners.get(segment).contains(member));
        read.set(segment, readers.get(segment).contains(member));
      }
      return new Share(number, ordered, owned, read, steady);
    }

    int primary(int key) {
      return owners.get(segment(key)).get(0);
    }
  }

  private static int segment(int key) {
    return key % SEGMENTS;
  }

  private static final class Member {
    final int id;
    final BehindCore<Integer, Change> core = new BehindCore<>(BehindSim::segment);
    final Map<Integer, Change> memory = new HashMap<>();
    final Deque<Topology> next = new ArrayDeque<>();
    @Nullable Topology topology;
    @Nullable BooleanSupplier ready;
    Map<Integer, Change> batch = Map.of();

    Member(int id) {
      this.id = id;
    }

    int installed() {
      return topology == null ? -1 : topology.number;
    }
  }

  /** A write of a key, as far as it has come. */
  private static final class Write {
    final int key;
    final Change change;
    @Nullable Topology by;
    long through;
    Set<Integer> backups = new LinkedHashSet<>();

    Write(int key, Change change) {
      this.key = key;
      this.change = change;
    }
  }

  private record News(int from, int to, int topology, Map<Integer, Change> written) {}

  private final Random random;
  private final int batch;
  private final int speed;
  private final Map<Integer, Member> members = new TreeMap<>();
  private final List<Member> away = new ArrayList<>();
  private final Map<Integer, Write> writes = new LinkedHashMap<>();
  private final Map<Integer, Change> last = new HashMap<>();
  private final Map<Integer, Change> store = new HashMap<>();
  private final List<News> news = new ArrayList<>();
  private Topology current;
  private List<List<Integer>> balanced = List.of();
  private int ids;
  private int numbers;
  private int kills;
  private int read;

  BehindSim(long seed) {
    random = new Random(seed);
    batch = 1 + random.nextInt(4);
    speed = 1 << random.nextInt(5); // of 16
    int first = 2 + random.nextInt(2);
    for (int i = 0; i < first; i++) {
      members.put(ids, new Member(ids++));
    }
    balanced = balance();
    current = new Topology(0, balanced, balanced, true);
    members.values().forEach(member -> member.next.add(current));
  }

  /** Runs, comes to rest and says what is wrong; null if nothing is. */
  @Nullable String run(int steps) {
    for (int i = 0; i < steps; i++) {
      String wrong = step(true);
      if (wrong != null) {
        return "step " + i + ": " + wrong;
      }
    }
    for (int i = 0; i < 100_000 && !isAtRest(); i++) {
      String wrong = step(false);
      if (wrong != null) {
        return "at the end: " + wrong;
      }
    }
    if (!isAtRest()) {
      return "no rest: " + writes.size() + " writes under way";
    }
    for (int key = 0; key < KEYS; key++) {
      Change written = last.get(key);
      Change there = store.get(key);
      if (written != null && !written.equals(there)) {
        return "key " + key + ": the store has " + there + " and not " + written;
      }
    }
    for (Member member : members.values()) {
      if (member.core.known() > 0) {
        return "member " + member.id + " still knows of " + member.core.known();
      }
    }
    return null;
  }

  int kills() {
    return kills;
  }

  int reads() {
    return read;
  }

  private boolean isAtRest() {
    return writes.isEmpty()
        && news.isEmpty()
        && current.steady
        && current.owners.equals(balanced)
        && members.values().stream()
            .allMatch(each -> each.next.isEmpty() && each.core.left() == 0 && each.batch.isEmpty());
  }

  private @Nullable String step(boolean busy) {
    switch (random.nextInt(busy ? 9 : 6)) {
      case 0 -> advance(any(members.values()), busy);
      case 1 -> install(any(members.values()));
      case 2 -> goOn();
      case 3 -> hear();
      case 4 -> goOn();
      case 5 -> decide();
      case 6 -> write();
      case 7 -> {
        return readSomewhere();
      }
      default -> change();
    }
    return null;
  }

  private <T> T any(java.util.Collection<T> all) {
    return new ArrayList<>(all).get(random.nextInt(all.size()));
  }

  // ---- the store

  private void advance(Member member, boolean busy) {
    if (member.topology == null || (busy && random.nextInt(16) >= speed)) {
      return; // who was away writes nothing before it knows what it orders
    }
    if (member.batch.isEmpty()) {
      member.batch = member.core.take(batch);
      return;
    }
    apply(member.batch);
    member.batch = Map.of();
    Map<Integer, Change> told = member.core.written();
    members.keySet().stream()
        .filter(other -> other != member.id)
        .forEach(other -> news.add(new News(member.id, other, member.core.topology(), told)));
  }

  private void apply(Map<Integer, Change> changes) {
    store.putAll(changes);
  }

  private void hear() {
    if (!news.isEmpty()) {
      News any = any(news);
      News heard = // in order from each to each
          news.stream()
              .filter(each -> each.from == any.from && each.to == any.to)
              .findFirst()
              .orElse(any);
      news.remove(heard);
      Member to = members.get(heard.to);
      if (to != null) {
        to.core.told(heard.topology, heard.written);
      }
    }
  }

  // ---- writes

  private void write() {
    int key = random.nextInt(KEYS);
    if (!writes.containsKey(key)) {
      writes.put(key, new Write(key, new Change(numbers++, random.nextInt(4) == 0)));
    }
  }

  private void goOn() {
    if (writes.isEmpty()) {
      return;
    }
    Write write = any(writes.values());
    Topology by = write.by;
    if (by == null) {
      begin(write);
      return;
    }
    Member primary = members.get(by.primary(write.key));
    if (primary == null) {
      write.by = null; // made again
    } else if (write.through == UNTOLD) { // a topology may have come since it was sent
      write.through = primary.core.change(Map.of(write.key, write.change));
    } else if (write.through == 0 || primary.core.isConfirmed(write.through)) {
      if (primary.installed() == by.number) {
        copy(write, primary);
      } else {
        write.by = null; // refused as outdated
      }
    }
  }

  /** Whoever asks sends it to the one that orders it by the topology that this one has. */
  private void begin(Write write) {
    Topology seen = any(members.values()).topology;
    if (seen == null) {
      return;
    }
    Member primary = members.get(seen.primary(write.key));
    if (primary == null || !seen.equals(primary.topology)) {
      return;
    }
    write.by = seen;
    write.backups = new LinkedHashSet<>(seen.owners.get(segment(write.key)));
    write.backups.remove(primary.id);
    write.through = UNTOLD;
  }

  private void copy(Write write, Member primary) {
    if (!write.backups.isEmpty()) {
      int to = any(write.backups);
      Member backup = members.get(to);
      if (backup == null) {
        write.backups.remove(to); // the engine waits for nobody who is gone
      } else if (backup.installed() > primary.installed()) {
        write.by = null; // refused as outdated
      } else if (backup.installed() == primary.installed()) {
        backup.core.keep(Map.of(write.key, write.change));
        backup.memory.put(write.key, write.change);
        write.backups.remove(to);
      } // else it waits for its topology
      return;
    }
    primary.memory.put(write.key, write.change);
    last.put(write.key, write.change);
    writes.remove(write.key);
  }

  /** An owner's memory may have let go of an entry. */
  private @Nullable String readSomewhere() {
    Member member = any(members.values());
    int key = random.nextInt(KEYS);
    Topology by = member.topology;
    if (by == null
        || writes.containsKey(key)
        || by.number != current.number
        || !by.readers.get(segment(key)).contains(member.id)) {
      return null;
    }
    if (random.nextBoolean()) {
      member.memory.remove(key);
    }
    Change there = member.memory.get(key);
    there = there == null ? member.core.waitsFor(key) : there;
    there = there == null ? store.get(key) : there;
    read++;
    Change expected = last.get(key);
    return expected == null || expected.equals(there)
        ? null
        : "member " + member.id + " reads " + there + " of key " + key + " and not " + expected;
  }

  // ---- topologies

  private List<List<Integer>> balance() {
    List<Integer> ids = new ArrayList<>(members.keySet());
    List<List<Integer>> owners = new ArrayList<>();
    for (int segment = 0; segment < SEGMENTS; segment++) {
      List<Integer> all = new ArrayList<>(ids);
      java.util.Collections.shuffle(all, random);
      owners.add(List.copyOf(all.subList(0, Math.min(OWNERS, all.size()))));
    }
    return owners;
  }

  /** All have the current topology, and nothing is about to change. */
  private boolean isSettled() {
    return current.steady
        && current.owners.equals(balanced)
        && members.values().stream().allMatch(each -> each.installed() == current.number);
  }

  private void change() {
    if (!isSettled()) {
      return;
    }
    if (random.nextBoolean() && members.size() > 2) {
      kill(any(members.values()));
    } else if (!away.isEmpty() && random.nextBoolean()) {
      Member back = away.remove(random.nextInt(away.size()));
      members.put(back.id, back);
      back.topology = null;
      back.memory.clear();
      balanced = balance();
      if (random.nextBoolean() || balanced.equals(current.owners)) {
        back.next.add(current); // else it hears of the next first
      }
      return;
    } else if (members.size() < MOST) {
      Member joiner = new Member(ids);
      members.put(ids++, joiner);
      joiner.next.add(current);
    }
    balanced = balance();
  }

  private void kill(Member victim) {
    kills++;
    members.remove(victim.id);
    if (random.nextBoolean()) {
      apply(victim.batch); // the store had all of it
    }
    if (random.nextBoolean()) { // it lives, and was taken for lost
      victim.batch = Map.of();
      victim.next.clear();
      victim.ready = null;
      away.add(victim);
    }
    current =
        new Topology(
            current.number + 1,
            without(current.owners, victim.id),
            without(current.readers, victim.id),
            true);
    members.values().forEach(each -> each.next.add(current));
  }

  private static List<List<Integer>> without(List<List<Integer>> owners, int gone) {
    return owners.stream().map(all -> all.stream().filter(each -> each != gone).toList()).toList();
  }

  /** The coordinator's next topology, when all have the one before. */
  private void decide() {
    if (members.values().stream()
            .anyMatch(each -> each.installed() != current.number && !isBack(each))
        || (current.steady && current.owners.equals(balanced))) {
      return;
    }
    if (current.steady) {
      current =
          new Topology(current.number + 1, union(current.owners, balanced), current.readers, false);
    } else if (current.readers.equals(balanced)) {
      current = new Topology(current.number + 1, balanced, balanced, true);
    } else {
      send();
      current = new Topology(current.number + 1, union(balanced, current.readers), balanced, false);
    }
    members.values().forEach(each -> each.next.add(current));
  }

  private static List<List<Integer>> union(List<List<Integer>> first, List<List<Integer>> then) {
    List<List<Integer>> all = new ArrayList<>();
    for (int segment = 0; segment < SEGMENTS; segment++) {
      Set<Integer> both = new LinkedHashSet<>(first.get(segment));
      both.addAll(then.get(segment));
      all.add(List.copyOf(both));
    }
    return all;
  }

  /** What memory has, to those that have nothing newer. */
  private void send() {
    for (int key = 0; key < KEYS; key++) {
      Member from = members.get(current.readers.get(segment(key)).get(0));
      Change entry = from == null ? null : from.memory.get(key);
      for (int owner : current.owners.get(segment(key))) {
        Member to = members.get(owner);
        if (entry != null && to != null && !writes.containsKey(key)) {
          to.memory.putIfAbsent(key, entry);
        }
      }
    }
  }

  /** Whether it has heard of no topology since it is back. */
  private static boolean isBack(Member member) {
    return member.topology == null && member.next.isEmpty();
  }

  private void install(Member member) {
    Topology next = member.next.peek();
    if (next == null) {
      return;
    }
    if (member.ready == null) {
      long until = member.core.last();
      member.ready =
          member.core.prepare(next.share(member.id)) && member.topology != null
              ? () -> member.core.isWritten(until)
              : () -> true;
    }
    if (!member.ready.getAsBoolean()) {
      return;
    }
    member.ready = null;
    member.next.remove();
    var unused = member.core.layout(next.share(member.id));
    member.topology = next;
    Set<Integer> gone = new HashSet<>(member.memory.keySet());
    gone.removeIf(key -> next.owners.get(segment(key)).contains(member.id));
    member.memory.keySet().removeAll(gone);
  }
}

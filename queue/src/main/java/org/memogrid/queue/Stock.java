/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a spool says when it is read: which of its batches count, and which messages there are.
 *
 * <p>What was written in a tenure that a {@linkplain Kept.Head#moved finished} one followed does
 * not count: either it is in that one too, or it has ended. Of what counts the latest tenure's word
 * on a message holds.
 */
final class Stock {
  private static final Comparator<Kept.OfTenure> BY_TENURE =
      Comparator.comparing(Kept.OfTenure::tenure);

  private final Desk desk;
  private final SortedSet<Epoch> reigns = new TreeSet<>();
  private final Map<Origin, Kept.OfTenure> last = new HashMap<>();
  private final Map<String, Long> ids = new HashMap<>();
  private Kept.@Nullable Head head;
  private Lineage named = Lineage.NONE;
  private long highest;

  Stock(Desk desk, List<? extends Kept> all) {
    this.desk = desk;
    List<Kept.Batch> batches = new ArrayList<>();
    for (Kept kept : all) {
      if (kept instanceof Kept.Holders holders) {
        highest = Math.max(highest, holders.reign().number());
        named = holders.lineage();
        reigns.add(holders.reign());
        reigns.addAll(named.epochs());
      } else if (kept instanceof Kept.Batch batch) {
        highest = Math.max(highest, batch.tenure().reign().number());
        reigns.add(batch.tenure().reign());
        batches.add(batch);
      }
    }
    List<Kept.OfTenure> words = lastWords(batches);
    List<Kept.Head> moved = new ArrayList<>();
    for (Kept.OfTenure word : words) {
      if (word instanceof Kept.Head each && each.moved()) {
        moved.add(each);
      }
    }
    for (Kept.OfTenure word : words) {
      if (moved.stream().noneMatch(each -> each.isAfter(word.tenure()))
          || !desk.apply(Rule.FORGET_FORMER_TENURES)) {
        take(word);
      }
    }
  }

  /** What is on the disk, of each tenure its last word on each thing. */
  private List<Kept.OfTenure> lastWords(List<Kept.Batch> all) {
    Map<Tenure, Long> firsts = new HashMap<>();
    all.forEach(batch -> firsts.merge(batch.tenure(), batch.first(), Math::max));
    Map<Tenure, Map<Object, Kept.OfTenure>> words = new TreeMap<>();
    all.stream()
        .filter(batch -> counts(batch, firsts.getOrDefault(batch.tenure(), 0L)))
        .sorted(this::inOrder)
        .forEach(
            batch -> {
              Map<Object, Kept.OfTenure> its =
                  words.computeIfAbsent(batch.tenure(), tenure -> new LinkedHashMap<>());
              batch.what().forEach(each -> its.put(each.about(), each));
            });
    return words.values().stream()
        .flatMap(its -> its.values().stream())
        .filter(each -> !(each instanceof Kept.Ended ended) || ended.lasts())
        .toList();
  }

  private boolean counts(Kept.Batch batch, long first) {
    return batch.number() >= first || !desk.apply(Rule.SAY_WHICH_COUNT);
  }

  private int inOrder(Kept.Batch one, Kept.Batch other) {
    return desk.apply(Rule.BELIEVE_THE_LATEST_BATCH)
        ? Long.compare(one.number(), other.number())
        : Long.compare(one.slot(), other.slot());
  }

  private void take(Kept.OfTenure kept) {
    if (kept instanceof Kept.Message message) {
      String id = message.entry().letter.traits.dedupeId();
      if (id != null && desk.apply(Rule.KEEP_DEDUPE_IDS)) {
        ids.putIfAbsent(id, message.entry().letter.publishedAt);
      }
      last.merge(Origin.of(message.entry().letter), message, this::later);
    } else if (kept instanceof Kept.Ended ended) {
      last.merge(ended.origin(), ended, this::later);
    } else if (kept instanceof Kept.Id id && id.until() > desk.now()) {
      ids.merge(id.id(), id.at(), Math::max);
    } else if (kept instanceof Kept.Head its) {
      Kept.Head before = head;
      head = before == null || BY_TENURE.compare(before, its) < 0 ? its : before;
    }
  }

  private Kept.OfTenure later(Kept.OfTenure one, Kept.OfTenure other) {
    boolean isLater = BY_TENURE.compare(one, other) < 0;
    return isLater == desk.apply(Rule.BELIEVE_THE_LATEST_TENURE) ? other : one;
  }

  /** The number of the latest reign that is spoken of. */
  long highest() {
    return highest;
  }

  /** Those of which it has all that was confirmed, the latest at the end. */
  SortedSet<Epoch> reigns() {
    return reigns;
  }

  /** What the last reign knew that was named. */
  Lineage named() {
    return named;
  }

  /**
   * Puts the messages behind those that a copy has, in their order. Who had them is gone or has
   * given them up, and any may have been begun.
   *
   * @param producers ids of those that are still there, and may send again what is not confirmed
   */
  void into(QueueState copy, Epoch reign, Set<String> producers) {
    Set<Origin> here = new HashSet<>();
    copy.forEach(entry -> here.add(Origin.of(entry.letter)));
    last.values().stream()
        .filter(Kept.Message.class::isInstance)
        .map(Kept.Message.class::cast)
        .sorted(
            Comparator.comparingLong((Kept.Message each) -> each.entry().seq)
                .thenComparing(Kept.OfTenure::tenure))
        .filter(each -> !here.contains(Origin.of(each.entry().letter)))
        .forEach(each -> copy.takeIn(each.entry(), reign));
    last.keySet().stream()
        .filter(origin -> producers.contains(origin.producer()))
        .forEach(copy::takeInSeen);
    copy.takeInIds(ids);
    Kept.Head said = head;
    if (said != null && said.paused()) {
      copy.takeInPause();
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.wire.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the members of a cluster write behind their writers: a {@link SharedBehind} for each such
 * cache, by the engine's name of it, and the news between members. Thread-safe.
 */
final class Behinds {
  private static final Logger LOG = LoggerFactory.getLogger(Behinds.class);
  private static final String SERVICE = "behind";
  private static final Duration ASKED = Duration.ofSeconds(2);

  /** How long is waited for others to write what waits. */
  private static final Duration WRITTEN = Duration.ofSeconds(10);

  private final EntryMarshaller marshaller;
  private final CompletableFuture<SharedFiles.Link> linked = new CompletableFuture<>();
  private final ConcurrentMap<String, SharedBehind> caches = new ConcurrentHashMap<>();

  /**
   * @param marshaller writes keys
   */
  Behinds(EntryMarshaller marshaller) {
    this.marshaller = marshaller;
  }

  /** Those of the engine with that configuration. */
  static Behinds of(GlobalConfiguration engine) {
    return ((EntryMarshaller) engine.serialization().marshaller()).behinds();
  }

  /** From now on other members are heard and told. Before the engine starts. */
  void connect(SharedFiles.Link link) {
    linked.complete(link);
    var unused = link.wire().serve(SERVICE, BehindNews.FORMAT, this::onNews);
  }

  private void onNews(Wire.Incoming<BehindNews> incoming) {
    BehindNews news = incoming.message();
    if (news instanceof BehindNews.Written written) {
      SharedBehind there = caches.get(written.cache());
      if (there != null) {
        there.told(written.topology(), changes(written));
      }
    } else if (news instanceof BehindNews.Write write) {
      SharedBehind there = caches.get(write.cache());
      if (there == null) {
        incoming.reply(new BehindNews.Done());
      } else {
        var unused = there.whenWritten().thenRun(() -> incoming.reply(new BehindNews.Done()));
      }
    } else if (news instanceof BehindNews.Ask ask) {
      SharedBehind there = caches.get(ask.cache());
      incoming.reply(
          new BehindNews.Answer(
              there == null ? Integer.MAX_VALUE : there.since(incoming.from().id())));
    }
  }

  private Map<ClusterKey, WriteBehind.Change> changes(BehindNews.Written written) {
    Map<ClusterKey, WriteBehind.Change> changes = new HashMap<>();
    for (BehindNews.Change each : written.changes()) {
      byte[] key = each.key().array();
      changes.put(
          (ClusterKey) marshaller.objectFromByteBuffer(key, 0, key.length),
          each.removal()
              ? new WriteBehind.Change(null, each.version())
              : new WriteBehind.Change(Envelope.tombstone(each.version())));
    }
    return changes;
  }

  void add(String cache, SharedBehind behind) {
    caches.put(cache, behind);
  }

  /** Null if the cache is not written behind. */
  @Nullable SharedBehind get(String cache) {
    return caches.get(cache);
  }

  void remove(String cache) {
    caches.remove(cache);
  }

  /** Tells the other members that these are written. */
  void written(String cache, int topology, Map<ClusterKey, WriteBehind.Change> changes) {
    if (changes.isEmpty()) {
      return;
    }
    List<BehindNews.Change> told = new ArrayList<>();
    changes.forEach(
        (key, change) -> {
          Envelope entry = change.entry();
          told.add(
              new BehindNews.Change(
                  ByteBuffer.wrap(marshaller.objectToByteBuffer(key)),
                  entry == null,
                  entry == null ? requireNonNull(change.removal()) : entry.version()));
        });
    SharedFiles.Link link = linked.join();
    for (Member member : others(link)) {
      link.wire()
          .send(member, SERVICE, BehindNews.FORMAT, new BehindNews.Written(cache, topology, told));
    }
  }

  private static List<Member> others(SharedFiles.Link link) {
    return link.view().stream().filter(member -> !member.equals(link.self())).toList();
  }

  /** Whether this member is one of them. */
  boolean isIn(Set<String> members) {
    return members.contains(linked.join().self().id());
  }

  /** Whether there is nobody else. */
  boolean isAlone() {
    return others(linked.join()).isEmpty();
  }

  /** Done when what waits on all members now is written; fails after a while. */
  CompletionStage<Void> writeEverywhere(String cache) {
    SharedFiles.Link link = linked.join();
    List<CompletableFuture<?>> all = new ArrayList<>();
    SharedBehind here = caches.get(cache);
    if (here != null) {
      all.add(here.whenWritten());
    }
    for (Member member : others(link)) {
      all.add(
          link.wire()
              .request(member, SERVICE, BehindNews.FORMAT, new BehindNews.Write(cache), WRITTEN));
    }
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
        .orTimeout(WRITTEN.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Whether all of them are there and have had this member among them since a topology. Waits for
   * their answers, not long.
   *
   * @param members their ids
   */
  boolean isAmong(Set<String> members, String cache, int topology) {
    SharedFiles.Link link = linked.join();
    List<Member> others =
        others(link).stream().filter(member -> members.contains(member.id())).toList();
    if (others.size() + 1 < members.size()) {
      return false;
    }
    List<CompletableFuture<BehindNews>> answers =
        others.stream()
            .map(
                member ->
                    link.wire()
                        .request(
                            member, SERVICE, BehindNews.FORMAT, new BehindNews.Ask(cache), ASKED))
            .toList();
    try {
      return answers.stream()
          .allMatch(
              each ->
                  each.join() instanceof BehindNews.Answer answer && answer.since() <= topology);
    } catch (CompletionException e) {
      LOG.debug("not all members answer", e);
      return false;
    }
  }

  /**
   * Returns when what waits is written, on the others too, since those that stay may be cut off by
   * the end of this one; or when that takes too long.
   */
  void leave() {
    caches.values().forEach(SharedBehind::leave);
    try {
      CompletableFuture.allOf(
              caches.keySet().stream()
                  .map(cache -> writeEverywhere(cache).toCompletableFuture())
                  .toArray(CompletableFuture<?>[]::new))
          .join();
    } catch (CompletionException e) {
      LOG.debug("not all that waits was written before this member leaves", e);
    }
  }

  /**
   * The cache is about to stop here.
   *
   * @param goes whether what it has written goes with it
   */
  void end(String cache, BooleanSupplier goes) {
    SharedBehind there = caches.get(cache);
    if (there != null && goes.getAsBoolean()) {
      there.discard();
    }
  }
}

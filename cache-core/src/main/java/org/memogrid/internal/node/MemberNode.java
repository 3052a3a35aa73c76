/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.cluster.MembershipListener;
import org.memogrid.internal.codec.DefaultCodec;
import org.memogrid.internal.engine.Arrival;
import org.memogrid.internal.engine.ClusterEngine;
import org.memogrid.internal.engine.DurableStores;
import org.memogrid.internal.engine.EngineOptions;
import org.memogrid.internal.engine.LocalStores;
import org.memogrid.internal.engine.MemberStores;
import org.memogrid.internal.engine.MemberTransactions;
import org.memogrid.internal.engine.Resources;
import org.memogrid.internal.engine.StoreFactory;
import org.memogrid.internal.engine.StuckJoinException;
import org.memogrid.internal.engine.TransactionalStores;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Transacting;
import org.memogrid.internal.wire.MemberWire;
import org.memogrid.internal.wire.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member: its wire, its stores, its features and its threads. It serves from the end of its
 * making to {@link #close}. Thread-safe.
 */
public final class MemberNode implements Node, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MemberNode.class);

  private final @Nullable ClusterEngine engine;
  private volatile boolean shared;
  private final Codec codec;
  private final NodeThreads threads;
  private final Memberships memberships;
  private final MemberWire wire;
  private final Features features = new Features();
  private final InstantSource clock;
  private final MemberStores stores;
  private final MemberTransactions transactions;

  /** A member of a cluster of one, without a network. */
  public static MemberNode alone(
      String node,
      Codec codec,
      InstantSource clock,
      Resources resources,
      MemberTransactions transactions) {
    Member self = new Member(node, UUID.randomUUID().toString());
    MemberNode alone = new MemberNode(null, self, codec, clock, resources, transactions);
    try {
      alone.serve();
      return alone;
    } catch (RuntimeException | Error e) {
      alone.close();
      throw e;
    }
  }

  /**
   * Joins a cluster. A join in which the others stop to send what they have is tried once more, as
   * another member: they begin anew with it.
   *
   * @param transactions of a member that is about to join
   * @throws IllegalStateException if that fails, naming why and what to do; nothing is left behind
   */
  public static MemberNode join(EngineOptions options, Supplier<MemberTransactions> transactions) {
    try {
      return joinOnce(options, transactions.get());
    } catch (StuckJoinException e) {
      LOG.warn("{}. It is tried once more now", e.getMessage());
      return joinOnce(options, transactions.get());
    }
  }

  private static MemberNode joinOnce(EngineOptions options, MemberTransactions transactions) {
    ClusterEngine engine = new ClusterEngine(options);
    MemberNode member =
        new MemberNode(
            engine,
            engine.self(),
            options.codec(),
            options.clock(),
            options.resources(),
            transactions);
    try {
      engine.connect(member.wire, member.clock);
      engine.start(member.events());
      new Arrival(engine, member.memberships).complete();
      member.stores.join(engine.stores(member.clock, member.workers(), transactions));
      member.serve();
      return member;
    } catch (RuntimeException | Error e) {
      member.close();
      throw e;
    }
  }

  private MemberNode(
      @Nullable ClusterEngine engine,
      Member self,
      Codec codec,
      InstantSource clock,
      Resources resources,
      MemberTransactions transactions) {
    this.clock = clock;
    this.transactions = transactions;
    this.engine = engine;
    this.codec = codec;
    this.threads = new NodeThreads(self.name());
    Membership first = new Membership(0, List.of(self), self);
    this.memberships = new Memberships(first, threads.teller());
    this.wire =
        new MemberWire(
            first,
            (to, frame) -> {
              if (engine != null) {
                engine.send(to, frame);
              }
            },
            threads.loop(),
            threads.scheduler());
    this.stores =
        new MemberStores(
            new LocalStores(self, clock, threads.scheduler()),
            new DurableStores(self, codec, clock, threads.workers(), resources),
            new TransactionalStores(self, codec, clock, threads.workers(), transactions));
  }

  private void serve() {
    features.start(this);
    wire.open();
  }

  private ClusterEngine.Events events() {
    return new ClusterEngine.Events() {
      @Override
      public void onFrame(Member from, byte[] bytes, int offset, int length) {
        wire.onFrame(from, bytes, offset, length);
      }

      @Override
      public void onView(Membership now) {
        wire.onView(now);
        reportTwin(memberships.current(), now);
        memberships.change(now);
      }
    };
  }

  /** One that joins finds out by itself; two that meet when a split heals do not. */
  private static void reportTwin(Membership before, Membership now) {
    for (Member member : now.members()) {
      if (member.name().equals(now.self().name())
          && !member.equals(now.self())
          && !before.members().contains(member)) {
        LOG.warn(
            "there is a second member of this one's name, {} (id {}): if it has not just tried to"
                + " join and left, restart one of the two with another nodeName(...)",
            member,
            member.id());
      }
    }
  }

  @Override
  public Membership membership() {
    return memberships.current();
  }

  @Override
  public Registration onMembership(MembershipListener listener) {
    return memberships.listen(listener);
  }

  public Memberships memberships() {
    return memberships;
  }

  @Override
  public Registration onView(Runnable watcher) {
    return memberships.watch(watcher);
  }

  @Override
  public Wire wire() {
    return wire;
  }

  @Override
  public Codec codec() {
    return codec;
  }

  @Override
  public Codec copying(ClassLoader loader) {
    return DefaultCodec.copying(loader);
  }

  @Override
  public Store store(String name, CacheOptions options) {
    return stores.open(name, options);
  }

  /** The stores of this member. */
  public StoreFactory stores() {
    return stores;
  }

  @Override
  public Transacting transactions() {
    return transactions;
  }

  @Override
  public InstantSource clock() {
    return clock;
  }

  @Override
  public Executor workers() {
    return threads.workers();
  }

  @Override
  public Executor listeners() {
    return threads.listeners();
  }

  @Override
  public ScheduledExecutorService scheduler() {
    return threads.scheduler();
  }

  @Override
  public boolean isShared() {
    return shared;
  }

  /** Makes it the process's own. */
  public void share() {
    shared = true;
  }

  @Override
  public <F extends Feature> F feature(Class<F> type) {
    return features.get(type);
  }

  /** The engine below; null without a network. */
  public @Nullable ClusterEngine engine() {
    return engine;
  }

  /** Ends the features, which may use the stores for it. */
  public void quiesce() {
    features.stop();
  }

  /** Releases every waiter, then leaves. */
  @Override
  public void close() {
    quiesce();
    stores.leave();
    wire.close();
    transactions.close();
    stores.close();
    if (engine != null) {
      engine.close();
    }
    threads.close();
  }
}

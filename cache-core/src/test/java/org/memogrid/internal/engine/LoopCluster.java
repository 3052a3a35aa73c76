/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.infinispan.Cache;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.Transport;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.infinispan.topology.CacheTopology;
import org.infinispan.topology.LocalTopologyManager;
import org.jgroups.JChannel;
import org.jgroups.View;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.TP;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.stack.ProtocolStack;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.cache.Caches;
import org.memogrid.testkit.Await;

/** Members in this JVM, without sockets, on a clock that ticks. For tests of the stores alone. */
public final class LoopCluster implements AutoCloseable {
  private final String name = "loop-" + UUID.randomUUID();
  private final Ticks clock = new Ticks();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger underway = new AtomicInteger();
  private final Executor workers = this::run;
  private final List<Node> nodes = new ArrayList<>();
  private final LoopWire wire = new LoopWire(workers);
  private final Codec codec;
  private final Partitions partitions;
  private final IntFunction<Resources> resources;

  /** One member's part. */
  public record Node(
      Member self, EmbeddedCacheManager manager, ClusterStores stores, Caches caches) {

    /** What the engine calls the cache that runs here by that name; null if none does. */
    public @Nullable String engineName(String cache) {
      return manager.getCacheNames().stream()
          .filter(name -> Incarnation.cacheName(name).equals(cache))
          .filter(manager::isRunning)
          .findAny()
          .orElse(null);
    }

    public boolean runs(String cache) {
      return engineName(cache) != null;
    }

    /** The engine's own, of a cache that runs here. */
    public Cache<?, ?> engineCache(String cache) {
      return manager.getCache(requireNonNull(engineName(cache), cache));
    }
  }

  public LoopCluster(Codec codec, int members) {
    this(codec, members, Partitions.AVAILABLE);
  }

  public LoopCluster(Codec codec, int members, Partitions partitions) {
    this(codec, members, partitions, member -> Resources.NONE);
  }

  /**
   * @param resources what each member gave a name
   */
  public LoopCluster(
      Codec codec, int members, Partitions partitions, IntFunction<Resources> resources) {
    this.codec = codec;
    this.partitions = partitions;
    this.resources = resources;
    for (int i = 0; i < members; i++) {
      var unused = join();
    }
  }

  public Node join() {
    GlobalConfigurationBuilder global = GlobalConfigurationBuilder.defaultClusteredBuilder();
    global
        .transport()
        .clusterName(name)
        .nodeName("n" + nodes.size())
        .addProperty("configurationFile", "loopback.xml");
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    global.serialization().marshaller(new EntryMarshaller(codec, resources.apply(nodes.size())));
    EmbeddedCacheManager manager = new DefaultCacheManager(global.build(), false);
    EngineClock.install(manager, clock);
    manager.start();
    Behinds.of(manager.getCacheManagerConfiguration())
        .connect(
            new SharedFiles.Link(
                manager,
                member(manager.getAddress()),
                wire.of(member(manager.getAddress())),
                clock,
                LoopCluster::member));
    ClusterStores stores =
        new ClusterStores(
            manager,
            new ClusterStores.Context(
                codec,
                clock,
                partitions,
                LoopCluster::member,
                workers,
                new MemberTransactions(null, Timing.DEFAULT.lock()),
                Await.LONG));
    Node node =
        new Node(
            member(manager.getAddress()),
            manager,
            stores,
            new Caches(stores, Mode.DISTRIBUTED, codec, clock, workers, workers));
    nodes.add(node);
    return node;
  }

  private static Member member(Address address) {
    return new Member(address.toString(), address.getNodeUUID().toString());
  }

  public Node node(int index) {
    return nodes.get(index);
  }

  public Caches caches(int index) {
    return node(index).caches();
  }

  /** Waits until all renewals and listeners that were asked for have run. */
  public void settle() {
    Await.until("the workers' rest", () -> underway.get() == 0);
  }

  private void run(Runnable task) {
    underway.incrementAndGet();
    threads.execute(
        () -> {
          try {
            task.run();
          } finally {
            underway.decrementAndGet();
          }
        });
  }

  /** What its transport has sent to others since it joined. */
  public long messagesSentBy(int index) {
    return channel(node(index))
        .getProtocolStack()
        .getTransport()
        .getMessageStats()
        .getNumMsgsSent();
  }

  public long now() {
    return clock.millis();
  }

  public void tick(Duration by) {
    clock.tick(by);
  }

  public void leave(int index) {
    node(index).stores().leave();
    nodes.remove(index).manager().stop();
  }

  /** Takes a member away without a goodbye, as if its process had died. */
  public void crash(int index) {
    cutOff(index).manager.stop();
  }

  /** Takes a member away that goes on by itself; who asks for it has to stop it. */
  Node cutOff(int index) {
    Node victim = nodes.get(index);
    silence(index);
    wire.silence(victim.self);
    nodes.remove(index);
    JChannel gone = channel(victim);
    long view = gone.getView().getViewId().getId() + 1;
    install(gone, View.create(gone.getAddress(), view, gone.getAddress()));
    List<org.jgroups.Address> others =
        nodes.stream().map(node -> channel(node).getAddress()).toList();
    nodes.forEach(node -> install(channel(node), View.create(others.get(0), view, others)));
    return victim;
  }

  /** Nothing that it sends or is sent arrives any more, and nobody has missed it yet. */
  void silence(int index) {
    JChannel gone = channel(node(index));
    try {
      gone.getProtocolStack()
          .insertProtocol(
              new DISCARD().setAddress(gone.getAddress()).discardAll(true),
              ProtocolStack.Position.ABOVE,
              TP.class);
    } catch (Exception e) {
      throw new IllegalStateException("can't cut off " + node(index).self, e);
    }
  }

  private static void install(JChannel channel, View view) {
    channel.getProtocolStack().<GMS>findProtocol(GMS.class).installView(view);
  }

  private static JChannel channel(Node node) {
    return ((JGroupsTransport) GlobalComponentRegistry.componentOf(node.manager(), Transport.class))
        .getChannel();
  }

  /**
   * All leave as members do, each when the others have seen the one before go, and have made up for
   * it, and the oldest last. Otherwise the last may take the others for lost: who coordinates next
   * does not always know that the one before has left.
   */
  void leaveOneByOne() {
    while (!nodes.isEmpty()) {
      Node node = nodes.remove(nodes.size() - 1);
      node.stores().leave();
      node.stores().close();
      node.manager().stop();
      int left = nodes.size();
      nodes.forEach(each -> Await.until("its leave", () -> settledMembers(each.manager()) <= left));
    }
  }

  private static int settledMembers(EmbeddedCacheManager manager) {
    CacheTopology stable =
        GlobalComponentRegistry.componentOf(manager, LocalTopologyManager.class)
            .getStableCacheTopology(OptionsRegistry.NAME);
    return Math.max(manager.getMembers().size(), stable.getMembers().size());
  }

  @Override
  public void close() {
    nodes.forEach(node -> node.manager().stop());
    threads.shutdownNow();
  }
}

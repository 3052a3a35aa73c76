/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.jgroups.Event;
import org.jgroups.JChannel;
import org.jgroups.View;
import org.jgroups.protocols.TP;
import org.jgroups.stack.IpAddress;
import org.jgroups.util.ExtendedUUID;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.wire.Wire;

/**
 * The engine of one member: a channel to the others and a manager of clustered maps on it. From
 * {@link #start} to {@link #close} it is in the cluster. Thread-safe.
 */
public final class ClusterEngine implements AutoCloseable {
  private final EngineOptions options;
  private final ExtendedUUID address;
  private final Member self;
  private final KnownMembers known = new KnownMembers();
  private final WireProtocol wire;
  private final EmbeddedCacheManager manager;

  private volatile Events events = Events.NONE;

  /** What the engine tells the member that it works for, on threads that must not be blocked. */
  public interface Events {
    /** Hears nothing. */
    Events NONE =
        new Events() {
          @Override
          public void onFrame(Member from, byte[] bytes, int offset, int length) {}

          @Override
          public void onView(Membership now) {}
        };

    /** A frame, in order per sender, one at a time per sender. */
    void onFrame(Member from, byte[] bytes, int offset, int length);

    /** A view, in order, one at a time. */
    void onView(Membership now);
  }

  /** An engine that has not joined. */
  public ClusterEngine(EngineOptions options) {
    this.options = options;
    this.address = Addresses.naming(options.node());
    this.self = Addresses.member(address);
    this.wire = new WireProtocol(new Upward());
    this.manager = new DefaultCacheManager(configuration().build(), false);
  }

  /**
   * Joins, or starts the cluster if nobody answers. Frames and views may arrive before it returns.
   *
   * @throws IllegalStateException if the member can't join: why, and what to do
   */
  public void start(Events events) {
    this.events = events;
    requireOwnAddress();
    try {
      manager.start();
    } catch (RuntimeException e) {
      // The manager has stopped what it had started.
      throw JoinFailure.of(options, e);
    }
  }

  /** Has caches in files tell each other what they have, by that wire; before the start. */
  public void connect(Wire wire, InstantSource clock) {
    SharedFiles.of(manager.getCacheManagerConfiguration())
        .connect(manager, self, wire, clock, this::member);
  }

  /**
   * The stores on this engine, once it has started.
   *
   * @throws StuckJoinException if the others do not send what they have
   */
  public StoreFactory stores(
      InstantSource clock, Executor threads, MemberTransactions transactions) {
    try {
      return new ClusterStores(
          manager,
          new ClusterStores.Context(
              options.codec(),
              clock,
              options.partitions(),
              this::member,
              threads,
              transactions,
              options.timing().transfer()));
    } catch (StuckJoinException e) {
      throw new StuckJoinException(JoinFailure.who(options) + e.getMessage());
    }
  }

  private void requireOwnAddress() {
    if (options.discovery() instanceof Discovery.StackFile) {
      return;
    }
    try {
      InetAddress bind = InetAddress.getByName(options.bind());
      if (bind.isAnyLocalAddress() || NetworkInterface.getByInetAddress(bind) != null) {
        return;
      }
    } catch (IOException e) {
      // No address of this machine either.
    }
    throw new IllegalStateException(
        JoinFailure.who(options)
            + options.bind()
            + " is no address of this machine; give one that is with bind(...) or memogrid.bind");
  }

  public Member self() {
    return self;
  }

  public EngineOptions options() {
    return options;
  }

  public EmbeddedCacheManager manager() {
    return manager;
  }

  /** The member behind an address of the manager's; a member that left lives on by its id. */
  public Member member(Address address) {
    String id = Addresses.id(address);
    org.jgroups.Address there = known.get(id);
    return there == null ? new Member(id, id) : Addresses.member(there);
  }

  /** A member as the manager knows it. */
  public Address address(Member member) {
    return Address.fromNodeUUID(UUID.fromString(member.id()));
  }

  /** Where a member listens, as far as it is known here. */
  String place(Member member) {
    org.jgroups.Address there = known.get(member.id());
    Object place =
        there == null ? null : transport().down(new Event(Event.GET_PHYSICAL_ADDRESS, there));
    return place == null ? "an unknown place" : place.toString();
  }

  /** The port that this member got. */
  int ownPort() {
    return transport().localPhysicalAddress() instanceof IpAddress here ? here.getPort() : 0;
  }

  private TP transport() {
    return wire.getProtocolStack().getTransport();
  }

  /** Sends a frame to another member, in order. Does nothing if it is not known here. */
  public void send(Member to, byte[] frame) {
    org.jgroups.Address there = known.get(to.id());
    if (there != null) {
      wire.send(there, frame);
    }
  }

  /** The engine's own object of that type; null if there is none. */
  public @Nullable Object unwrap(Class<?> type) {
    if (type.isInstance(manager)) {
      return manager;
    }
    return type.isInstance(this) ? this : null;
  }

  /** Leaves the cluster. */
  @Override
  public void close() {
    if (manager.getStatus().allowInvocations()) {
      manager.stop();
    }
    SharedFiles.of(manager.getCacheManagerConfiguration()).close();
  }

  private GlobalConfigurationBuilder configuration() {
    GlobalConfigurationBuilder global = GlobalConfigurationBuilder.defaultClusteredBuilder();
    global.cacheManagerName(options.cluster());
    global
        .transport()
        .clusterName(options.cluster())
        .nodeName(options.node())
        .addProperty(JGroupsTransport.CHANNEL_CONFIGURATOR, new Channels(this::channel));
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    global.serialization().marshaller(new EntryMarshaller(options.codec(), options.resources()));
    return global;
  }

  private JChannel channel() throws Exception {
    JChannel channel = new Stack(options).channel(wire);
    channel.addAddressGenerator(() -> address);
    return channel;
  }

  private final class Upward implements WireProtocol.Upward {
    @Override
    public void onFrame(org.jgroups.Address from, byte[] bytes, int offset, int length) {
      known.heardOf(from);
      events.onFrame(Addresses.member(from), bytes, offset, length);
    }

    @Override
    public void onView(View view) {
      List<Member> members = view.getMembers().stream().map(Addresses::member).toList();
      known.onView(view.getMembers());
      events.onView(new Membership(view.getViewId().getId(), members, self));
    }
  }
}

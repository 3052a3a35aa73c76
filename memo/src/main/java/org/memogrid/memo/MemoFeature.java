/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;

/**
 * Memos on a member: home to keys of functions that it may not have. Public only for {@link
 * java.util.ServiceLoader}; not for users.
 */
public final class MemoFeature implements Feature {
  static final String SERVICE = "memo";

  private final ConcurrentMap<MemoId, MemoNode> memos = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private @Nullable Node node;
  private @Nullable MemoFormat format;
  private @Nullable Definitions definitions;
  private @Nullable Registration service;
  private @Nullable Registration missing;
  private @Nullable ExecutorService runners;
  private volatile boolean stopped;

  /** For the service loader. */
  public MemoFeature() {}

  @Override
  public Layer layer() {
    return Layer.BASE;
  }

  @Override
  public void start(Node member) {
    node = member;
    format = new MemoFormat(member.codec());
    definitions = new Definitions(member);
    AtomicInteger count = new AtomicInteger();
    String name = member.membership().self().name();
    runners =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread =
                  new Thread(task, "memogrid-" + name + "-memo-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    service = member.wire().serve(SERVICE, format, this::onMessage);
    missing = member.wire().onMissing(SERVICE, this::lacking);
  }

  private void lacking(Member member) {
    memos.values().stream().filter(MemoNode::isOpen).forEach(memo -> memo.lacking(member));
  }

  private void onMessage(Wire.Incoming<Packet> incoming) {
    Packet packet = incoming.message();
    if (packet.message() instanceof Message.ToHome toHome
        && toHome.key() instanceof Packet.UnreadableKey unreadable) {
      refuse(incoming, packet, unreadable);
      return;
    }
    MemoNode memo = node(packet.memo());
    memo.received(incoming.from(), packet);
    memo.openSoon(started(definitions));
  }

  /** The home can't read the key: the caller hears so, rather than wait for ever. */
  private void refuse(
      Wire.Incoming<Packet> incoming, Packet packet, Packet.UnreadableKey unreadable) {
    Node here = started(node);
    String text =
        packet.memo()
            + ": a key can't be read on "
            + here.membership().self()
            + ", which is its home: "
            + unreadable.why();
    Failure failure = new Failure(null, Failure.Kind.HOME, text);
    Message answer =
        packet.message() instanceof Message.Acquire acquire
            ? new Message.Fail(acquire.request(), failure)
            : packet.message() instanceof Message.Invalidate invalidate
                ? new Message.InvalidateFailed(invalidate.invalidation(), failure)
                : null;
    if (answer != null) {
      here.wire()
          .send(
              incoming.from(),
              SERVICE,
              started(format),
              new Packet(packet.memo(), packet.stamp(), answer));
    }
  }

  /** The memo's node; it may not be open yet. */
  MemoNode node(MemoId id) {
    MemoNode memo = memos.computeIfAbsent(id, this::newNode);
    if (stopped) {
      memo.stop();
    }
    return memo;
  }

  Definitions definitions() {
    return started(definitions);
  }

  /** The memos whose results may depend on those of others. Blocks. */
  List<MemoId> tracking() {
    return definitions().tracking();
  }

  /** The memo's node, open. Blocks. */
  MemoNode opened(MemoId id) {
    MemoNode memo = node(id);
    memo.open(definitions().storeOf(id));
    return memo;
  }

  private MemoNode newNode(MemoId id) {
    return new MemoNode(
        id, started(node), started(format), numbers::incrementAndGet, this::feedAll);
  }

  private void feedAll(Consumer<MemoCore> event) {
    for (MemoNode memo : memos.values()) {
      if (memo.isOpen()) {
        memo.feed(event);
      }
    }
  }

  /** Threads for calls that have none of their own. */
  ExecutorService runners() {
    return started(runners);
  }

  @Override
  public void stop() {
    stopped = true;
    memos.values().forEach(MemoNode::stop);
    Registration served = service;
    if (served != null) {
      served.close();
    }
    Registration told = missing;
    if (told != null) {
      told.close();
    }
    ExecutorService threads = runners;
    if (threads != null) {
      threads.shutdown();
    }
  }

  private static <T> T started(@Nullable T what) {
    if (what == null) {
      throw new IllegalStateException("memos are used before the member has started them");
    }
    return what;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One memo on one member, whether its function is here or not: the shell around a {@link MemoCore}.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>The core handles one event at a time, in its {@link Turns}.
 *   <li>The user's function never runs in a turn, nor what hangs on a future.
 *   <li>Store calls run elsewhere and come back as events; only those of LOCAL, which don't block,
 *       run at once.
 * </ul>
 */
final class MemoNode {
  private static final Logger LOG = LoggerFactory.getLogger(MemoNode.class);
  private static final long SYNC_RETRY_MILLIS = 250;
  private static final int SYNC_RETRIES = 40;
  private static final int NOTES = 1024;

  private final MemoId id;
  private final Node node;
  private final MemoFormat format;
  private final Versions versions = new Versions();
  private final LongSupplier numbers;
  private final Consumer<Consumer<MemoCore>> everyMemo;
  private final Turns turns = new Turns(this::failed);

  private volatile @Nullable Opened opened;
  private volatile @Nullable Failure closed;
  private volatile @Nullable MemoHandle<?, ?> handle;
  private final AtomicBoolean opening = new AtomicBoolean();

  // Used by whoever has its turn.
  private Configuration.@Nullable Stamp awaited;
  private int syncAttempts;

  /** What there is once the store is open. */
  private record Opened(
      Store store,
      @Nullable Persist persist,
      MemoCore core,
      StoreWork work,
      Registration topologies) {}

  /**
   * @param numbers rise over all memos of the member
   * @param everyMemo feeds the cores of all memos of the member, this one's too
   */
  MemoNode(
      MemoId id,
      Node node,
      MemoFormat format,
      LongSupplier numbers,
      Consumer<Consumer<MemoCore>> everyMemo) {
    this.id = id;
    this.node = node;
    this.format = format;
    this.numbers = numbers;
    this.everyMemo = everyMemo;
  }

  MemoId id() {
    return id;
  }

  InstantSource clock() {
    return node.clock();
  }

  Envelope.Version nextVersion() {
    return versions.next();
  }

  Codec codec() {
    return node.codec();
  }

  Member self() {
    return node.membership().self();
  }

  /** Whether results stay objects, since they never leave the process. */
  boolean isLocal() {
    Opened now = opened();
    return now.persist == null && now.store.mode() == Mode.LOCAL;
  }

  Store store() {
    return opened().store;
  }

  private Opened opened() {
    Opened now = opened;
    if (now == null) {
      throw new IllegalStateException(id + " is not open yet");
    }
    return now;
  }

  // ---- opening and closing

  /** Opens the store on every member. Blocks; does nothing if it is open. */
  synchronized void open(CacheOptions options) {
    Opened before = opened;
    if (before != null) {
      requireSame(before.persist, options.persist());
      return;
    }
    Store store = node.store(id.store(), options);
    StoreWork work = new StoreWork(this, store, options.persist(), node);
    MemoCore core =
        new MemoCore(
            new MemoCore.Identity(
                self(), id.toString(), store.mode() != Mode.INVALIDATED, numbers, NOTES),
            Rules.all(),
            this::cycle,
            this::perform);
    Registration topologies = store.onTopology(this::install);
    opened = new Opened(store, options.persist(), core, work, topologies);
    install(store.topology());
    turns.open();
    var unused = work.isEpochKnown(); // or it will be
  }

  private void requireSame(@Nullable Persist there, @Nullable Persist asked) {
    if (!Objects.equals(there, asked)) {
      throw new IllegalStateException(
          id
              + " is open on "
              + self()
              + " with persist "
              + there
              + ", asked for was "
              + asked
              + ": give the one it has, or close the cluster first");
    }
  }

  /**
   * Opens it on another thread, for a message that came for it. Waits for nothing, not even while
   * it is being opened.
   */
  void openSoon(Definitions definitions) {
    if (opened != null || closed != null || !opening.compareAndSet(false, true)) {
      return;
    }
    try {
      node.workers()
          .execute(
              () -> {
                try {
                  open(definitions.storeOf(id));
                } catch (RuntimeException e) {
                  LOG.error(
                      "{} could not be opened on {}; the next message tries again", id, self(), e);
                } finally {
                  opening.set(false);
                }
              });
    } catch (RejectedExecutionException leaving) {
      opening.set(false);
    }
  }

  /** Takes the handle, of which there is one at a time. */
  synchronized void attach(MemoHandle<?, ?> next) {
    if (closed != null) {
      throw new IllegalStateException(id + ": the cluster is closed on " + self());
    }
    if (handle != null) {
      throw new IllegalStateException(
          id + " is open in this process already: use that one, or close it first");
    }
    handle = next;
  }

  /** Releases all that wait here; other members go on. */
  void detach(MemoHandle<?, ?> last) {
    synchronized (this) {
      if (handle != last) {
        return;
      }
      handle = null;
    }
    Failure failure = detached();
    feed(core -> core.shutDown(failure));
  }

  private Failure detached() {
    return new Failure(null, Failure.Kind.CLOSED, id + " was closed on " + self());
  }

  /** The member leaves: from here on every call fails. */
  void stop() {
    Failure failure =
        new Failure(null, Failure.Kind.CLOSED, id + ": the cluster was closed on " + self());
    Opened now;
    synchronized (this) {
      closed = failure;
      now = opened;
    }
    if (now != null) {
      feed(core -> core.shutDown(failure));
      now.topologies.close();
    }
  }

  @Nullable Failure closed() {
    return closed;
  }

  // ---- events

  /** Hands the core an event. Events of one thread are handled in their order. */
  void feed(Consumer<MemoCore> event) {
    turns.add(() -> event.accept(opened().core));
  }

  private void failed(Throwable e) {
    LOG.error("{} failed on an event: its callers may wait for ever, report this", id, e);
  }

  void received(Member from, Packet packet) {
    if (packet.message() instanceof Message.Summon summon) {
      feed(core -> summoned(core, summon));
    } else if (packet.message() instanceof Message.InvalidateAll all) {
      feed(core -> invalidateAll(core, from, packet, all));
    } else {
      feed(core -> core.received(from, packet.stamp(), packet.message()));
    }
  }

  /** What was kept by a former life may have a higher epoch than the next one here would be. */
  private void invalidateAll(MemoCore core, Member from, Packet packet, Message.InvalidateAll all) {
    if (opened().work.isEpochKnown()) {
      core.received(from, packet.stamp(), packet.message());
    } else {
      node.workers().execute(() -> receivedAnew(from, packet, all));
    }
  }

  private void receivedAnew(Member from, Packet packet, Message.InvalidateAll all) {
    try {
      var unused = loadedEpoch();
    } catch (RuntimeException e) {
      Failure failure = new Failure(null, Failure.Kind.HOME, id + ": " + e.getMessage());
      feed(core -> core.send(from, new Message.InvalidateFailed(all.invalidation(), failure)));
      return;
    }
    feed(core -> core.received(from, packet.stamp(), packet.message()));
  }

  /**
   * Another member would rather have the function run here: a call of nobody's, which is at home
   * before the one that the member sends next.
   */
  private void summoned(MemoCore core, Message.Summon summon) {
    MemoHandle<?, ?> here = handle;
    if (here != null && closed == null && keptMeanwhile(summon.key(), null) == null) {
      Envelope seen = (Envelope) summon.seen();
      Call call = here.summoned(summon.key(), summon.ancestors(), seen);
      var unused = core.call(summon.key(), call, summon.ancestors(), seen);
    }
  }

  /** A member was started without memos. */
  void lacking(Member member) {
    String text =
        id
            + ": "
            + member
            + " has no memos, though it is home to a part of the keys: start every member with"
            + " memogrid-memo on its class path";
    feed(core -> core.lacking(member, new Failure(null, Failure.Kind.HOME, text)));
  }

  void summon(Object key, List<Token> ancestors, @Nullable Envelope seen) {
    feed(
        core -> {
          if (keptMeanwhile(key, seen) == null && core.answer(key) == null) { // or it is no news
            core.summon(key, ancestors, seen);
          }
        });
  }

  /** Runs it later, on a thread that must not be kept. */
  Future<?> after(long millis, Runnable task) {
    return afterNanos(TimeUnit.MILLISECONDS.toNanos(millis), task);
  }

  Future<?> afterNanos(long nanos, Runnable task) {
    try {
      return node.scheduler().schedule(task, nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException leaving) {
      LOG.debug("{}: the member leaves", id);
      return CompletableFuture.completedFuture(null);
    }
  }

  /**
   * Returns through the call: an offer to compute, or an outcome. The handle is looked at again in
   * the core's turn: 1. a call finds its handle open; 2. the handle is closed, and all that wait
   * are released; 3. the call comes to the core, and nobody would release it any more.
   */
  void call(
      MemoHandle<?, ?> by,
      Object key,
      Call call,
      List<Token> ancestors,
      @Nullable Envelope seen,
      Runnable joined) {
    feed(
        core -> {
          Failure failure = closed;
          if (failure == null && handle != by) {
            failure = detached();
          }
          if (failure != null) {
            call.complete(new Effect.Threw(failure));
            return;
          }
          Envelope kept = keptMeanwhile(key, seen);
          if (kept != null) {
            call.complete(new Effect.Returned(new Value(Payload.found(kept), 0, 0)));
          } else if (core.call(key, call, ancestors, seen)) {
            joined.run();
          }
        });
  }

  /**
   * In INVALIDATED no home knows the value, so the caller's look at what is kept here is repeated
   * in the core's turn: 1. it sees nothing; 2. the run here ends, its value is kept and its flight
   * forgotten; 3. the call comes to the core, and would run again. This read doesn't block.
   */
  private @Nullable Envelope keptMeanwhile(Object key, @Nullable Envelope seen) {
    Envelope kept = store().mode() == Mode.INVALIDATED ? here(key) : null;
    return kept == null || kept.equals(seen) ? null : kept;
  }

  /** Returns through the call, when all members have told. */
  void collect(@Nullable Set<String> tags, Invalidations.Collecting call) {
    feed(
        core -> {
          Failure failure = closed;
          if (failure != null) {
            call.complete(new Effect.Threw(failure));
          } else {
            core.collect(tags, call);
          }
        });
  }

  void invalidate(@Nullable Object key, Call call) {
    feed(
        core -> {
          Failure failure = closed;
          if (failure != null) {
            call.complete(new Effect.Threw(failure));
          } else {
            core.invalidate(key, call);
          }
        });
  }

  private void install(Topology topology) {
    Configuration next =
        new Configuration(
            topology.id(), topology.coordinator(), topology.members(), topology::home);
    feed(
        core -> {
          core.install(next);
          opened().work.installed(topology);
        });
  }

  // ---- reading here

  /**
   * The live entry that this member holds itself, null if there is none or if it can't be trusted.
   *
   * <p>Why that is never older than the last invalidation that was confirmed before the call: the
   * home confirms after its tombstone is on all holders of the key and after this member has
   * acknowledged the fence, and what is kept on this member alone is dropped before that. A new
   * home serves only after this member has installed its configuration (R2), so what this member
   * takes itself to hold, it holds in the home's eyes too. An invalidation of all keys raises the
   * epoch here before it is confirmed; a joiner, which may have missed that, trusts nothing until
   * it has heard all members once, and so does a member that may have lived apart from others (R9).
   */
  @Nullable Envelope here(Object key) {
    Opened now = opened();
    if (!now.core.trusts(key) || !now.work.holds(key) || !now.work.isEpochKnown()) {
      return null;
    }
    return live(stored(now, key));
  }

  /** What outlives the members may have to wait for some of them. */
  private @Nullable Envelope stored(Opened now, Object key) {
    try {
      return now.store.get(key);
    } catch (CacheException e) {
      if (now.persist == null) {
        throw e;
      }
      throw new MemoException(
          id + ": the result for " + key + " could not be read: " + e.getMessage(), e);
    }
  }

  /**
   * The same, at the cost of a look-up; null says nothing. The store's copies are of what this
   * member holds in the engine's present configuration and go when it changes, so the tombstone of
   * an invalidation that was confirmed has taken them away on whatever member they were.
   */
  @Nullable Envelope near(Object key) {
    Opened now = opened();
    if (!now.core.trusts(key) || !now.work.isEpochKnown()) {
      return null;
    }
    Envelope copy = now.store.near(key);
    return copy != null && now.work.isOf(copy, now.core.epoch()) ? copy : null;
  }

  /** What the entry near by holds, without a look at it; null says nothing. */
  @Nullable Object nearValue(Object key) {
    Opened now = opened();
    return now.core.trusts(key) ? now.store.nearValue(key, now.core.epoch()) : null;
  }

  /**
   * Has {@link #nearValue} find what a copy holds, if that is all there is to say of it: nobody
   * invalidates it by a tag. What grows stale does so for the store, too.
   */
  void keepValue(Object key, Envelope copy) {
    Opened now = opened();
    Object value = copy.localValue();
    if (value == null || !copy.isPlain() || !copy.tags().isEmpty()) {
      return;
    }
    long epoch = now.core.epoch();
    if (now.work.isOf(copy, epoch)) {
      now.store.keepValue(key, copy, value, epoch);
    }
  }

  /** The live entry, wherever it is held. */
  @Nullable Envelope anywhere(Object key) {
    Opened now = opened();
    if (!now.core.trusts(key)) {
      return null;
    }
    Envelope found = stored(now, key);
    if (found == null) {
      return null;
    }
    now.work.loadEpoch(); // to judge it by
    return live(found);
  }

  private @Nullable Envelope live(@Nullable Envelope entry) {
    return entry != null && opened().work.isLive(entry, epoch()) ? entry : null;
  }

  /** The result of a run on this member that its home has not stored yet. */
  Optional<Payload> onItsWay(Object key) {
    CompletableFuture<Optional<Payload>> answer = new CompletableFuture<>();
    feed(
        core -> {
          Value value = core.answer(key);
          answer.complete(
              value == null ? Optional.empty() : Optional.of((Payload) value.payload()));
        });
    return answer.join();
  }

  boolean isOpen() {
    return opened != null;
  }

  int waiting() {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    feed(core -> answer.complete(core.waiting()));
    return answer.join();
  }

  void used(Object key, Envelope entry) {
    opened().work.used(key, entry);
  }

  /** Whether all uses of entries have been told to their holders. */
  boolean isQuiet() {
    return opened().work.isQuiet();
  }

  long epoch() {
    Opened now = opened();
    return Math.max(now.core.epoch(), now.work.keptEpoch());
  }

  /** With what a former life has kept. Blocks. */
  long loadedEpoch() {
    opened().work.loadEpoch();
    return epoch();
  }

  /** An invalidation of all keys is to outlive all members. Blocks. */
  void keepEpoch() {
    opened().work.keepEpoch();
  }

  /** Returns if the store is served: else members may be missing, with what they have. Blocks. */
  void requireServed() {
    opened().work.requireServed();
  }

  void sweep() {
    opened().work.sweep(epoch());
  }

  MemoCore core() {
    return opened().core;
  }

  // ---- effects

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send) {
      send(send);
    } else if (effect instanceof Effect.Start start) {
      Call call = (Call) start.caller();
      if (!call.offer(start.token())) {
        feed(core -> core.declined(start.token(), call));
      }
    } else if (effect instanceof Effect.Deliver deliver) {
      ((Call) deliver.caller()).complete(deliver.outcome());
    } else if (effect instanceof Effect.Invalidated invalidated) {
      Object failure = invalidated.failure();
      ((Call) invalidated.caller())
          .complete(
              failure == null ? new Effect.Returned(Value.NOTHING) : new Effect.Threw(failure));
    } else if (effect instanceof Effect.Collected collected) {
      ((Invalidations.Collecting) collected.caller()).collected(collected.keys());
    } else if (effect instanceof Effect.Stop stop) {
      MemoHandle<?, ?> here = handle;
      if (here != null) {
        here.stop(stop.token());
      }
    } else if (effect instanceof Effect.Chase chase) {
      everyMemo.accept(core -> core.chase(chase.probe()));
    } else if (effect instanceof Effect.Cycle cycle) {
      everyMemo.accept(core -> core.cycled(cycle.probe()));
    } else if (effect instanceof Effect.AwaitSync await) {
      awaitSync(await.stamp());
    } else {
      opened().work.perform(effect);
    }
  }

  private void send(Effect.Send send) {
    Packet packet = new Packet(id, send.stamp(), send.message());
    if (send.to().equals(self())) {
      turns.addOwn(() -> opened().core.received(send.to(), packet.stamp(), packet.message()));
      return;
    }
    try {
      node.wire().send(send.to(), MemoFeature.SERVICE, format, packet);
    } catch (RuntimeException e) {
      LOG.error("{} could not send {} to {}", id, send.message(), send.to(), e);
      if (send.message() instanceof Message.Scanned scanned && scanned.keys() != null) {
        send(new Effect.Send(send.to(), send.stamp(), new Message.Scanned(scanned.scan(), null)));
      }
    }
  }

  private void awaitSync(Configuration.Stamp stamp) {
    boolean again = stamp.equals(awaited);
    syncAttempts = again ? syncAttempts + 1 : 1;
    awaited = stamp;
    boolean goOn = syncAttempts > SYNC_RETRIES;
    if (goOn) {
      LOG.warn("{} on {}: not all members answer, going on without", id, self());
    }
    try {
      var unused =
          node.scheduler()
              .schedule(
                  () -> feed(core -> core.syncOverdue(stamp, goOn)),
                  SYNC_RETRY_MILLIS,
                  TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException leaving) {
      LOG.debug("{}: the member leaves", id);
    }
  }

  private Object cycle(List<Token> chain) {
    String text = chain.stream().map(Token::name).collect(Collectors.joining(" -> "));
    return new Failure(
        null, Failure.Kind.CYCLE, text + ": a function must not need the result that it computes");
  }
}

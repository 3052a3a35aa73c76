/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.PersistenceException;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cluster.Member;
import org.memogrid.internal.recovery.Announcement;
import org.memogrid.internal.recovery.Effect;
import org.memogrid.internal.recovery.Layout;
import org.memogrid.internal.recovery.RecoveryCore;
import org.memogrid.internal.recovery.Roster;

/**
 * One member's part in a cache in files that members share: feeds the {@link RecoveryCore} with
 * what the engine, the other members and the disk say, and does what it wants done.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>The core is used on the one thread of {@link SharedFiles} alone.
 *   <li>The engine waits with a topology until {@link #onTopology} is done, so until the roster of
 *       it is on the disk. Once a roster or an entry was refused by the disk it waits for ever: the
 *       member takes part in nothing that it can't write down.
 *   <li>It {@linkplain Serving serves} after what it serves by is on the disk, and never again once
 *       the member leaves or its disk refused something.
 *   <li>A write is answered when all members of the last layout on this disk are there and do not
 *       leave: the engine passes over one that is not, and has no more to say than that it did.
 * </ul>
 */
final class Recovery {
  private static final Duration AGAIN = Duration.ofMillis(200);

  /** How long a caller waits for a disk to be told who is missing. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final String engineName;
  private final String cache;
  private final Path directory;
  private final int segments;
  private final SharedFiles files;
  private final Serving serving;
  private final Gate gate;
  private final Start start;
  private final Map<String, String> names = new HashMap<>();

  private volatile @Nullable RecoveryCore core;
  private volatile @Nullable PutBacks putBacks;
  private volatile @Nullable LifeFolder folder;
  private volatile int lastLayout;
  private volatile boolean left;
  private volatile boolean destroyed;

  private @Nullable Announcement latest;
  private List<String> view = List.of();

  /**
   * @param engineName what the engine calls the cache
   */
  Recovery(String engineName, Path directory, int segments, SharedFiles files) {
    this.engineName = engineName;
    this.cache = Incarnation.cacheName(engineName);
    this.directory = directory;
    this.segments = segments;
    this.files = files;
    this.serving = new Serving(cache, files, this::missing);
    this.gate = new Gate(files, serving);
    this.start = new Start(engineName, files, this::ask, this::close);
  }

  String engineName() {
    return engineName;
  }

  boolean hasBegun() {
    return core != null;
  }

  Serving serving() {
    return serving;
  }

  // ---- the start

  /** Opens the files and tells the others what they have. */
  void open() {
    var unused =
        files
            .linked()
            .thenAcceptAsync(this::begin, files::work)
            .whenComplete(
                (done, thrown) -> {
                  if (thrown != null) {
                    start.failEverywhere(thrown);
                  }
                });
  }

  private void begin(SharedFiles.Link link) {
    String self = link.self().id();
    LifeFolder opened = LifeFolder.open(cache, directory, segments);
    folder = opened;
    if (left) {
      closeFolder(false); // who closed this meanwhile has seen none
      return;
    }
    Set<String> lives = opened.lives();
    if (lives.contains(self)) {
      throw new CacheException(HeldReasons.openedBefore(cache, opened.path()));
    }
    LifeFolder.Kept kept = opened.read(segments);
    Roster roster = kept == null ? Roster.empty(segments) : kept.roster();
    files.execute(
        () -> {
          if (kept != null) {
            names.putAll(kept.names());
          }
          names.put(self, link.self().name());
          core = new RecoveryCore(self, lives, roster, link.clock().millis(), this::onEffect);
          onView();
          files.early(engineName).forEach(this::onNews);
        });
    start.begin();
  }

  /** Where this life's files are to be, once this member has heard the others. */
  CompletionStage<Path> start(LifeStore<?, ?> store, InitializationContext context) {
    return start
        .started()
        .thenApply(
            path -> {
              putBacks =
                  new PutBacks(
                      this, files, files.link(), requireNonNull(folder, "open"), store, context);
              return path;
            });
  }

  /** Returns when the cache may start here. */
  void awaitStart() {
    start.await();
  }

  // ---- what happens, on the thread of the events

  private RecoveryCore core() {
    return requireNonNull(core, "begun");
  }

  void onView() {
    RecoveryCore here = core;
    if (here == null || left) {
      return;
    }
    List<Member> view = files.link().view();
    List<String> ids = view.stream().map(Member::id).toList();
    if (ids.equals(this.view) || !ids.contains(files.link().self().id())) {
      return; // nothing new, or this member leaves
    }
    view.forEach(member -> names.put(member.id(), member.name()));
    this.view = ids;
    start.onView(ids);
    here.onView(ids);
    if (latest != null) {
      tell(latest); // who is new has not heard it, and who was away may have forgotten
    }
    serving.release();
  }

  void onNews(String from, News news) {
    if (left) {
      return;
    }
    if (news instanceof News.Failed failure) {
      start.fail(
          new CacheException(
              HeldReasons.failedOn(cache, names.getOrDefault(from, from), failure.why())));
    } else if (news instanceof News.Known known) {
      names.putAll(known.names());
      boolean isNew = start.hear(from);
      core().onHeard(known.announcement());
      if ((isNew || known.asks()) && latest != null) {
        files.tell(from, known(latest, false)); // it may not have been told, or in vain
      }
    }
  }

  /** Before the engine uses it. */
  CompletionStage<Void> onTopology(Layout next) {
    return gate.pass(
        () -> {
          if (serving.isCut()) {
            core().onCut();
          } else {
            take(next);
          }
        });
  }

  private void take(Layout next) {
    lastLayout = next.topology();
    onView();
    core().onLayout(next);
    serving.onLayout(next.writers().get(0));
    serving.release();
  }

  /** The number of the last topology that the engine has told. */
  int lastLayout() {
    return lastLayout;
  }

  CompletionStage<Void> onCut() {
    return gate.pass(
        () -> {
          serving.cut(true);
          core().onCut();
          serving.release();
        });
  }

  /** The engine serves again, by the topology that it has. */
  CompletionStage<Void> onReturn(Layout now) {
    return gate.pass(
        () -> {
          serving.cut(false);
          take(now);
        });
  }

  // ---- what the core wants

  private void onEffect(Effect effect) {
    if (effect instanceof Effect.Write write) {
      write(write.roster());
    } else if (effect instanceof Effect.Announce announce) {
      latest = announce.announcement();
      tell(latest);
    } else if (effect instanceof Effect.Start) {
      Path own = requireNonNull(folder, "open").life(files.link().self().id());
      files.work(() -> start.complete(own));
    } else if (effect instanceof Effect.Refuse) {
      refuseToStart();
    } else if (effect instanceof Effect.Serve serve) {
      serve(serve.on());
    } else if (effect instanceof Effect.PutBack putBack) {
      requireNonNull(putBacks, "open").add(putBack);
    } else if (effect instanceof Effect.Forget) {
      files.work(requireNonNull(putBacks, "open")::forget);
    }
  }

  private void write(Roster roster) {
    Set<String> named = roster.lives();
    String self = files.link().self().id();
    names.keySet().removeIf(life -> !life.equals(self) && !named.contains(life));
    LifeFolder here = folder;
    if (here == null) {
      return; // this member leaves
    }
    try {
      here.write(roster, names);
    } catch (IOException e) {
      serving.end(HeldReasons.rosterRefused(here.path(), e));
    }
  }

  private void serve(boolean on) {
    if (on) {
      try {
        requireNonNull(putBacks, "open").settle();
      } catch (IOException e) {
        serving.end(HeldReasons.rosterRefused(requireNonNull(folder, "open").path(), e));
      }
    }
    serving.serve(on);
  }

  private void tell(Announcement announcement) {
    files.tellAll(id -> known(announcement, !start.hasHeard(id)));
  }

  private News known(Announcement announcement, boolean asks) {
    return new News.Known(engineName, announcement, Map.copyOf(names), asks);
  }

  /** What was told may have gone to one who had given up, or was not ready: it is told again. */
  private void ask(Set<String> silent) {
    Announcement own = latest;
    if (own != null && !left) {
      silent.forEach(id -> files.tell(id, known(own, true)));
    }
  }

  private void refuseToStart() {
    start.failEverywhere(
        new CacheException(HeldReasons.otherHistory(cache, requireNonNull(folder, "open").path())));
  }

  /** Some entries are where they belong, or could not be put there. */
  void onPutBack(Map<Integer, Long> done, Map<Integer, Long> not) {
    files.execute(
        () -> {
          if (left) {
            return;
          }
          core().onPutBack(done);
          if (!not.isEmpty()) {
            CompletableFuture.delayedExecutor(AGAIN.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> files.execute(() -> failedToPutBack(not)));
          }
        });
  }

  private void failedToPutBack(Map<Integer, Long> attempts) {
    if (!left) {
      attempts.forEach(core()::onPutBackFailed);
    }
  }

  // ---- what users' calls ask

  /** The names of the members that are waited for. */
  Set<String> missing() {
    RecoveryCore here = core;
    if (serving.hasEnded()) {
      return Set.of();
    }
    CompletableFuture<Set<String>> answer = new CompletableFuture<>();
    files.execute(
        () -> {
          Set<String> missing = new TreeSet<>();
          if (here != null) {
            here.missing().forEach(id -> missing.add(names.getOrDefault(id, id)));
          }
          answer.complete(missing);
        });
    return answer.completeOnTimeout(Set.of(), PATIENCE.toMillis(), TimeUnit.MILLISECONDS).join();
  }

  /** By the word of an operator. */
  void goOnWithoutMissing() {
    files.execute(
        () -> {
          if (core != null && !left) {
            core().goOnWithoutMissing();
          }
        });
  }

  // ---- the end

  /** The disk refused something: nothing that is not on it may be relied on. */
  void onRefused(PersistenceException refusal) {
    serving.end(String.valueOf(refusal.getMessage()));
  }

  /** This member is about to stop: whoever waits for it is told so. */
  void leave() {
    left = true;
    serving.leave();
    start.leave();
    gate.open();
  }

  /**
   * The cache is about to stop here.
   *
   * @param goes whether its files go then
   */
  void end(boolean goes) {
    destroyed = goes && !left;
    if (!start.isDone() || start.hasFailed() || putBacks == null) {
      close(); // it has no store
    }
  }

  /** The store has stopped. */
  void close() {
    boolean gone = destroyed;
    leave();
    files.ended(this);
    PutBacks sources = putBacks;
    if (sources != null) {
      sources.close();
    }
    closeFolder(gone);
  }

  private synchronized void closeFolder(boolean gone) {
    LifeFolder here = folder;
    folder = null;
    if (here != null) {
      try {
        if (gone) {
          here.delete();
        }
      } finally {
        here.close();
      }
    }
  }
}

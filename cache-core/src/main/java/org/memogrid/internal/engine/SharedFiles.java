/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachemanagerlistener.CacheManagerNotifier;
import org.infinispan.notifications.cachemanagerlistener.annotation.Merged;
import org.infinispan.notifications.cachemanagerlistener.annotation.ViewChanged;
import org.infinispan.notifications.cachemanagerlistener.event.ViewChangedEvent;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.Transport;
import org.memogrid.cluster.Member;
import org.memogrid.internal.wire.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The caches in files of one engine: a {@link Recovery} for each, the news between members, and the
 * threads that both need. What happens to all of them happens on one thread, which never waits for
 * anything but the disk. Thread-safe.
 */
final class SharedFiles {
  private static final Logger LOG = LoggerFactory.getLogger(SharedFiles.class);
  private static final String SERVICE = "files";
  private static final Duration GOODBYE = Duration.ofSeconds(2);

  private final CompletableFuture<Link> linked = new CompletableFuture<>();
  private final ConcurrentMap<String, Recovery> recoveries = new ConcurrentHashMap<>();
  private final AtomicBoolean watching = new AtomicBoolean();
  private final Set<String> leaving = ConcurrentHashMap.newKeySet();
  private final ExecutorService events = threads("memogrid-files", 1);
  private final ExecutorService work = threads("memogrid-files-work", Integer.MAX_VALUE);

  /** What came for caches that are not there yet; on the thread of the events. */
  private final Map<String, Map<String, News>> early = new HashMap<>();

  /**
   * The way to the other members.
   *
   * @param members the member behind an address
   */
  record Link(
      EmbeddedCacheManager manager,
      Member self,
      Wire wire,
      InstantSource clock,
      Function<Address, Member> members) {
    Set<String> ids() {
      return Set.copyOf(view().stream().map(Member::id).toList());
    }

    Transport transport() {
      return GlobalComponentRegistry.componentOf(manager, Transport.class);
    }

    /** All members, the oldest first; none after this one has left. */
    List<Member> view() {
      return transport().getMembers().stream().map(members).toList();
    }
  }

  private static ExecutorService threads(String name, int most) {
    ThreadFactory factory =
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        };
    ThreadPoolExecutor threads =
        most == 1
            ? new ThreadPoolExecutor(
                1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory)
            : new ThreadPoolExecutor(
                0, most, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
    threads.allowCoreThreadTimeOut(true); // who has no such cache has no thread for it
    return threads;
  }

  /** Those of the engine with that configuration. */
  static SharedFiles of(GlobalConfiguration engine) {
    return ((EntryMarshaller) engine.serialization().marshaller()).files();
  }

  /**
   * From now on other members are heard and told. Before the engine starts: when it has joined it
   * starts the caches that there are, before anybody else is asked.
   */
  void connect(
      EmbeddedCacheManager manager,
      Member self,
      Wire wire,
      InstantSource clock,
      Function<Address, Member> members) {
    Link link = new Link(manager, self, wire, clock, members);
    linked.complete(link);
    Behinds.of(manager.getCacheManagerConfiguration()).connect(link);
    var unused =
        wire.serve(
            SERVICE,
            News.FORMAT,
            incoming -> {
              News news = incoming.message();
              if (news instanceof News.Leaving) {
                leaving.add(incoming.from().id());
              }
              if (incoming.wantsReply()) {
                incoming.reply(new News.Noted());
              }
              execute(() -> onNews(incoming.from(), news));
            });
  }

  CompletableFuture<Link> linked() {
    return linked;
  }

  Link link() {
    return linked.join();
  }

  /**
   * A cache is about to start on all members. Each opens its files and tells the others before the
   * engine starts it on any: a member on which it starts first waits for what the others know.
   */
  Recovery expect(String cache, Path directory, int segments) {
    return recoveries.computeIfAbsent(
        cache,
        name -> {
          if (watching.compareAndSet(false, true)) {
            GlobalComponentRegistry.componentOf(link().manager, CacheManagerNotifier.class)
                .addListener(new Views());
          }
          Recovery recovery = new Recovery(name, directory, segments, this);
          recovery.open();
          return recovery;
        });
  }

  /** What the engine calls those that are here. */
  Set<String> names() {
    return Set.copyOf(recoveries.keySet());
  }

  Recovery recovery(String cache) {
    return requireNonNull(recoveries.get(cache), cache);
  }

  /**
   * The cache is about to stop here.
   *
   * @param goes whether its files go then
   */
  void end(String cache, BooleanSupplier goes) {
    Recovery recovery = recoveries.get(cache);
    if (recovery != null) {
      recovery.end(goes.getAsBoolean());
    }
  }

  /**
   * Returns when the cache may start here.
   *
   * @throws org.memogrid.cache.CacheException if it must not
   */
  void await(String cache) {
    Recovery recovery = recoveries.get(cache);
    if (recovery != null) {
      recovery.awaitStart();
    }
  }

  void ended(Recovery recovery) {
    recoveries.remove(recovery.engineName(), recovery);
    execute(() -> early.remove(recovery.engineName()));
  }

  /** What may wait; by whoever says so once this member has left. */
  void work(Runnable task) {
    Runnable logged =
        () -> {
          try {
            task.run();
          } catch (RuntimeException e) {
            LOG.warn("work on the files of a cache was not done", e);
          }
        };
    try {
      work.execute(logged);
    } catch (RejectedExecutionException e) {
      logged.run();
    }
  }

  /** In order, on the one thread; not any more once this member has left. */
  void execute(Runnable event) {
    try {
      events.execute(
          () -> {
            try {
              event.run();
            } catch (IllegalLifecycleStateException e) {
              LOG.debug("this member has left", e);
            } catch (RuntimeException e) {
              LOG.error("an event of a cache in files was lost: start this member again", e);
            }
          });
    } catch (RejectedExecutionException e) {
      LOG.debug("this member has left", e);
    }
  }

  // ---- news, on the thread of the events

  /** What came before the recovery was there. */
  Map<String, News> early(String cache) {
    Map<String, News> there = early.remove(cache);
    return there == null ? Map.of() : there;
  }

  private void onNews(Member from, News news) {
    if (news instanceof News.Known known) {
      onNews(from, known.cache(), news);
    } else if (news instanceof News.Failed failed) {
      onNews(from, failed.cache(), news);
    } else {
      recoveries.values().forEach(recovery -> recovery.serving().release());
    }
  }

  private void onNews(Member from, String cache, News news) {
    Recovery recovery = recoveries.get(cache);
    if (recovery == null || !recovery.hasBegun()) {
      early.computeIfAbsent(cache, name -> new HashMap<>()).put(from.id(), news);
    } else {
      recovery.onNews(from.id(), news);
    }
  }

  private void onView() {
    Set<String> ids = link().ids();
    early.values().forEach(heard -> heard.keySet().removeIf(id -> !ids.contains(id)));
    leaving.retainAll(ids);
    recoveries.values().forEach(Recovery::onView);
  }

  /**
   * @param news what the member of an id is told
   */
  void tellAll(Function<String, News> news) {
    Link link = link();
    Member self = link.self();
    for (Member member : link.view()) {
      if (!member.equals(self)) {
        link.wire.send(member, SERVICE, News.FORMAT, news.apply(member.id()));
      }
    }
  }

  /** Does nothing if there is no such member any more. */
  void tell(String id, News news) {
    Link link = link();
    for (Member member : link.view()) {
      if (member.id().equals(id)) {
        link.wire.send(member, SERVICE, News.FORMAT, news);
      }
    }
  }

  boolean isLeaving(String member) {
    return !leaving.isEmpty() && leaving.contains(member);
  }

  boolean someLeave() {
    return !leaving.isEmpty();
  }

  /**
   * Tells all that this member may miss writes from now on, and returns when they know: nobody
   * takes it for one that has a write which it answered with its end.
   */
  void leave() {
    if (recoveries.isEmpty()) {
      return;
    }
    recoveries.values().forEach(Recovery::leave);
    try {
      sayGoodbye(link());
    } catch (RuntimeException e) { // they are gone, or this member is cut off or was never there
      LOG.debug("not all were told that this member leaves", e);
    }
  }

  private void sayGoodbye(Link link) {
    CompletableFuture<?>[] told =
        link.view().stream()
            .filter(member -> !member.equals(link.self()))
            .map(
                member ->
                    link.wire.request(member, SERVICE, News.FORMAT, new News.Leaving(), GOODBYE))
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(told).join();
  }

  /** After the engine has stopped. */
  void close() {
    recoveries.values().forEach(this::close);
    events.shutdown();
    work.shutdown();
  }

  private void close(Recovery recovery) {
    try {
      recovery.close();
    } catch (RuntimeException e) {
      LOG.warn("the files of cache '{}' are not closed well", recovery.engineName(), e);
    }
  }

  /** Hears of views. */
  @Listener
  final class Views {
    @ViewChanged
    @Merged
    public void onView(ViewChangedEvent unused) {
      execute(SharedFiles.this::onView);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.memogrid.cache.CacheEvent.Type.CREATED;
import static org.memogrid.cache.CacheEvent.Type.REMOVED;
import static org.memogrid.cache.CacheEvent.Type.UPDATED;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The jobs of a member. Public only for {@link java.util.ServiceLoader}; not for users. */
public final class JobFeature implements Feature {
  private static final Logger LOG = LoggerFactory.getLogger(JobFeature.class);
  static final String STATES = "org.memogrid.jobs";
  private static final String HISTORIES = "org.memogrid.jobs.history";
  private static final int THREADS = 200;
  private static final int BEATS_PER_SWEEP = 5;
  private static final long MOST_SKEW = 500;

  private final Map<String, RunningJob> jobs = new ConcurrentHashMap<>();
  private final Set<Member> ahead = ConcurrentHashMap.newKeySet();
  private final Object starting = new Object();
  private @Nullable Node node;
  private volatile @Nullable Works works;
  private volatile @Nullable InstantSource clock;
  private @Nullable Board durable; // once one is started here
  private boolean stopped;
  private int beats;

  /** For the service loader. */
  public JobFeature() {}

  /** What there is once a job has been started here. */
  record Works(
      Node node,
      LeaseFeature leases,
      Board shared,
      Board own,
      Timer timer,
      ThreadPoolExecutor pool,
      JobCore.Runs runs,
      List<Registration> registrations) {}

  @Override
  public Layer layer() {
    return Layer.TASKS;
  }

  @Override
  public void start(Node member) {
    node = member;
    clock = member.clock();
  }

  /** For tests: what instants are compared with, from now on. */
  void clock(InstantSource clock) {
    this.clock = clock;
    poke();
  }

  /** For tests: the clock has been set. */
  void poke() {
    Works now = works;
    if (now != null) {
      now.timer.poke();
    }
  }

  long now() {
    return Objects.requireNonNull(clock, "clock").millis();
  }

  /** Compares clocks: that member began something at an instant that has not come here. */
  void noteAhead(Member member, long millis) {
    if (millis > MOST_SKEW && ahead.add(member)) {
      LOG.warn(
          "the clock of {} is at least {} ms ahead of that of this member, {}: jobs fire earlier or"
              + " later, depending on who has them; set the clocks by NTP",
          member,
          millis,
          Objects.requireNonNull(node, "node").membership().self());
    }
  }

  /** For tests: whose clocks this member has warned of. */
  Set<Member> ahead() {
    return Set.copyOf(ahead);
  }

  // ---- jobs

  Job start(RunningJob.Plan plan) {
    while (true) {
      RunningJob before;
      synchronized (starting) {
        Works works = works(plan.name());
        Board board = board(plan, works);
        Kept kept = board.kept();
        boolean waits = kept != null && kept.waits();
        if (!waits) {
          check(plan, board); // before anything changes
        }
        before = jobs.get(plan.name());
        if (before == null) {
          if (kept != null) {
            kept.claim(plan.name());
          }
          if (!waits) {
            schedule(plan, board);
          }
          RunningJob job = new RunningJob(plan, this, works, board, !waits);
          jobs.put(plan.name(), job);
          job.start();
          return job;
        }
      }
      if (before.isRunByThisThread()) {
        throw new IllegalStateException(
            "job '"
                + plan.name()
                + "' can't be started anew by its own firing, which that would wait for: use"
                + " reschedule(...)");
      }
      before.close();
    }
  }

  private Board board(RunningJob.Plan plan, Works works) {
    Persist persist = plan.persist();
    return persist != null
        ? durable(plan.name(), persist, works)
        : plan.everyNode() ? works.own : works.shared;
  }

  private Board durable(String job, Persist persist, Works works) {
    Board there = durable;
    if (there == null) {
      Store store = Kept.open(works.node, job, persist);
      there = works.shared.keptIn(store, persist);
      works.registrations.add(listen(store, there));
      durable = there;
    }
    Kept kept = there.kept();
    if (kept != null) {
      kept.requireSame(job, persist);
    }
    return there;
  }

  private void check(RunningJob.Plan plan, Board board) {
    Entry there = board.read(plan.name(), null);
    if (there != null && there.state().definition().equals(plan.definition())) {
      return;
    }
    try {
      var unused = JobState.begin(plan.definition(), now());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("job '" + plan.name() + "': " + e.getMessage(), e);
    }
  }

  /** Has the cluster know it by this definition. */
  void schedule(RunningJob.Plan plan, Board board) {
    String job = plan.name();
    while (true) {
      Entry there = board.read(job, null);
      JobState before = there == null ? null : there.state();
      JobState after = JobState.offered(before, plan.definition(), board.floor(), now());
      if (after == null) {
        break;
      }
      if (there == null || before == null) {
        if (board.add(job, after) != null) {
          break;
        }
      } else if (board.swap(job, there, after) != null) {
        LOG.info(
            "job '{}' is replaced in the whole cluster: it was {}, and is {}",
            job,
            before.definition(),
            plan.definition());
        break;
      }
    }
    Kept kept = board.kept();
    if (kept != null) {
      kept.claim(job); // again: it may have been unscheduled meanwhile
    }
  }

  void closed(RunningJob job) {
    jobs.remove(job.name(), job);
  }

  // ---- the works

  private Works works(String job) {
    if (stopped) {
      throw new IllegalStateException(
          "job '" + job + "': the cluster is closed on this member: join it again");
    }
    Works now = works;
    if (now == null) {
      now = open(Objects.requireNonNull(node, "jobs are used before the member has started them"));
      works = now;
    }
    return now;
  }

  private Works open(Node node) {
    String name = "memogrid-" + node.membership().self().name() + "-job";
    Versions versions = new Versions();
    Store states = node.store(STATES, CacheOptions.of(Mode.REPLICATED));
    Store histories = node.store(HISTORIES, CacheOptions.of(Mode.DISTRIBUTED));
    Store own = node.store(STATES + ".own", CacheOptions.of(Mode.LOCAL));
    Store ownHistories = node.store(HISTORIES + ".own", CacheOptions.of(Mode.LOCAL));
    Board shared = new Board(states, histories, node.codec(), versions, null);
    Board local = new Board(own, ownHistories, node.codec(), versions, null);
    List<Registration> registrations = new CopyOnWriteArrayList<>();
    registrations.add(listen(states, shared));
    registrations.add(listen(own, local));
    registrations.add(node.onView(() -> jobs.values().forEach(RunningJob::onView)));
    return new Works(
        node,
        node.feature(LeaseFeature.class),
        shared,
        local,
        new Timer(name + "-timer", this::now, this::beat),
        pool(name),
        new Runs(),
        registrations);
  }

  private Registration listen(Store store, Board board) {
    return store.listen(
        (type, key, value, old) -> {
          RunningJob job = jobs.get((String) key);
          if (job != null) {
            job.changed(board, value);
          }
        },
        Set.of(CREATED, UPDATED, REMOVED));
  }

  private static ThreadPoolExecutor pool(String name) {
    AtomicInteger count = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /** The runs of a member, whatever handle of a job they were begun by. */
  private static final class Runs implements JobCore.Runs {
    private final AtomicLong numbers = new AtomicLong();
    private final Set<Long> live = ConcurrentHashMap.newKeySet();

    @Override
    public long next() {
      return numbers.incrementAndGet();
    }

    @Override
    public void began(long run) {
      live.add(run);
    }

    @Override
    public void ended(long run) {
      live.remove(run);
    }

    @Override
    public boolean isLive(long run) {
      return live.contains(run);
    }
  }

  /** Events of a store may be missed while members come and go. */
  private void beat() {
    jobs.values().forEach(RunningJob::offerAgain);
    if (++beats % BEATS_PER_SWEEP == 0) {
      jobs.values().forEach(RunningJob::sweep);
    }
  }

  /** Ends them all at once, so that they take as long as the slowest. */
  @Override
  public void stop() {
    Works now;
    Map<RunningJob, CompletableFuture<@Nullable Void>> ends = new HashMap<>();
    synchronized (starting) {
      stopped = true;
      now = works;
      jobs.values().forEach(job -> ends.put(job, job.end(true)));
    }
    if (now == null) {
      return;
    }
    try {
      CompletableFuture.allOf(ends.values().toArray(CompletableFuture<?>[]::new))
          .get(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("not all jobs have stopped; leaving all the same", e);
    }
    now.registrations.forEach(Registration::close);
    now.timer.close();
    now.pool.shutdown();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.infinispan.Cache;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryModified;
import org.infinispan.notifications.cachelistener.annotation.DataRehashed;
import org.infinispan.notifications.cachelistener.event.CacheEntryEvent;
import org.infinispan.notifications.cachelistener.event.DataRehashedEvent;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;

/**
 * Which caches the cluster has and with which options: a replicated map that every member holds
 * from its start. A name is noted, with an {@link Incarnation} and options; then it runs; then it
 * ends, in three steps. That is remembered for an hour, so that the next of that name is another
 * life.
 *
 * <p>Invariants: the writes of one name happen one after the other on all members, since one
 * member, the name's primary owner, orders them and has each finished by all before the next. What
 * a member does because of a change is a part of the write: see {@link #onChange}. So all members
 * have defined a cache before any of them starts it, all have started it when its opener goes on,
 * and all have ended it before one of that name can begin anew.
 *
 * <p>A member that dies while it writes may leave members that differ. What decides is what the
 * primary owner has, so nothing is written but on that, and each write brings all to agree.
 */
final class OptionsRegistry {
  static final String NAME = "org.memogrid.options";

  /** How long a write waits for the members' starts and for the write before it. */
  private static final long PATIENCE_SECONDS = 60;

  /** How long an end is remembered: longer than anything is late. */
  private static final long REMEMBERED_SECONDS = 3_600;

  private final Cache<String, Envelope> entries;
  private final Codec codec;
  private final Calls calls;

  /** What becomes of a cache, in this order. */
  enum State {
    /** All members are to know it. */
    NOTED(0),
    /** All members are to run it. */
    RUNS(1),
    /** No member is to start it any more: there is no cache of that name. */
    ENDING(2),
    /** Who coordinates is to forget who runs it. */
    DISBANDED(3),
    /** No member is to run it. */
    ENDED(4);

    private final long number;

    State(long number) {
      this.number = number;
    }

    /** Whether its end has begun, or is over. */
    boolean isEnding() {
      return number >= ENDING.number;
    }

    /** The next on the way to its end. */
    private State towardsTheEnd() {
      return switch (this) {
        case NOTED, RUNS -> ENDING;
        case ENDING -> DISBANDED;
        case DISBANDED, ENDED -> ENDED;
      };
    }

    static State of(Envelope envelope) {
      long number = envelope.version().number();
      for (State state : values()) {
        if (state.number == number) {
          return state;
        }
      }
      throw new IllegalStateException(
          "a cache in state "
              + number
              + " arrived, which this version does not know: run one version on all members");
    }
  }

  /** A cache that the cluster has or had. */
  record Entry(Incarnation incarnation, State state, CacheOptions options) {
    /** Equal to another of the same incarnation and state. */
    private Envelope envelope() {
      Envelope.Version version = new Envelope.Version(incarnation.id(), state.number);
      return Envelope.ofBytes(version, OptionsFormat.write(options));
    }

    /** The same later. */
    private Entry in(State later) {
      return new Entry(incarnation, later, options);
    }

    String name() {
      return incarnation.cache();
    }

    /** The engine forgets an entry after that long; -1 for never. */
    private long lifespan() {
      return state == State.ENDED ? REMEMBERED_SECONDS : -1;
    }
  }

  /**
   * @param entries the map, which {@link #start} opens on this member; the others must do the same
   */
  OptionsRegistry(Cache<String, Envelope> entries, Codec codec, Calls calls) {
    this.entries = entries;
    this.codec = codec;
    this.calls = calls;
  }

  static void define(EmbeddedCacheManager manager, Partitions partitions) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder.encoding().mediaType(MediaType.APPLICATION_OBJECT_TYPE);
    builder.locking().lockAcquisitionTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS);
    builder.clustering().remoteTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS);
    EngineConfiguration.whenSplit(builder.clustering().cacheMode(CacheMode.REPL_SYNC), partitions);
    var unused = manager.defineConfiguration(NAME, builder.build());
  }

  /** Returns when this member has what the others have. */
  static Cache<String, Envelope> start(EmbeddedCacheManager manager) {
    return manager.getCache(NAME);
  }

  /**
   * Has the listener told of each name of which something is written, on every member; the write is
   * over when what all the listeners answered is. May be told again of the same. Must not block.
   */
  void onChange(Function<String, CompletionStage<Void>> listener) {
    entries.addListener(new Changes(listener));
  }

  /** Has the listener told, on the engine's threads, when entries of other members have arrived. */
  void onArrivals(Runnable listener) {
    entries.addListener(new Arrivals(listener));
  }

  /** What this member knows of a name; null if there is no cache of that name, or its end began. */
  @Nullable Entry get(String name) {
    Entry known = known(name);
    return known == null || known.state.isEnding() ? null : known;
  }

  /**
   * Whether that life was ended, by somebody's word. One that is not known any more may have been
   * forgotten with all who knew it, while this member was cut off.
   */
  boolean hasEnded(Incarnation incarnation) {
    Entry known = known(incarnation.cache());
    return known != null && known.state == State.ENDED && known.incarnation.equals(incarnation);
  }

  /** The same, also of a cache that ends or has ended. */
  @Nullable Entry known(String name) {
    Envelope there = calls.await(() -> entries.getAsync(name));
    return there == null ? null : entry(name, there);
  }

  /** Notes a cache unless there is one of that name, and answers the one that is there then. */
  Entry note(String name, CacheOptions options) {
    while (true) {
      Entry there = putIfAbsent(new Entry(Incarnation.first(name, options), State.NOTED, options));
      if (!there.state.isEnding()) {
        return there;
      }
      if (there.state != State.ENDED) {
        var unused = advance(there); // who began to end it may have died
        continue;
      }
      Entry next = new Entry(there.incarnation.next(options), State.NOTED, options);
      if (replace(there, next)) {
        return next;
      }
    }
  }

  /**
   * Has every member run the cache, and returns when they do. Also if they should already: who
   * finds it so may be ahead of a member that has not yet.
   *
   * @return false if there is not that cache any more
   */
  boolean run(Entry there) {
    return replace(there, there.in(State.RUNS));
  }

  /**
   * Has every member end the cache, if there is that one; returns when they have.
   *
   * <p>In steps, each over on all members before the next. As they stop a cache one after the other
   * the engine takes each for one that leaves the others with its entries: it moves these, until
   * the last are left with nobody to have them of, and complains of lost data. So it is told first
   * that nobody runs the cache. Before that nobody may be about to start it: who does waits for
   * what the one who coordinates knows.
   */
  void end(Incarnation incarnation) {
    Entry tried = null;
    while (true) {
      Entry here = known(incarnation.cache());
      if (here == null || !here.incarnation.equals(incarnation)) {
        return;
      }
      boolean done = advance(here);
      if (here.state == State.ENDED) {
        return;
      }
      if (!done && here.equals(tried)) { // the primary owner has another, whose writer died
        confirm(here);
      }
      tried = done ? null : here;
    }
  }

  /**
   * Takes the next step to the end of a cache, with every member; if all are taken, returns when
   * every member has taken the last.
   *
   * @return false if the primary owner has another by now
   */
  boolean advance(Entry there) {
    return replace(there, there.in(there.state.towardsTheEnd()));
  }

  /** Brings all members to agree on a name: to have what the primary owner has, or else this. */
  private void confirm(Entry here) {
    Entry there = putIfAbsent(here);
    var unused = replace(there, there);
  }

  private Entry putIfAbsent(Entry entry) {
    Envelope before = calls.write(() -> entries.putIfAbsentAsync(entry.name(), entry.envelope()));
    return before == null ? entry : entry(entry.name(), before);
  }

  private boolean replace(Entry there, Entry now) {
    return calls.write(
        () ->
            entries.replaceAsync(
                there.name(), there.envelope(), now.envelope(), now.lifespan(), TimeUnit.SECONDS));
  }

  private Entry entry(String name, Envelope envelope) {
    return new Entry(
        new Incarnation(name, envelope.version().origin()),
        State.of(envelope),
        OptionsFormat.read(requireNonNull(envelope.bytes(codec), "options")));
  }

  /** False in a split, for those who may be the lesser part; and once this member has left. */
  boolean isWhole() {
    return entries.getStatus().allowInvocations()
        && entries.getAdvancedCache().getAvailability() == AvailabilityMode.AVAILABLE;
  }

  /** The names of the caches that there are. */
  Set<String> names() {
    Set<String> names = new TreeSet<>();
    eachKnown(
        (name, envelope) -> {
          if (!State.of(envelope).isEnding()) {
            names.add(name);
          }
        });
    return names;
  }

  /** The caches whose end has begun and is not over. */
  List<Incarnation> ending() {
    List<Incarnation> ending = new ArrayList<>();
    eachKnown(
        (name, envelope) -> {
          State state = State.of(envelope);
          if (state.isEnding() && state != State.ENDED) {
            ending.add(new Incarnation(name, envelope.version().origin()));
          }
        });
    return ending;
  }

  private void eachKnown(BiConsumer<String, Envelope> action) {
    try {
      entries.forEach(action); // this member has them all
    } catch (RuntimeException e) {
      throw EngineFailure.of(NAME, "open", e);
    }
  }

  /** Synchronous, and so a part of the write. */
  @Listener(observation = Listener.Observation.POST)
  static final class Changes {
    private final Function<String, CompletionStage<Void>> listener;

    Changes(Function<String, CompletionStage<Void>> listener) {
      this.listener = listener;
    }

    @CacheEntryCreated
    @CacheEntryModified
    public CompletionStage<Void> onChange(CacheEntryEvent<String, Envelope> event) {
      return listener.apply(event.getKey());
    }
  }

  @Listener(observation = Listener.Observation.POST)
  static final class Arrivals {
    private final Runnable listener;

    Arrivals(Runnable listener) {
      this.listener = listener;
    }

    @DataRehashed
    public void onRehashed(DataRehashedEvent<?, ?> unused) {
      listener.run();
    }
  }
}

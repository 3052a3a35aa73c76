/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import javax.cache.event.EventType;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import javax.cache.processor.MutableEntry;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Runs a processor on the calling thread, while no other thread here has the key, and publishes
 * what it did if the entry is still the one it saw. If another member was faster, it runs again on
 * what that one left; what it did before is forgotten, but for its own side effects and the
 * writer's.
 */
final class Processing<K, V> {
  private final Entries<K, V> entries;
  private final Values values;
  private final Types types;
  private final Loading<K, V> loading;
  private final Writing<K, V> writing;
  private final Statistics statistics;

  Processing(
      Entries<K, V> entries,
      Values values,
      Types types,
      Loading<K, V> loading,
      Writing<K, V> writing,
      Statistics statistics) {
    this.entries = entries;
    this.values = values;
    this.types = types;
    this.loading = loading;
    this.writing = writing;
    this.statistics = statistics;
  }

  /** To be called while the caller holds the key. */
  <T> @Nullable T run(K key, EntryProcessor<K, V, T> processor, @Nullable Object... arguments) {
    Complaints complaints = new Complaints();
    Entries<K, V>.Turn turn = entries.turn(complaints);
    while (true) {
      long begun = statistics.begin();
      Entries.Seen seen = entries.look(key);
      Work work = new Work(key, seen);
      try {
        T result = process(processor, work, arguments);
        if (!work.overtaken && publish(work, turn, complaints, begun)) {
          statistics.found(work.there != null);
          complaints.rethrow();
          return result;
        }
      } finally {
        work.giveBack();
      }
    }
  }

  private <T> @Nullable T process(
      EntryProcessor<K, V, T> processor, Work work, @Nullable Object... arguments) {
    try {
      return processor.process(work, arguments);
    } catch (EntryProcessorException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new EntryProcessorException("the processor failed on key " + work.getKey(), e);
    }
  }

  private boolean publish(Work work, Entries<K, V>.Turn turn, Complaints complaints, long begun) {
    K key = work.key;
    Envelope there = work.there;
    switch (work.step) {
      case READ -> {
        if (there != null) {
          entries.use(key, there, complaints);
        }
        return true;
      }
      case LOADED, SET -> {
        Values.Sealed sealed = values.seal(work.present());
        if (work.step == Step.SET) {
          writing.write(key, work.present());
        }
        Entries.Why why = work.step == Step.SET ? Entries.Why.CHANGED : Entries.Why.LOADED;
        Entries.Outcome outcome = entries.publish(key, work.seen, sealed, why, turn);
        work.holds = false;
        if (outcome == Entries.Outcome.STORED && work.step == Step.SET) {
          statistics.puts(1, begun);
        }
        return outcome != Entries.Outcome.CONFLICT;
      }
      case REMOVED -> {
        writing.delete(key);
        if (there == null) {
          return entries.vacate(key, work.seen);
        }
        boolean removed = entries.retire(key, there, EventType.REMOVED, complaints);
        if (removed) {
          statistics.removals(1, begun);
        }
        return removed;
      }
      case UNDONE -> {
        return entries.vacate(key, work.seen);
      }
      case NONE -> {
        return true;
      }
    }
    throw new AssertionError(work.step);
  }

  private enum Step {
    NONE,
    READ,
    LOADED,
    SET,
    REMOVED,
    /** What this run made is removed again: nothing that a writer would know of. */
    UNDONE
  }

  /** The entry as the processor sees it. */
  private final class Work implements MutableEntry<K, V> {
    private final K key;
    private final @Nullable Envelope there;
    private Entries.Seen seen;
    private boolean holds;
    private boolean overtaken;
    private Step step = Step.NONE;
    private @Nullable V value;
    private boolean read;

    Work(K key, Entries.Seen seen) {
      this.key = key;
      this.seen = seen;
      this.there = seen.entry();
    }

    V present() {
      return types.value("value", value);
    }

    @Override
    public K getKey() {
      return key;
    }

    @Override
    public boolean exists() {
      return switch (step) {
        case NONE, READ -> there != null;
        case LOADED, SET -> true;
        case REMOVED, UNDONE -> false;
      };
    }

    @Override
    public @Nullable V getValue() {
      if (step != Step.NONE && step != Step.READ) {
        return value;
      }
      if (!read) {
        read = true;
        value = there == null ? load() : entries.open(there);
      }
      if (there != null) {
        step = Step.READ;
      } else if (value != null) {
        step = Step.LOADED;
      }
      return value;
    }

    /** What another member puts or removes from now on has the processor run again. */
    private @Nullable V load() {
      if (!loading.isPossible()) {
        return null;
      }
      seen = entries.hold(key);
      holds = true;
      if (seen.entry() != null) {
        overtaken = true;
        return entries.open(seen.entry());
      }
      return loading.load(key);
    }

    /** Ends the hold if nothing was published over it. */
    void giveBack() {
      if (holds) {
        entries.giveBack(key, seen);
      }
    }

    @Override
    public void setValue(V value) {
      this.value = types.value("value", value);
      step = Step.SET;
    }

    @Override
    public void remove() {
      step =
          (step == Step.SET || step == Step.LOADED) && there == null ? Step.UNDONE : Step.REMOVED;
      value = null;
      read = true;
    }

    @Override
    public <T> T unwrap(Class<T> type) {
      if (type.isInstance(this)) {
        return type.cast(this);
      }
      throw new IllegalArgumentException("an entry is no " + type.getName());
    }
  }
}

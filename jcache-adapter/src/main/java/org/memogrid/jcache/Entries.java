/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.Objects;
import javax.cache.event.EventType;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Hold;
import org.memogrid.internal.store.Renewals;
import org.memogrid.internal.store.Store;

/**
 * One entry at a time: found, used, published, retired. Every change is conditional on the version
 * that the caller read, so a caller that is told no reads again and decides anew; other members
 * take part without knowing. What a change means to listeners is said here and nowhere else.
 */
final class Entries<K, V> {
  private final Store store;
  private final Values values;
  private final Lives lives;
  private final Listeners<K, V> listeners;
  private final Renewals renewals;

  Entries(Store store, Values values, Lives lives, Listeners<K, V> listeners, Renewals renewals) {
    this.store = store;
    this.values = values;
    this.lives = lives;
    this.listeners = listeners;
    this.renewals = renewals;
  }

  /**
   * What holds a key: an entry, a tombstone, or nothing. The last two are nothing to users; a
   * change is on condition of what it is all the same.
   */
  record Seen(@Nullable Envelope held) {
    @Nullable Envelope entry() {
      return held == null || held.isTombstone() ? null : held;
    }
  }

  /** What is there, without using it. */
  @Nullable Envelope find(K key) {
    return look(key).entry();
  }

  /** What is there, for a change that depends on it. */
  Seen look(K key) {
    return new Seen(store.get(key));
  }

  /** Lays hold of a key whose value is to be made. */
  Seen hold(K key) {
    return new Seen(Hold.take(store, key, lives.now()).there());
  }

  boolean stands(K key, Seen held) {
    return Objects.equals(held.held(), store.get(key));
  }

  /** Ends the hold of a key for which nothing was made. */
  void giveBack(K key, Seen held) {
    if (held.held() != null) {
      new Hold(held.held()).giveBack(store, key, lives.now());
    }
  }

  @SuppressWarnings("unchecked") // what the users of the cache put
  V open(Envelope there) {
    return (V) values.open(there);
  }

  @Nullable V openOrNull(@Nullable Envelope there) {
    return there == null ? null : open(there);
  }

  /** Has an entry live as its use says. */
  void use(K key, Envelope there, Complaints complaints) {
    renewals.used(key, there);
    Life life = lives.used();
    if (life == null) {
      return;
    }
    if (life.isNone()) {
      var unused = retire(key, there, EventType.EXPIRED, complaints);
    } else if (life.expiresAt() != there.expiresAt()) {
      store.renew(key, there.expiring(life.expiresAt(), life.idleMillis(), lives.now()));
    }
  }

  /**
   * One call: the expiry policy is asked each question once, and only if need be, and listeners'
   * complaints wait for the end.
   */
  final class Turn {
    private final Complaints complaints;
    private @Nullable Life created;
    private @Nullable Life updated;

    private Turn(Complaints complaints) {
      this.complaints = complaints;
    }

    private Life life(@Nullable Envelope there) {
      if (there == null) {
        created = created == null ? lives.created() : created;
        return created;
      }
      updated = updated == null ? lives.updated(there) : updated;
      return updated;
    }
  }

  Turn turn(Complaints complaints) {
    return new Turn(complaints);
  }

  /** What came of an attempt to publish. */
  enum Outcome {
    STORED,
    /** Its life was over before it began. */
    NOT_STORED,
    /** Another is there than was read. */
    CONFLICT
  }

  /** Why a value is published. */
  enum Why {
    /** It was missed here: in INVALIDATED other members may have it, and keep their copies. */
    LOADED,
    /** It is to replace what is there, on whatever member. */
    CHANGED
  }

  /** Stores a value if what was read is still there, and tells the listeners. */
  Outcome publish(K key, Seen seen, Values.Sealed value, Why why, Turn turn) {
    Envelope held = seen.held();
    Envelope there = seen.entry();
    Life life = turn.life(there);
    if (life.isNone()) {
      if (there == null && why == Why.LOADED && store.mode() == Mode.INVALIDATED) {
        boolean stood = stands(key, seen);
        giveBack(key, seen);
        return stood ? Outcome.NOT_STORED : Outcome.CONFLICT;
      }
      boolean gone =
          there == null
              ? vacate(key, seen)
              : retire(key, there, EventType.EXPIRED, turn.complaints);
      return gone ? Outcome.NOT_STORED : Outcome.CONFLICT;
    }
    Envelope envelope = life.of(value.envelope(), lives.now());
    boolean stored =
        held == null
            ? Conditional.add(store, key, envelope)
            : why == Why.LOADED
                ? Conditional.keep(store, key, held, envelope)
                : Conditional.swap(store, key, held, envelope);
    if (!stored) {
      return Outcome.CONFLICT;
    }
    listeners.changed(
        there == null ? EventType.CREATED : EventType.UPDATED,
        key,
        envelope,
        there,
        turn.complaints);
    return Outcome.STORED;
  }

  /** Removes an entry if it is still the one that was read, and tells the listeners. */
  boolean retire(K key, Envelope there, EventType why, Complaints complaints) {
    if (listeners.isEmpty()) {
      return Conditional.remove(store, key, there);
    }
    listeners.leaving(there);
    if (!Conditional.remove(store, key, there)) {
      listeners.stayed(there);
      return false;
    }
    listeners.changed(why, key, null, there, complaints);
    return true;
  }

  /**
   * Removes where this member found no entry: the copies of others in INVALIDATED, and a tombstone,
   * which may keep the place of a load that is under way. No event: nobody knows of an entry.
   *
   * @return false if something else is there by now
   */
  boolean vacate(K key, Seen seen) {
    if (store.mode() == Mode.INVALIDATED) {
      var unused = store.remove(key);
      return true;
    }
    return seen.held() == null || Conditional.remove(store, key, seen.held());
  }

  /**
   * Whether a write need not know what it replaces: nobody listens, and every write gets the same
   * life. Then it is one message instead of two.
   */
  boolean isBlind() {
    return listeners.isEmpty() && lives.isBlind();
  }

  /** Stores a value whatever is there. For blind writes alone. */
  Envelope sealed(Values.Sealed value) {
    return lives.created().of(value.envelope(), lives.now());
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether one member serves users of a cache in files, and what they are told if it does not.
 *
 * <p>Invariant: {@link #serves} is set to true on the thread of the events alone, and is false for
 * good soon after the service has {@linkplain #end ended}: at the latest by the event that the end
 * brings. Thread-safe, but for what says otherwise.
 */
final class Serving implements Hold.Service {
  private static final Logger LOG = LoggerFactory.getLogger(Serving.class);

  private final String cache;
  private final SharedFiles files;
  private final Supplier<Set<String>> missing;
  private final Hold hold;
  private final Answers answers;
  private volatile boolean serves;

  /** Why this member will serve nobody any more. */
  private volatile @Nullable String ended;

  /** Whether the engine refuses, on this side of a split. */
  private volatile boolean cut;

  /**
   * @param missing the names of the members that are waited for
   */
  Serving(String cache, SharedFiles files, Supplier<Set<String>> missing) {
    this.cache = cache;
    this.files = files;
    this.missing = missing;
    this.hold = new Hold(this);
    this.answers = new Answers(files, this::release);
  }

  /** For users' calls on this member. */
  Hold hold() {
    return hold;
  }

  @Override
  public boolean serves() {
    return serves;
  }

  @Override
  public boolean hasEnded() {
    return ended != null;
  }

  boolean isCut() {
    return cut;
  }

  /**
   * For calls that came this far, of this member's users or of others'.
   *
   * @throws HeldException if none are served now
   */
  void requireServing() {
    if (!serves) {
      throw new HeldException(HeldReasons.refused(cache, files.link().self().name(), ended, cut));
    }
  }

  /** Null if a write may be answered at once. */
  @Nullable CompletableFuture<Void> confirmed() {
    return answers.confirmed();
  }

  @Override
  public boolean goesOn() {
    return ended == null && !cut && missing.get().isEmpty();
  }

  @Override
  public String why() {
    String why = ended;
    if (why != null) {
      return HeldReasons.ended(cache, why);
    }
    if (cut) {
      return HeldReasons.cut(cache);
    }
    Set<String> absent = missing.get();
    return absent.isEmpty() ? HeldReasons.puttingBack(cache) : HeldReasons.missing(cache, absent);
  }

  /** For good: what waits is refused. */
  void end(String why) {
    if (ended == null) {
      LOG.error("cache '{}' is not served here any more: {}", cache, why);
    }
    stop(why);
  }

  /** The same, as it should be. */
  void leave() {
    stop("it is closed on this member");
  }

  private void stop(String why) {
    if (ended == null) {
      ended = why;
    }
    serves = false;
    hold.release();
    files.execute(this::release);
  }

  // ---- on the thread of the events

  void serve(boolean on) {
    serves = on && ended == null;
    if (serves) {
      hold.release();
    }
  }

  void cut(boolean now) {
    cut = now;
  }

  /** The members of the last layout, which is on the disk. */
  void onLayout(List<String> members) {
    answers.onLayout(members);
  }

  /** Answers what waits, if it may be, or refuses it. */
  void release() {
    if (cut || ended != null) {
      serves = false;
      answers.refuse(HeldReasons.refused(cache, files.link().self().name(), ended, cut));
    } else {
      answers.release();
    }
  }
}

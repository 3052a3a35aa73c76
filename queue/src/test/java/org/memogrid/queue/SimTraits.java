/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What the users of one simulated queue make use of, drawn beside what happens to it, so that a
 * life without any of it is as it was.
 */
final class SimTraits {
  /** Whether members leave in order. */
  final boolean leaves;

  /** How long a leaving member waits for its handlers, in milliseconds. */
  final int patience;

  /** Whether the disk of a durable queue does at times. */
  final boolean refuses;

  private final Random chance;
  private final int keys;
  private final int capacity;
  private final boolean twice;
  private final boolean priorities;
  private final boolean delays;
  private final boolean expires;

  SimTraits(long seed, int keys) {
    this.chance = new Random(seed * 0x9e3779b97f4a7c15L);
    this.keys = keys;
    boolean any = chance.nextInt(3) > 0;
    this.capacity = any && chance.nextInt(3) == 0 ? 2 + chance.nextInt(20) : 0;
    this.twice = any && chance.nextInt(3) == 0;
    this.priorities = any && chance.nextInt(3) == 0;
    this.delays = any && chance.nextInt(3) == 0;
    this.expires = any && chance.nextInt(4) == 0;
    this.leaves = any && chance.nextInt(3) == 0;
    this.patience = chance.nextBoolean() ? 3_000 : chance.nextInt(40);
    this.refuses = new Random(~seed).nextInt(3) == 0;
  }

  private SimTraits() {
    this.chance = new Random(0);
    this.keys = 0;
    this.capacity = 0;
    this.twice = false;
    this.priorities = false;
    this.delays = false;
    this.expires = false;
    this.leaves = false;
    this.patience = 3_000;
    this.refuses = false;
  }

  /** Of users that want nothing of it. */
  static SimTraits plain() {
    return new SimTraits();
  }

  Settings settings() {
    return new Settings(
        4, 3, 20, 200, capacity, WhenFull.BLOCK, 1 << 20, 60_000, 0, 1_000, 0, 1_000);
  }

  int capacity() {
    return capacity;
  }

  /** Of one message, at that time. */
  Traits of(int number, long now) {
    return new Traits(
        priorities ? chance.nextInt(Traits.PRIORITIES) : Traits.NORMAL,
        delays && chance.nextInt(3) == 0 ? now + chance.nextInt(500) : 0,
        expires && chance.nextInt(3) == 0 ? now + 1 + chance.nextInt(2_000) : 0,
        keys > 0 ? "k" + number % keys : null,
        dedupeId(number),
        null,
        null,
        Map.of(),
        Traits.Room.AS_QUEUE);
  }

  /** Two messages have the same one. */
  private @Nullable String dedupeId(int number) {
    return twice ? "d" + number / 2 : null;
  }
}

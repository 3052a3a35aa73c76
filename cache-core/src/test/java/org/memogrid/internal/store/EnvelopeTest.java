/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope.Version;

class EnvelopeTest {
  /** A byte each, so that decoding takes no time. */
  private static final Codec CODEC =
      new Codec() {
        @Override
        public byte[] encode(Object value) {
          return new byte[] {((Integer) value).byteValue()};
        }

        @Override
        public Object decode(byte[] bytes) {
          return (int) bytes[0];
        }
      };

  @Test
  void whileItIsDecodedItIsNoTombstone() throws Exception {
    requireWhileDecoded(there -> !there.isTombstone());
  }

  @Test
  void whileItIsDecodedACopyIsNoTombstone() throws Exception {
    requireWhileDecoded(there -> !there.withToken(1).isTombstone());
  }

  @Test
  void whileItIsDecodedItHasBytes() throws Exception {
    requireWhileDecoded(there -> there.bytes(CODEC) != null);
  }

  /** One thread decodes one after the other while this one looks at nothing else. */
  private static void requireWhileDecoded(Predicate<Envelope> holds) throws Exception {
    int rounds = 1_000_000;
    AtomicReferenceArray<Envelope> now = new AtomicReferenceArray<>(new Envelope[] {fresh(0)});
    AtomicBoolean over = new AtomicBoolean();
    ForkJoinTask<?> decoding =
        ForkJoinPool.commonPool()
            .submit(
                () -> {
                  for (int i = 1; i < rounds && !over.get(); i++) {
                    Envelope next = fresh(i);
                    now.set(0, next);
                    var unused = next.value(CODEC);
                  }
                });
    try {
      while (!decoding.isDone()) {
        Envelope there = now.get(0);
        if (!holds.test(there)) { // an assertion each would take too long
          throw new AssertionError(there + " seemed to be a tombstone");
        }
      }
    } finally {
      over.set(true);
    }
    decoding.get();
  }

  private static Envelope fresh(int number) {
    return Envelope.ofBytes(new Version(1, number), new byte[] {(byte) number});
  }

  @Test
  void whatIsChangedIsAllThatChanges() {
    Envelope whole =
        Envelope.ofValue(new Version(1, 2), 3)
            .expiring(4000, 500, 60)
            .withToken(7)
            .withTags(Set.of("eight"))
            .withFresh(new Envelope.Fresh(9, 10, 11))
            .after(Envelope.tombstone(new Version(12, 13)))
            .renewed();
    Envelope again = whole.withToken(14);
    assertThat(again.version()).isEqualTo(new Version(1, 2));
    assertThat(again.value(CODEC)).isEqualTo(3);
    assertThat(again.expiresAt()).isEqualTo(4000);
    assertThat(again.idleMillis()).isEqualTo(500);
    assertThat(again.touchedAt()).isEqualTo(60);
    assertThat(again.tags()).containsExactly("eight");
    assertThat(again.fresh()).isEqualTo(new Envelope.Fresh(9, 10, 11));
    assertThat(again.ancestors()).containsExactly(new Version(12, 13));
    assertThat(again.isFirst()).isTrue();
    assertThat(again.isRenewed()).isTrue();
    assertThat(again.token()).isEqualTo(14);
    assertThat(again).isEqualTo(whole);
  }

  @Test
  void itIsSteadyUntilThenAndNoLonger() {
    Random random = new Random(1);
    for (int round = 0; round < 5_000; round++) {
      long lag = random.nextInt(30);
      Envelope entry = Envelope.ofValue(new Version(1, 2), "v");
      if (random.nextBoolean()) {
        long end = random.nextBoolean() ? Envelope.NEVER : random.nextInt(200);
        entry =
            entry.expiring(end, random.nextBoolean() ? 0 : random.nextInt(200), random.nextInt(50));
      }
      if (random.nextBoolean()) {
        long due = random.nextBoolean() ? Envelope.NEVER : random.nextInt(200);
        long stale = random.nextBoolean() ? Envelope.NEVER : random.nextInt(200);
        entry = entry.withFresh(new Envelope.Fresh(due, stale, 1));
      }
      if (random.nextBoolean()) {
        entry.heldUntil(random.nextInt(200));
      }
      long until = entry.steadyUntil(lag);
      for (long now = 0; now < 250; now += 1 + random.nextInt(3)) {
        assertThat(until == Envelope.NEVER || now < until)
            .as("%s at %s, until %s", round, now, until)
            .isEqualTo(entry.isSteady(now, lag));
      }
    }
  }

  @Test
  void aUseIsToldToTheEnvelopeAlone() {
    Envelope one = Envelope.ofValue(new Version(1, 2), 3).expiring(Envelope.NEVER, 400, 0);
    Envelope other = one.withToken(1);
    assertThat(one.touch(100)).isTrue();
    assertThat(one.touch(150)).isFalse();
    assertThat(other.touchedAt()).isZero();
    assertThat(Envelope.tombstone(new Version(1, 3)).touch(100)).isFalse();
  }
}

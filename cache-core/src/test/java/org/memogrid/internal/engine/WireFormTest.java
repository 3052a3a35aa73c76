/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Versions;

/** What crosses the wire, and what a member can do with it that lacks the classes. */
final class WireFormTest {
  private final SerialCodec codec = new SerialCodec();
  private final EntryMarshaller marshaller = new EntryMarshaller(codec);

  /** A member without any class of the user's. */
  private static final Codec CLASSLESS =
      new Codec() {
        @Override
        public byte[] encode(Object object) {
          throw new IllegalArgumentException("no such class here");
        }

        @Override
        public Object decode(byte[] bytes) {
          throw new IllegalArgumentException("no such class here");
        }
      };

  private Object pass(Object object) {
    byte[] bytes = marshaller.objectToByteBuffer(object);
    return marshaller.objectFromByteBuffer(bytes, 0, bytes.length);
  }

  @Test
  void anEnvelopeArrivesWhole() {
    Versions versions = new Versions();
    Envelope plain = Envelope.ofBytes(versions.next(), codec.encode("v"));
    Envelope full =
        Envelope.ofBytes(versions.next(), codec.encode(List.of(1)))
            .expiring(5000, 700, 4000)
            .withToken(42)
            .withTags(Set.of("a", "bé"))
            .after(plain)
            .renewed();
    Envelope arrived = (Envelope) pass(full);
    assertThat(arrived).isEqualTo(full);
    assertThat(arrived.value(codec)).isEqualTo(List.of(1));
    assertThat(arrived.expiresAt()).isEqualTo(5000);
    assertThat(arrived.idleMillis()).isEqualTo(700);
    assertThat(arrived.touchedAt()).isEqualTo(4000);
    assertThat(arrived.token()).isEqualTo(42);
    assertThat(arrived.tags()).containsExactlyInAnyOrder("a", "bé");
    assertThat(arrived.isRenewed()).isTrue();
    assertThat(arrived.ancestors()).containsExactly(plain.version());
    Envelope simple = (Envelope) pass(plain);
    assertThat(simple.value(codec)).isEqualTo("v");
    assertThat(simple.isMortal()).isFalse();
    assertThat(simple.isRenewed()).isFalse();
    assertThat(((Envelope) pass(Envelope.tombstone(versions.next()))).isTombstone()).isTrue();
  }

  @Test
  void aMemberWithoutTheClassesHoldsEntriesAndSendsThemOn() {
    EntryMarshaller classless = new EntryMarshaller(CLASSLESS);
    byte[] key = marshaller.objectToByteBuffer(ClusterKey.written(List.of("k"), codec));
    byte[] value =
        marshaller.objectToByteBuffer(
            Envelope.ofBytes(new Versions().next(), codec.encode(List.of("v"))));
    Object heldKey = classless.objectFromByteBuffer(key, 0, key.length);
    Object heldValue = classless.objectFromByteBuffer(value, 0, value.length);
    assertThat(heldKey)
        .isEqualTo(classless.objectFromByteBuffer(key, 0, key.length))
        .hasSameHashCodeAs(ClusterKey.of(List.of("k"), codec));
    assertThat(classless.objectToByteBuffer(heldKey)).isEqualTo(key);
    assertThat(classless.objectToByteBuffer(heldValue)).isEqualTo(value);
  }

  @Test
  void keysAreEqualAsTheUsersAreInEveryForm() {
    Set<String> one = new HashSet<>(List.of("a", "b", "c"));
    Set<String> other = new HashSet<>(64);
    other.addAll(List.of("c", "b", "a"));
    ClusterKey mine = ClusterKey.written(one, codec);
    ClusterKey arrived = (ClusterKey) pass(ClusterKey.of(other, codec));
    assertThat(mine).isEqualTo(arrived).hasSameHashCodeAs(arrived);
    mine.settle();
    assertThat(arrived).isEqualTo(mine);
    assertThat(ClusterKey.of(Set.of("a"), codec)).isNotEqualTo(mine);
    assertThat(ClusterKey.of(1, codec)).isNotEqualTo(ClusterKey.of(1L, codec));
  }

  @Test
  void optionsArriveAsTheyWere() {
    CacheOptions all =
        CacheOptions.of(Mode.DISTRIBUTED)
            .timeToLive(Duration.ofSeconds(1, 500))
            .maxIdle(Duration.ofDays(400))
            .maxEntries(Long.MAX_VALUE)
            .whenFull(WhenFull.REFUSE)
            .owners(7)
            .async()
            .nearCache(Long.MAX_VALUE, Duration.ofSeconds(Long.MAX_VALUE));
    assertThat(OptionsFormat.read(OptionsFormat.write(all))).isEqualTo(all);
    for (Mode mode : Mode.values()) {
      CacheOptions plain = CacheOptions.of(mode);
      assertThat(OptionsFormat.read(OptionsFormat.write(plain))).isEqualTo(plain);
    }
    for (Locking locking : Locking.values()) {
      CacheOptions transactional = CacheOptions.of(Mode.REPLICATED).transactional(locking);
      assertThat(OptionsFormat.read(OptionsFormat.write(transactional))).isEqualTo(transactional);
      CacheOptions recoverable = transactional.recoverable();
      assertThat(OptionsFormat.read(OptionsFormat.write(recoverable)))
          .isEqualTo(recoverable)
          .isNotEqualTo(transactional);
    }
    CacheOptions named = CacheOptions.of(Mode.REPLICATED).persist(Persist.with("rows"));
    assertThat(OptionsFormat.read(OptionsFormat.write(named))).isEqualTo(named);
    CacheOptions patient = named.persist(Persist.with("rows").waitTimeout(Duration.ofMinutes(2)));
    assertThat(OptionsFormat.read(OptionsFormat.write(patient)))
        .isEqualTo(patient)
        .isNotEqualTo(named);
    assertThatThrownBy(() -> OptionsFormat.read(new byte[] {10}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("one version");
  }

  @Test
  void everySegmentIsUsedAlike() {
    int[] counts = new int[256];
    for (int i = 0; i < 256 * 100; i++) {
      counts[StablePlacement.of(ClusterKey.of("key-" + i, codec).hashCode(), 256)]++;
    }
    assertThat(Arrays.stream(counts).boxed()).allMatch(count -> count > 50 && count < 160);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions.WhenFull;

final class CacheOptionsTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  @Test
  void whatCantBeHonouredIsRefusedAtOnce() {
    CacheOptions replicated = CacheOptions.of(Mode.REPLICATED);
    assertThatThrownBy(() -> replicated.maxWeight(1, (Object k, Object v) -> 1))
        .hasMessageContaining("LOCAL only")
        .hasMessageContaining("maxEntries");
    assertThatThrownBy(() -> replicated.owners(3)).hasMessageContaining("DISTRIBUTED only");
    assertThatThrownBy(() -> replicated.maxEntries(0)).hasMessageContaining("maxEntries is 0");
    assertThatThrownBy(() -> replicated.timeToLive(Duration.ZERO))
        .hasMessageContaining("time to live is PT0S");
    assertThatThrownBy(() -> CacheOptions.of(Mode.LOCAL).async()).hasMessageContaining("LOCAL");
    assertThatThrownBy(() -> CacheOptions.of(Mode.DISTRIBUTED).owners(0))
        .hasMessageContaining("owners is 0");
    assertThatThrownBy(
            () -> CacheOptions.of(Mode.LOCAL).maxEntries(1).maxWeight(1, (Object k, Object v) -> 1))
        .hasMessageContaining("leave one out");
    for (Mode mode : Mode.values()) {
      if (mode != Mode.DISTRIBUTED) {
        assertThatThrownBy(() -> CacheOptions.of(mode).nearCache(1, SECOND))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("nearCache works in mode DISTRIBUTED only, and this is " + mode);
      }
    }
    CacheOptions distributed = CacheOptions.of(Mode.DISTRIBUTED);
    assertThatThrownBy(() -> distributed.nearCache(0, SECOND))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxEntries of nearCache is 0");
    assertThatThrownBy(() -> distributed.nearCache(1, Duration.ofMillis(99)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxAge of nearCache is PT0.099S: give at least PT0.1S");
  }

  /** In whichever order they are given. */
  @Test
  void whatTransactionsCannotDoIsRefusedWithTheReason() {
    Map<String, UnaryOperator<CacheOptions>> others =
        Map.of(
            "a commit returns when the owners have it", CacheOptions::async,
            "each use would be a write", options -> options.maxIdle(SECOND),
            "would let go of what transactions elsewhere rely on", options -> options.maxEntries(5),
            "must not read what may be old", options -> options.nearCache(5, SECOND));
    CacheOptions plain = CacheOptions.of(Mode.DISTRIBUTED);
    for (Locking locking : Locking.values()) {
      others.forEach(
          (reason, other) -> {
            assertThatThrownBy(() -> other.apply(plain).transactional(locking))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
            assertThatThrownBy(() -> other.apply(plain.transactional(locking)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
          });
      assertThatThrownBy(() -> CacheOptions.of(Mode.INVALIDATED).transactional(locking))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no two members hold one entry");
      CacheOptions local = CacheOptions.of(Mode.LOCAL).transactional(locking);
      assertThatThrownBy(() -> local.persist(Persist.file(Path.of("x"))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("files nor tables are part");
      assertThatThrownBy(() -> local.maxWeight(5, (key, value) -> 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("transactional does not work with maxEntries or maxWeight");
      assertThat(plain.owners(3).transactional(locking).timeToLive(SECOND))
          .hasToString("DISTRIBUTED timeToLive=PT1S owners=3 transactional=" + locking)
          .isNotEqualTo(plain.owners(3).timeToLive(SECOND));
      CacheOptions recoverable = plain.transactional(locking).recoverable();
      assertThat(recoverable)
          .hasToString("DISTRIBUTED transactional=" + locking + " recoverable")
          .isEqualTo(plain.transactional(locking).recoverable())
          .isNotEqualTo(plain.transactional(locking));
      assertThat(recoverable.owners(3).isRecoverable()).isTrue();
      assertThatThrownBy(() -> local.recoverable())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("nobody has what it prepared");
    }
  }

  @Test
  void recoverableIsOfTransactions() {
    assertThatThrownBy(() -> CacheOptions.of(Mode.REPLICATED).recoverable())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give transactional(...) before it");
  }

  @Test
  void optionsAreValues() {
    CacheOptions base = CacheOptions.of(Mode.DISTRIBUTED);
    CacheOptions all =
        base.timeToLive(SECOND)
            .maxIdle(SECOND)
            .maxEntries(5)
            .whenFull(WhenFull.REFUSE)
            .owners(3)
            .async()
            .nearCache(7, SECOND);
    assertThat(base).isEqualTo(CacheOptions.of(Mode.DISTRIBUTED)).hasToString("DISTRIBUTED");
    assertThat(all)
        .isNotEqualTo(base)
        .hasToString(
            "DISTRIBUTED timeToLive=PT1S maxIdle=PT1S maxEntries=5 whenFull=REFUSE owners=3 async"
                + " nearCache=7/PT1S");
    assertThat(base.async().owners(3).whenFull(WhenFull.REFUSE).maxEntries(5))
        .isEqualTo(base.maxEntries(5).whenFull(WhenFull.REFUSE).owners(3).async())
        .isNotEqualTo(all);
    assertThat(base.nearCache(7, SECOND))
        .isEqualTo(CacheOptions.of(Mode.DISTRIBUTED).nearCache(7, SECOND))
        .isNotEqualTo(base)
        .isNotEqualTo(base.nearCache(8, SECOND))
        .isNotEqualTo(base.nearCache(7, SECOND.plusMillis(1)));
    assertThat(all.expiry()).isEqualTo(Expiry.ttl(SECOND).idle(SECOND));
  }
}

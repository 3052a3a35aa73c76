/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How a value on its way is written. */
class EnvelopeTest {
  private static Envelope envelope(String origin, long deadline, byte @Nullable [] value) {
    List<Envelope.Branch> branches =
        List.of(new Envelope.Branch(3, -7, 0, 1_000_000, Long.MAX_VALUE / 2));
    return new Envelope(
        "ünïque", origin, true, deadline, 3_600_000, 5, 100, branches, Envelope.Before.NONE, value);
  }

  private static void comesBack(Envelope envelope) {
    Envelope read = Envelope.decode(envelope.encode());
    assertThat(read).usingRecursiveComparison().isEqualTo(envelope);
  }

  @Test
  void anEnvelopeComesBackAsItWas() {
    comesBack(envelope("n1#1", 0, null));
    comesBack(envelope(UUID.randomUUID().toString(), Long.MAX_VALUE / 4, new byte[0]));
    comesBack(envelope(UUID.randomUUID().toString().toUpperCase(java.util.Locale.ROOT), 1, null));
    comesBack(
        new Envelope(
            "", "", false, 0, 0, 0, 0, List.of(), Envelope.Before.NONE, new byte[] {1, 2}));
    comesBack(envelope("n1#1", 0, new byte[1]).with(new Envelope.Before(1, null)));
    comesBack(envelope("n1#1", 0, new byte[1]).with(new Envelope.Before(0, "ünlucky")));
    comesBack(envelope("n1#1", 0, null).with(new Envelope.Before(300, "twice")));
  }

  @Test
  void itTakesLittleMoreThanItsIds() {
    String member = UUID.randomUUID().toString();
    Envelope plain =
        new Envelope(
            "550e8400-e29b-zz",
            member,
            false,
            0,
            3_600_000,
            1,
            0,
            List.of(),
            Envelope.Before.NONE,
            null);
    assertThat(plain.encode().length).isLessThanOrEqualTo(16 + 16 + 10);
  }

  @Test
  void whatIsCutOffIsRefused() {
    byte[] whole = envelope("n1#1", 7, null).encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> Envelope.decode(cut))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("run one version");
    }
  }
}

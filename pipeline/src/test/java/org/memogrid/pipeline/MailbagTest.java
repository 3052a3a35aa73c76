/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** How much goes in one mail. */
class MailbagTest {
  private static final Member OTHER = new Member("other", "other#1");

  @Test
  void whatWasThrownWeighsToo() {
    List<Mail> posted = new ArrayList<>();
    Mailbag bag = new Mailbag((to, mail) -> posted.add(mail));
    Fault fault = new Fault("type", "x".repeat(8_000), List.of(), null);
    Outcome failed = new Outcome(Outcome.Kind.FAILED, null, "s", 1, "y".repeat(8_000), fault);
    for (int n = 0; n < 100; n++) {
      bag.offer(OTHER, new Mail.Offer(n, "v" + n, "o", false, 1, failed, null));
    }
    bag.flush();
    assertThat(posted.stream().mapToInt(mail -> mail.offers().size()).sum()).isEqualTo(100);
    assertThat(posted).allSatisfy(mail -> assertThat(mail.offers()).hasSizeLessThan(20));
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.transaction.xa.XAResource;
import org.junit.jupiter.api.Test;

/** What becomes of transactions at the end of their member. */
class MemberTransactionsTest {
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final XAResource resource =
      (XAResource)
          Proxy.newProxyInstance(
              XAResource.class.getClassLoader(),
              new Class<?>[] {XAResource.class},
              (self, method, arguments) -> {
                calls.add(method.getName());
                return switch (method.getName()) {
                  case "prepare" -> XAResource.XA_OK;
                  case "isSameRM", "setTransactionTimeout" -> false;
                  case "getTransactionTimeout" -> 0;
                  default -> null;
                };
              });

  private final MemberTransactions transactions =
      new MemberTransactions(null, Duration.ofSeconds(1));

  private boolean enlist() throws Exception {
    return transactions.manager().getTransaction().enlistResource(resource);
  }

  @Test
  void aTransactionIsCommitted() throws Exception {
    assertThat(transactions.<Boolean, Exception>call(this::enlist)).isTrue();
    assertThat(calls).contains("commit").doesNotContain("rollback");
  }

  @Test
  void noCommitBeginsOnceTheMemberLeaves() throws Exception {
    assertThatThrownBy(
            () ->
                transactions.call(
                    () -> {
                      transactions.close();
                      return enlist();
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("left the cluster");
    assertThat(calls).contains("rollback").doesNotContain("prepare", "commit");
    assertThat(transactions.isActive()).isFalse();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.concurrent.CompletableFuture;

/** Opens to the tests of other modules what a memo keeps to itself. */
public final class MemoProbe {
  private MemoProbe() {}

  /**
   * The members that the memo takes for the cluster on this one, and the number of that
   * configuration; or that it has not heard all of them yet. Members that agree have the same.
   */
  public static String configuration(Memo<?, ?> memo) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    ((MemoHandle<?, ?>) memo)
        .node()
        .feed(
            core ->
                answer.complete(
                    core.isSettled() ? core.configuration().toString() : "not heard all"));
    return answer.join();
  }
}

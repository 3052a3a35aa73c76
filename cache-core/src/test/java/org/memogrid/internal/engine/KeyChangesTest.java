/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** A look at a key, and changes before, during and after it. */
final class KeyChangesTest {
  private final KeyChanges changes = new KeyChanges();
  private final List<String> queued = new ArrayList<>();
  private final CompletableFuture<Boolean> looked = new CompletableFuture<>();
  private final CompletableFuture<Void> written = new CompletableFuture<>();
  private final CompletableFuture<Void> deleted = new CompletableFuture<>();

  private CompletableFuture<Boolean> deleteIf(String key) {
    return changes.makeIf(key, () -> looked, () -> queue("delete", deleted)).toCompletableFuture();
  }

  private CompletionStage<Void> write(String key) {
    return changes.make(key, () -> queue("write", written));
  }

  private <T> CompletionStage<T> queue(String change, CompletionStage<T> done) {
    queued.add(change);
    return done;
  }

  @Test
  void whatNobodyChangesIsDeletedIfTheLookSaysSo() {
    CompletableFuture<Boolean> first = deleteIf("k");
    looked.complete(true);
    assertThat(first).isNotDone();
    deleted.complete(null);
    assertThat(first).isCompletedWithValue(true);
    assertThat(changes.makeIf("k", () -> CompletableFuture.completedFuture(false), () -> deleted))
        .isCompletedWithValue(false);
    assertThat(deleteIf("k")).isCompletedWithValue(true);
    assertThat(queued).containsExactly("delete", "delete");
  }

  @Test
  void aWriteDuringTheLookKeepsTheKey() {
    CompletableFuture<Boolean> first = deleteIf("k");
    var write = write("k");
    looked.complete(true);
    assertThat(first).isCompletedWithValue(false);
    written.complete(null);
    assertThat(write).isCompleted();
    assertThat(queued).containsExactly("write");
  }

  @Test
  void aWriteThatBeganAndEndedDuringTheLookKeepsTheKey() {
    CompletableFuture<Boolean> first = deleteIf("k");
    written.complete(null);
    assertThat(write("k")).isCompleted();
    CompletableFuture<Boolean> second =
        changes
            .makeIf("k", () -> new CompletableFuture<>(), () -> deleted)
            .toCompletableFuture(); // another looks, and does not count as the first
    looked.complete(true);
    assertThat(first).isCompletedWithValue(false);
    assertThat(second).isNotDone();
    assertThat(queued).containsExactly("write");
  }

  @Test
  void nobodyLooksWhileTheKeyIsChangedOrLookedAt() {
    var write = write("k");
    looked.complete(true);
    assertThat(deleteIf("k")).isCompletedWithValue(false);
    written.complete(null);
    assertThat(write).isCompleted();
    CompletableFuture<Boolean> first = deleteIf("k");
    assertThat(deleteIf("k")).as("the first has not deleted yet").isCompletedWithValue(false);
    deleted.complete(null);
    assertThat(first).isCompletedWithValue(true);
    assertThat(queued).containsExactly("write", "delete");
  }

  @Test
  void oneOfTwoWritesThatIsDoneStillKeepsTheKey() {
    var one = write("k");
    var other = changes.make("k", () -> new CompletableFuture<Void>());
    written.complete(null);
    assertThat(one).isCompleted();
    assertThat(other).isNotDone();
    looked.complete(true);
    assertThat(deleteIf("k")).isCompletedWithValue(false);
  }

  @Test
  void whatFailsLeavesNothingBehind() {
    assertThatThrownBy(
            () ->
                changes.make(
                    "k",
                    () -> {
                      throw new IllegalStateException("full");
                    }))
        .hasMessage("full");
    CompletionStage<Boolean> failed =
        changes.makeIf(
            "k",
            () -> CompletableFuture.failedFuture(new IllegalStateException("dark")),
            () -> deleted);
    assertThatThrownBy(() -> failed.toCompletableFuture().join())
        .isInstanceOf(CompletionException.class)
        .hasMessageContaining("dark");
    looked.complete(true);
    deleted.complete(null);
    assertThat(deleteIf("k")).isCompletedWithValue(true);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.infinispan.remoting.transport.Transport;
import org.jspecify.annotations.Nullable;

/**
 * The answers to writes of one cache in files, on the member that orders them: a write is answered
 * when all members of the last layout on this disk are there, and none of them is about to stop.
 *
 * <ol>
 *   <li>Three own a key and one is killed. Another writes the key. The engine passes over the one
 *       that is not there, and the write is done.
 *   <li>Were it answered now, and the two killed before they have a layout without the first, then
 *       the first would be taken for one that has the write.
 * </ol>
 *
 * <p>{@link #confirmed} is for any thread, all else for that of the events.
 */
final class Answers {
  private final SharedFiles files;
  private final Runnable release;
  private final Set<CompletableFuture<Void>> withheld = new HashSet<>();
  private volatile List<String> layout = List.of();
  private volatile Seen seen = new Seen(List.of(), -1);

  /** A layout all of whose members are in a view. */
  private record Seen(List<String> layout, int view) {}

  /**
   * @param release gives or refuses what waits
   */
  Answers(SharedFiles files, Runnable release) {
    this.files = files;
    this.release = release;
  }

  /** Null if a write that is done may be answered at once. */
  @Nullable CompletableFuture<Void> confirmed() {
    if (isConfirmed()) {
      return null;
    }
    CompletableFuture<Void> answer = new CompletableFuture<>();
    files.execute(
        () -> {
          withheld.add(answer);
          release.run();
        });
    return answer;
  }

  private boolean isConfirmed() {
    Transport transport = files.link().transport();
    int view = transport.getViewId(); // before the members of it
    List<String> needed = layout;
    Seen last = seen;
    if (view == last.view && needed.equals(last.layout) && !files.someLeave()) {
      return true;
    }
    Set<String> there =
        transport.getMembers().stream().map(Addresses::id).collect(Collectors.toSet());
    for (String member : needed) {
      if (!there.contains(member) || files.isLeaving(member)) {
        return false;
      }
    }
    seen = new Seen(needed, view);
    return true;
  }

  /** These are the members of the last layout, which is on the disk. */
  void onLayout(List<String> members) {
    layout = members;
  }

  /** Gives those answers that may be given. */
  void release() {
    if (!withheld.isEmpty() && isConfirmed()) {
      List<CompletableFuture<Void>> all = List.copyOf(withheld);
      withheld.clear();
      files.work(() -> all.forEach(each -> each.complete(null)));
    }
  }

  /** Nobody will know whether these writes are everywhere they should be. */
  void refuse(String why) {
    if (!withheld.isEmpty()) {
      List<CompletableFuture<Void>> all = List.copyOf(withheld);
      withheld.clear();
      HeldException failure = new HeldException(why);
      files.work(() -> all.forEach(each -> each.completeExceptionally(failure)));
    }
  }
}

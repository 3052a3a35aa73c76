/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Follows an invalidation to the results that were made of what it invalidated: in passes, each of
 * which asks all memos that track dependencies for results with the {@linkplain Dependencies#sought
 * tags}, in flight ones too, and invalidates those.
 *
 * <p>One pass is not always enough. 1. A member is asked for reports and has none. 2. It begins
 * one, which reads a total that is on its way out. 3. The total's member is asked, and the total is
 * invalidated; the report is made of it. So there is another pass as long as one has found what
 * none before it had: nothing is left then for a report to be made of, but for what was found and
 * has ended by itself between a member's answer and another's.
 *
 * <p>Where runs begin all the time each pass finds some in flight that none before it had, whatever
 * they are about. So there are {@link #MOST_PASSES} at most: enough for a chain of so many results,
 * each begun in the moment in which the one before was on its way out.
 *
 * @param <M> names a memo
 */
final class Cascade<M> {
  static final int MOST_PASSES = 10;

  private final Rules rules;
  private final Set<String> sought;
  private final Set<Found> found = new HashSet<>();
  private int passes;
  private boolean more;

  /**
   * @param sought empty if nothing was invalidated
   */
  Cascade(Rules rules, Set<String> sought) {
    this.rules = rules;
    this.sought = sought;
    this.more = !sought.isEmpty() && rules.isOn(Rule.FOLLOW_DEPENDANTS);
  }

  /** The tags to ask all memos for that track dependencies; null if all is done. */
  @Nullable Set<String> next() {
    int most = rules.isOn(Rule.FOLLOW_TO_THE_END) ? MOST_PASSES : 1;
    if (!more || passes == most) {
      return null;
    }
    passes++;
    more = false;
    return sought;
  }

  /**
   * What one of the memos has told in this pass, which is invalidated now.
   *
   * @param keys null for all of the memo's
   */
  void found(M memo, @Nullable Collection<?> keys) {
    for (Object key : keys == null ? Collections.singleton(null) : keys) {
      rules.made(passes == 1 ? Rule.FOLLOW_DEPENDANTS : Rule.FOLLOW_TO_THE_END);
      more |= found.add(new Found(memo, key));
    }
  }

  private record Found(Object memo, @Nullable Object key) {}
}

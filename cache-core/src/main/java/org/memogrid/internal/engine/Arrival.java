/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.cluster.MembershipListener;

/**
 * What must hold before a member that is in the cluster may serve: its name is its own, somebody
 * answered if it can't start a cluster by itself, and as many members are there as it expects.
 */
public final class Arrival {
  private final ClusterEngine engine;
  private final EngineOptions options;
  private final View view;

  /** The membership of the member that arrives. */
  public interface View {
    Membership current();

    Registration listen(MembershipListener listener);
  }

  public Arrival(ClusterEngine engine, View view) {
    this.engine = engine;
    this.options = engine.options();
    this.view = view;
  }

  /**
   * Waits for the expected members, at most as long as the options say.
   *
   * @throws IllegalStateException if the member must not serve: why, and what to do
   */
  public void complete() {
    refuseTwin();
    refuseOutsider();
    awaitExpected();
  }

  /** Of two members of one name the older stays. */
  private void refuseTwin() {
    for (Member member : view.current().members()) {
      if (member.equals(engine.self())) {
        return;
      }
      if (member.name().equals(engine.self().name())) {
        throw failure(
            "a member of that name is there, at "
                + engine.place(member)
                + "; choose another with nodeName(...) or memogrid.node.name");
      }
    }
  }

  private void refuseOutsider() {
    if (options.discovery() instanceof Discovery.Seeds seeds
        && view.current().members().size() == 1
        && !SeedProbe.isAmong(seeds, engine.ownPort())) {
      throw failure(
          "no seed answers: "
              + SeedProbe.findings(seeds.places())
              + "; start one of them first, or list this member, "
              + engine.place(engine.self())
              + ", among the seeds so that it may start the cluster");
    }
  }

  private void awaitExpected() {
    Expected expected = options.expected();
    CountDownLatch enough = new CountDownLatch(1);
    Registration registration =
        view.listen((before, now) -> countDown(enough, now, expected.members()));
    try {
      countDown(enough, view.current(), expected.members());
      if (!enough.await(expected.within().toNanos(), TimeUnit.NANOSECONDS)) {
        throw failure(tooFew(expected));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("interrupted while waiting for " + expected.members() + " members");
    } finally {
      registration.close();
    }
  }

  private static void countDown(CountDownLatch enough, Membership now, int expected) {
    if (now.members().size() >= expected) {
      enough.countDown();
    }
  }

  private String tooFew(Expected expected) {
    List<Member> found = view.current().members();
    String who =
        found.stream()
            .map(member -> member.name() + " at " + engine.place(member))
            .collect(Collectors.joining(", "));
    String text =
        "expected "
            + expected.members()
            + " members within "
            + expected.within()
            + ", found "
            + found.size()
            + " ("
            + who
            + "), looking on "
            + options.discovery();
    if (options.discovery() instanceof Discovery.Seeds seeds) {
      text += "; seeds: " + SeedProbe.findings(seeds.places());
    }
    return text + "; start the missing members with the same cluster name, or expect fewer";
  }

  private IllegalStateException failure(String why) {
    return new IllegalStateException(JoinFailure.who(options) + why);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cluster.Member;

/** What a memo's members say to each other, counted on the cores, without the store's own. */
class MemoMessagesTest {
  private static final Member HOME = member(0);
  private static final Member CALLER = member(1);

  private final Map<Member, MemoCore> cores = new LinkedHashMap<>();
  private final Queue<Runnable> events = new ArrayDeque<>();
  private final List<Message> sent = new ArrayList<>();
  private final List<Object> answered = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 6, 10, 30, 100})
  void aMissCostsFourHoweverManyMembersThereAre(int members) {
    cluster(members);
    call(CALLER, "caller");
    assertThat(answered).containsExactly("caller");
    assertThat(kinds()).containsExactly("Acquire", "Grant", "Complete", "CompleteAck");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 10, 100})
  void aMissAtHomeCostsNone(int members) {
    cluster(members);
    call(HOME, "caller");
    assertThat(answered).containsExactly("caller");
    assertThat(sent).isEmpty();
  }

  /** One question and one answer for each member that waits, not for each caller. */
  @ParameterizedTest
  @ValueSource(ints = {3, 10, 100})
  void eachMemberThatWaitsCostsTwo(int members) {
    cluster(members);
    for (int i = 1; i < members; i++) {
      for (int caller = 0; caller < 3; caller++) {
        int own = i;
        String name = i + "." + caller;
        events.add(() -> core(member(own)).call("k", name, List.of(), null));
      }
    }
    settle();
    assertThat(answered).hasSize((members - 1) * 3);
    assertThat(sent).hasSize(4 + 2 * (members - 2));
  }

  private void call(Member on, Object caller) {
    events.add(() -> core(on).call("k", caller, List.of(), null));
    settle();
  }

  private List<String> kinds() {
    return sent.stream().map(message -> message.getClass().getSimpleName()).toList();
  }

  private void cluster(int count) {
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      members.add(member(i));
    }
    for (Member member : members) {
      AtomicLong numbers = new AtomicLong();
      cores.put(
          member,
          new MemoCore(
              new MemoCore.Identity(member, "f", true, numbers::incrementAndGet, 100),
              Rules.all(),
              chain -> "cycle",
              effect -> perform(member, effect)));
    }
    for (Member member : members) {
      events.add(() -> core(member).install(new Configuration(1, HOME, members, key -> HOME)));
    }
    settle();
    sent.clear();
  }

  private void perform(Member self, Effect effect) {
    MemoCore core = core(self);
    if (effect instanceof Effect.Send send) {
      if (!send.to().equals(self)) {
        sent.add(send.message());
      }
      events.add(() -> core(send.to()).received(self, send.stamp(), send.message()));
    } else if (effect instanceof Effect.Read read) {
      events.add(() -> core.found(read.operation(), null));
    } else if (effect instanceof Effect.Write write) {
      events.add(() -> core.written(write.operation(), true, null));
    } else if (effect instanceof Effect.Start start) {
      events.add(() -> core.returned(start.token(), new Value("v", 0, 0)));
    } else if (effect instanceof Effect.Deliver deliver) {
      answered.add(deliver.caller());
    }
  }

  private MemoCore core(Member member) {
    MemoCore core = cores.get(member);
    if (core == null) {
      throw new IllegalStateException("no core of " + member);
    }
    return core;
  }

  private void settle() {
    for (Runnable next = events.poll(); next != null; next = events.poll()) {
      next.run();
    }
  }

  private static Member member(int i) {
    return new Member("n" + i, "n" + i);
  }
}

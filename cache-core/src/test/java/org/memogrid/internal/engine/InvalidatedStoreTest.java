/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;

/** Members that keep what they have written themselves, and let go of what others write. */
final class InvalidatedStoreTest extends OnThreeMembers {
  @Test
  void invalidatedKeepsWhereWrittenAndEvictsElsewhere() {
    Cache<String, Object> here = at(0, "inv", Mode.INVALIDATED);
    Cache<String, Object> there = at(1, "inv", Mode.INVALIDATED);
    Object unencodable = new Object();
    here.put("k", unencodable);
    assertThat(here.get("k")).isSameAs(unencodable);
    assertThat(there.get("k")).isNull();
    there.put("k", "mine");
    assertThat(here.get("k")).isNull();
    assertThat(there.get("k")).isEqualTo("mine");
    here.remove("k");
    assertThat(there.get("k")).isNull();
    here.put("a", 1);
    there.put("b", 2);
    assertThat(here.size()).isEqualTo(1);
    assertThat(here.entries().map(Map.Entry::getKey)).containsExactly("a");
    here.clear();
    assertThat(there.get("b")).isNull();
  }

  @Test
  void invalidatedStoresLocallyWithoutTellingAnybody() {
    Store here = cluster.node(0).stores().open("local", CacheOptions.of(Mode.INVALIDATED));
    Store there = cluster.node(1).stores().open("local", CacheOptions.of(Mode.INVALIDATED));
    Versions versions = new Versions();
    here.putLocal("k", Envelope.ofValue(versions.next(), 1));
    there.putLocal("k", Envelope.ofValue(versions.next(), 2));
    assertThat(requireNonNull(here.get("k")).value(codec)).isEqualTo(1);
    there.put("k", Envelope.ofValue(versions.next(), 3));
    assertThat(here.get("k")).isNull();
  }

  @Test
  void invalidatedReplacesLocallyWithoutTellingAnybodyUnlessAnotherWroteMeanwhile() {
    Store here = cluster.node(0).stores().open("kept", CacheOptions.of(Mode.INVALIDATED));
    Store there = cluster.node(1).stores().open("kept", CacheOptions.of(Mode.INVALIDATED));
    Versions versions = new Versions();
    Envelope mark = Envelope.tombstone(versions.next());
    Envelope other = Envelope.ofValue(versions.next(), 2);
    here.putLocal("k", mark);
    there.putLocal("k", other);
    assertThat(here.replaceLocal("k", mark, Envelope.ofValue(versions.next(), 1))).isTrue();
    assertThat(requireNonNull(here.get("k")).value(codec)).isEqualTo(1);
    assertThat(there.get("k")).isEqualTo(other);

    here.putLocal("k", mark);
    there.put("k", other);
    assertThat(here.replaceLocal("k", mark, Envelope.ofValue(versions.next(), 3))).isFalse();
    assertThat(here.get("k")).isNull();
  }

  @Test
  void invalidatedHomesAreTheSameOnAllMembers() {
    CacheOptions options = CacheOptions.of(Mode.INVALIDATED);
    Set<Member> homes = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      Set<Member> answers = new HashSet<>();
      for (int member = 0; member < 3; member++) {
        answers.add(
            cluster.node(member).stores().open("inv-home", options).topology().home("k" + i));
      }
      assertThat(answers).hasSize(1);
      homes.addAll(answers);
    }
    assertThat(homes).hasSize(3);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.tangosol.net.NamedMap;
import java.io.IOException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Coherence's two ways to read without asking anybody: a near cache, which keeps objects in front
 * of a partitioned cache ("Understanding Near Caches", "Defining Near Cache Schemes"), and a view,
 * a continuous query that keeps all entries with their values ("Using Continuous Query Caching").
 * The other member is a process of its own: a JVM has one.
 */
final class CoherenceReaders implements Reader {
  private static final int PORT = 25_741;

  private final CoherenceMember member;
  private final Child other;
  private final NamedMap<Integer, Price> map;

  private CoherenceReaders(CoherenceMember member, Child other, NamedMap<Integer, Price> map) {
    this.member = member;
    this.other = other;
    this.map = map;
  }

  static Reader near() {
    return open("near-prices", map -> map);
  }

  static Reader view() {
    return open("plain-prices", map -> map.view().values().build());
  }

  private static Reader open(String name, UnaryOperator<NamedMap<Integer, Price>> front) {
    String cluster = "coherence-" + ProcessHandle.current().pid();
    try {
      Child other = new Child(CoherenceReaders.class, cluster);
      CoherenceMember member = CoherenceMember.start(cluster, PORT);
      String unused = other.ask("members");
      NamedMap<Integer, Price> map = member.map(name);
      Readers.fill((key, n) -> map.put(key, Price.of(n)));
      NamedMap<Integer, Price> read = front.apply(map);
      Readers.fill((key, n) -> read.get(key));
      return new CoherenceReaders(member, other, read);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("Coherence's other member did not come", e);
    }
  }

  /** The other member. */
  public static void main(String[] args) throws Exception {
    CoherenceMember member = CoherenceMember.start(args[0], PORT);
    Child.serve(
        words -> {
          while (CoherenceMember.members() < 2) {
            Thread.sleep(10);
          }
          return member.map("plain-prices").size();
        });
  }

  @Override
  public @Nullable Object get(Integer key) {
    return map.get(key);
  }

  @Override
  public void close() {
    map.release();
    member.close();
    other.close();
  }
}

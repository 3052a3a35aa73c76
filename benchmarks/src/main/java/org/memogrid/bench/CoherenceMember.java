/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.tangosol.net.CacheFactory;
import com.tangosol.net.Coherence;
import com.tangosol.net.CoherenceConfiguration;
import com.tangosol.net.NamedMap;
import com.tangosol.net.PartitionedService;
import com.tangosol.net.Session;
import com.tangosol.net.SessionConfiguration;

/**
 * A member of a Coherence cluster that stores its share of the entries, in this JVM, of which there
 * can be one; as the developers' manual says under "Overview of the Bootstrap API" and, for
 * addresses instead of multicast, "Using Well Known Addresses". The caches are those of {@code
 * bench-coherence.xml}.
 */
final class CoherenceMember implements AutoCloseable {
  private final Coherence coherence;
  private final Session session;

  private CoherenceMember(Coherence coherence) {
    this.coherence = coherence;
    this.session = coherence.getSession();
  }

  static CoherenceMember start(String cluster, int port) {
    System.setProperty("coherence.cluster", cluster);
    System.setProperty("coherence.clusterport", String.valueOf(port));
    System.setProperty("coherence.localhost", "127.0.0.1");
    System.setProperty("coherence.wka", "127.0.0.1");
    System.setProperty("coherence.log", "slf4j");
    System.setProperty("coherence.management", "none");
    System.setProperty("coherence.tracing.ratio", "-1");
    Coherence coherence =
        Coherence.clusterMember(
            CoherenceConfiguration.builder()
                .withSession(
                    SessionConfiguration.builder().withConfigUri("bench-coherence.xml").build())
                .build());
    coherence.start().join();
    return new CoherenceMember(coherence);
  }

  <V> NamedMap<Integer, V> map(String name) {
    return session.getMap(name);
  }

  static int members() {
    return CacheFactory.getCluster().getMemberSet().size();
  }

  /** Whether another member has the entry itself, not its backup. */
  static boolean elsewhere(NamedMap<Integer, ?> map, Integer key) {
    return map.getService() instanceof PartitionedService partitioned
        && !CacheFactory.getCluster().getLocalMember().equals(partitioned.getKeyOwner(key));
  }

  @Override
  public void close() {
    coherence.close();
  }
}

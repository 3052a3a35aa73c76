/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import java.util.function.Function;
import org.infinispan.distribution.DistributionInfo;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.remoting.transport.Address;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.KeyHash;
import org.memogrid.internal.store.Topology;

/** A configuration of a cache whose entries have owners: the engine's own. */
record ClusterTopology(
    LocalizedCacheTopology topology, Member coordinator, List<Member> members, Place place)
    implements Topology {

  /** What turns keys into hashes and addresses into members. */
  record Place(Codec codec, Function<Address, Member> members) {
    Member member(Address address) {
      return members.apply(address);
    }
  }

  static ClusterTopology of(LocalizedCacheTopology topology, Place place) {
    List<Member> members = topology.getMembers().stream().map(place::member).toList();
    // The members of a configuration are in order of age, like those of a view.
    return new ClusterTopology(topology, members.get(0), members, place);
  }

  @Override
  public long id() {
    return topology.getTopologyId();
  }

  private DistributionInfo distribution(Object key) {
    int segments = topology.getWriteConsistentHash().getNumSegments();
    return topology.getSegmentDistribution(
        StablePlacement.of(KeyHash.of(key, place.codec), segments));
  }

  @Override
  public Member home(Object key) {
    return place.member(distribution(key).primary());
  }

  @Override
  public List<Member> owners(Object key) {
    return distribution(key).writeOwners().stream().map(place::member).toList();
  }
}

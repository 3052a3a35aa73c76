/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.UUID;
import org.infinispan.remoting.transport.Address;
import org.jgroups.util.ExtendedUUID;
import org.jgroups.util.NameCache;
import org.memogrid.cluster.Member;

/**
 * Members as the layers below name them. A member's id is its address; its name travels inside the
 * address, so whoever knows one knows the other.
 */
final class Addresses {
  private static final byte[] NAME = {'n'};

  private Addresses() {}

  /** The part of a new address that carries the node name. */
  static ExtendedUUID naming(String node) {
    return ExtendedUUID.randomUUID(node).put(NAME, node.getBytes(UTF_8));
  }

  static Member member(org.jgroups.Address address) {
    ExtendedUUID uuid = (ExtendedUUID) address;
    byte[] name = uuid.get(NAME);
    String known = name == null ? NameCache.get(uuid) : new String(name, UTF_8);
    String id = uuid(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    return new Member(known == null ? id : known, id);
  }

  static String id(Address address) {
    return address.getNodeUUID().toString();
  }

  private static String uuid(long most, long least) {
    return new UUID(most, least).toString();
  }
}

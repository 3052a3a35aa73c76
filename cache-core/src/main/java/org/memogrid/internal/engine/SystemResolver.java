/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import org.jgroups.Address;
import org.jgroups.protocols.dns.DNSResolver;
import org.jgroups.stack.IpAddress;

/** Resolves names as the rest of the process does, hosts file and search domains included. */
final class SystemResolver implements DNSResolver {
  @Override
  public List<Address> resolveIps(String name, DNSRecordType type) {
    try {
      return Arrays.stream(InetAddress.getAllByName(name))
          .<Address>map(address -> new IpAddress(address, 0))
          .toList();
    } catch (UnknownHostException e) {
      return List.of(); // it is asked again
    }
  }

  @Override
  public void close() {}
}

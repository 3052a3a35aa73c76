/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.core.HazelcastInstance;

/**
 * What all of Hazelcast's members here have in common: they listen on loopback alone, find each
 * other by address, and are as Hazelcast makes them otherwise.
 */
final class HazelcastMembers {
  private HazelcastMembers() {}

  /** Of a cluster whose members take the ports from the first on. */
  static Config config(String cluster, int port, int members) {
    Config config = new Config().setClusterName(cluster);
    config.setProperty("hazelcast.logging.type", "none");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config
        .getNetworkConfig()
        .setPort(port)
        .getInterfaces()
        .setEnabled(true)
        .addInterface("127.0.0.1");
    JoinConfig join = config.getNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(true);
    for (int i = 0; i < members; i++) {
      join.getTcpIpConfig().addMember("127.0.0.1:" + (port + i));
    }
    return config;
  }

  /** How many they are; none while backups are missing. */
  static int together(HazelcastInstance member) {
    return member.getPartitionService().isClusterSafe()
        ? member.getCluster().getMembers().size()
        : 0;
  }
}

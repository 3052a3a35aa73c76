/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.replicatedmap.ReplicatedMap;
import com.tangosol.net.NamedMap;
import java.io.IOException;
import java.util.Collections;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.context.Flag;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.redisson.Redisson;
import org.redisson.api.RMap;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/** One system's maps of numbers to bytes, in one of its processes. */
interface RemotePeer {
  String TCP = "TCP round trip";
  String MEMOGRID = "Memogrid";
  String INFINISPAN = "Infinispan";
  String HAZELCAST = "Hazelcast map";
  String REPLICATED_MAP = "Hazelcast ReplicatedMap, not waiting for the other";
  String COHERENCE = "Coherence distributed";
  String REDISSON = "Redisson map";

  /** The cache that is read: each entry on one member, so that the other must ask. */
  String READ = "READ";

  int PORT = 7760; // and some after it

  /** How many processes are together, ready to work. */
  int members();

  /** The map by its mode, or {@link #READ}. */
  Entries entries(String mode);

  /** A map; a put returns when the value is where it shall be, and brings no old value. */
  interface Entries {
    byte @Nullable [] get(Integer key) throws IOException;

    void put(Integer key, byte[] value);

    /** Whether this process must ask another for the entry. */
    boolean isElsewhere(Integer key);
  }

  /**
   * Joins the system's processes.
   *
   * @param redis where Redis is, for those that need it
   */
  static RemotePeer of(String system, int number, String redis) throws IOException {
    return switch (system) {
      case TCP -> new Tcp(number);
      case MEMOGRID -> new Memogrid(number);
      case INFINISPAN -> new Infinispan(number);
      case HAZELCAST -> new OfHazelcast();
      case COHERENCE -> new OfCoherence();
      case REDISSON -> new OfRedisson(redis);
      default -> throw new IllegalArgumentException(system);
    };
  }

  /** No map: a byte and back for each read. */
  final class Tcp implements RemotePeer, Entries {
    private final @Nullable PingPong pingPong;

    Tcp(int number) throws IOException {
      if (number == 0) {
        PingPong.answer(PORT + 80, 1);
      }
      pingPong = number == 0 ? null : PingPong.with(PORT + 80, 1);
    }

    @Override
    public int members() {
      return 2;
    }

    @Override
    public Entries entries(String mode) {
      return this;
    }

    @Override
    public byte @Nullable [] get(Integer key) throws IOException {
      return pingPong == null ? null : pingPong.trip();
    }

    @Override
    public void put(Integer key, byte[] value) {}

    @Override
    public boolean isElsewhere(Integer key) {
      return true;
    }
  }

  final class Memogrid implements RemotePeer {
    private final Cluster cluster;

    Memogrid(int number) {
      cluster =
          Cluster.builder()
              .name("remote-bench")
              .nodeName("n" + number)
              .bind("127.0.0.1")
              .port(PORT)
              .join();
      for (Mode mode : Mode.values()) {
        Entries unused = entries(mode.name());
      }
      Entries unused = entries(READ);
    }

    @Override
    public int members() {
      return cluster.membership().members().size();
    }

    @Override
    public Entries entries(String mode) {
      CacheOptions options =
          mode.equals(READ)
              ? CacheOptions.of(Mode.DISTRIBUTED).owners(1)
              : CacheOptions.of(Mode.valueOf(mode));
      Cache<Integer, byte[]> cache = cluster.cache(mode, options);
      return new Entries() {
        @Override
        public byte @Nullable [] get(Integer key) {
          return cache.get(key);
        }

        @Override
        public void put(Integer key, byte[] value) {
          cache.put(key, value);
        }

        @Override
        public boolean isElsewhere(Integer key) {
          return !cache.owners(key).contains(cluster.self());
        }
      };
    }
  }

  /**
   * What we stand on, with the stack that it calls tcp, its own marshaller, and writes that ask for
   * no old value ({@code IGNORE_RETURN_VALUES}, as its guide advises).
   */
  final class Infinispan implements RemotePeer {
    private final EmbeddedCacheManager manager;

    Infinispan(int number) {
      System.setProperty("jgroups.bind.port", String.valueOf(PORT + 20));
      manager =
          new DefaultCacheManager(
              RawMembers.global("remote-bench-raw", "n" + number, "bench-tcp.xml").build());
      for (Mode mode : Mode.values()) {
        manager.defineConfiguration(mode.name(), RawMembers.cache(mode.name()).build());
        Entries unused = entries(mode.name());
      }
      ConfigurationBuilder read = RawMembers.cache(READ);
      read.clustering().hash().numOwners(1);
      manager.defineConfiguration(READ, read.build());
      Entries unused = entries(READ);
    }

    @Override
    public int members() {
      return manager.getMembers().size();
    }

    @Override
    public Entries entries(String mode) {
      AdvancedCache<Integer, byte[]> cache =
          manager.<Integer, byte[]>getCache(mode).getAdvancedCache();
      AdvancedCache<Integer, byte[]> writes = cache.withFlags(Flag.IGNORE_RETURN_VALUES);
      return new Entries() {
        @Override
        public byte @Nullable [] get(Integer key) {
          return cache.get(key);
        }

        @Override
        public void put(Integer key, byte[] value) {
          var unused = writes.put(key, value);
        }

        @Override
        public boolean isElsewhere(Integer key) {
          return !cache.getDistributionManager().getCacheTopology().isReadOwner(key);
        }
      };
    }
  }

  /**
   * With a map's defaults, one backup in step; {@code set}, which brings no old value. In mode
   * REPLICATED its ReplicatedMap, whose put returns when one member has it and brings the old
   * value, as it always does.
   */
  final class OfHazelcast implements RemotePeer, Entries {
    private final HazelcastInstance hazelcast =
        Hazelcast.newHazelcastInstance(HazelcastMembers.config("remote-bench", PORT + 40, 2));
    private final IMap<Integer, byte[]> map = hazelcast.getMap("entries");
    private final ReplicatedMap<Integer, byte[]> replicated = hazelcast.getReplicatedMap("entries");

    OfHazelcast() {
      map.set(-1, new byte[0]); // until something is written nobody owns a partition
    }

    @Override
    public int members() {
      return HazelcastMembers.together(hazelcast);
    }

    @Override
    public Entries entries(String mode) {
      return mode.equals(Mode.REPLICATED.name()) ? new Replicated() : this;
    }

    private final class Replicated implements Entries {
      @Override
      public byte @Nullable [] get(Integer key) {
        return replicated.get(key);
      }

      @Override
      public void put(Integer key, byte[] value) {
        var unused = replicated.put(key, value);
      }

      @Override
      public boolean isElsewhere(Integer key) {
        return false;
      }
    }

    @Override
    public byte @Nullable [] get(Integer key) {
      return map.get(key);
    }

    @Override
    public void put(Integer key, byte[] value) {
      map.set(key, value);
    }

    @Override
    public boolean isElsewhere(Integer key) {
      return !hazelcast.getPartitionService().getPartition(key).getOwner().localMember();
    }
  }

  /** One backup; {@code putAll} of one entry, which brings no old value. */
  final class OfCoherence implements RemotePeer, Entries {
    private final NamedMap<Integer, byte[]> map =
        CoherenceMember.start("remote-bench", PORT + 60).map("plain-entries");

    @Override
    public int members() {
      return CoherenceMember.members();
    }

    @Override
    public Entries entries(String mode) {
      return this;
    }

    @Override
    public byte @Nullable [] get(Integer key) {
      return map.get(key);
    }

    @Override
    public void put(Integer key, byte[] value) {
      map.putAll(Collections.singletonMap(key, value));
    }

    @Override
    public boolean isElsewhere(Integer key) {
      return CoherenceMember.elsewhere(map, key);
    }
  }

  /** One Redis, so no backup; {@code fastPut}, which brings no old value. */
  final class OfRedisson implements RemotePeer, Entries {
    private final RMap<Integer, byte[]> map;

    OfRedisson(String redis) {
      Config config = new Config();
      config.useSingleServer().setAddress(redis);
      RedissonClient client = Redisson.create(config);
      map = client.getMap("entries");
    }

    @Override
    public int members() {
      return 1;
    }

    @Override
    public Entries entries(String mode) {
      return this;
    }

    @Override
    public byte @Nullable [] get(Integer key) {
      return map.get(key);
    }

    @Override
    public void put(Integer key, byte[] value) {
      boolean unused = map.fastPut(key, value);
    }

    @Override
    public boolean isElsewhere(Integer key) {
      return true;
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import jakarta.transaction.TransactionManager;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Persist;
import org.memogrid.internal.engine.EngineOptions;
import org.memogrid.internal.engine.MemberTransactions;
import org.memogrid.internal.engine.Timing;
import org.memogrid.internal.node.MemberNode;

/**
 * Collects how to join a cluster. Without a call, a member of cluster {@code memogrid} on this
 * machine alone: it binds to 127.0.0.1, takes the first free port from 7800 to 7809, and finds the
 * other members there. Each setting is checked when it is given. Not thread-safe.
 *
 * <pre>{@code
 * Cluster cluster =
 *     Cluster.builder()
 *         .name("shop")
 *         .bind("10.0.0.7")
 *         .seeds("10.0.0.5:7800", "10.0.0.6:7800")
 *         .allow("com.acme.shop.*")
 *         .expectMembers(3, Duration.ofSeconds(30))
 *         .join();
 * }</pre>
 */
public final class ClusterBuilder {
  static final String DEFAULT_NAME = "memogrid";
  static final String DEFAULT_BIND = "127.0.0.1";
  static final int DEFAULT_PORT = 7800;

  private static final AtomicInteger DEFAULT_NAMES = new AtomicInteger();

  private final JoinSettings chosen = new JoinSettings();
  private @Nullable Environment environment;
  private Timing timing = Timing.DEFAULT;
  private InstantSource clock = InstantSource.system();
  private boolean closeOnExit = true;
  private @Nullable TransactionManager transactionManager;

  ClusterBuilder() {}

  /**
   * The name of the cluster, {@code memogrid} unless given: members of one name find each other,
   * others are ignored.
   *
   * @throws IllegalArgumentException if it is blank or longer than 200 bytes
   */
  @CanIgnoreReturnValue
  public ClusterBuilder name(String name) {
    chosen.name(name);
    return this;
  }

  /**
   * The name of this member, host name and process id unless given. It must be unique in the
   * cluster: {@link #join} fails if a member has it.
   *
   * @throws IllegalArgumentException if it is blank or longer than 200 bytes
   */
  @CanIgnoreReturnValue
  public ClusterBuilder nodeName(String nodeName) {
    chosen.nodeName(nodeName);
    return this;
  }

  /**
   * The address of this machine that the others can reach, 127.0.0.1 unless given.
   *
   * @throws IllegalArgumentException if it is blank
   * @throws IllegalStateException if a {@linkplain #stack stack} says it already
   */
  @CanIgnoreReturnValue
  public ClusterBuilder bind(String bind) {
    chosen.bind(bind);
    return this;
  }

  /**
   * The first port to try, 7800 unless given. The member takes the first free of ten, and another,
   * a hundred above, on which its neighbours watch that it lives.
   *
   * @throws IllegalArgumentException if there is no such port
   * @throws IllegalStateException if a {@linkplain #stack stack} says it already
   */
  @CanIgnoreReturnValue
  public ClusterBuilder port(int port) {
    chosen.port(port);
    return this;
  }

  /**
   * Where to look for members, each {@code host:port}; one that is there is enough. A member that
   * is itself among the seeds starts the cluster if no other answers; one that is not fails to
   * join.
   *
   * @throws IllegalArgumentException if one is not of that form, or there is none
   * @throws IllegalStateException if another way to find members was chosen
   */
  @CanIgnoreReturnValue
  public ClusterBuilder seeds(String... seeds) {
    chosen.seeds(List.of(seeds));
    return this;
  }

  /**
   * Looks for members with a multicast on the network of the {@linkplain #bind bound} address.
   *
   * @throws IllegalStateException if another way to find members was chosen
   */
  @CanIgnoreReturnValue
  public ClusterBuilder multicast() {
    chosen.multicast();
    return this;
  }

  /**
   * Looks for members at the addresses that a DNS name resolves to, such as a headless service, on
   * the {@linkplain #port port} of this member.
   *
   * @throws IllegalArgumentException if it is blank
   * @throws IllegalStateException if another way to find members was chosen
   */
  @CanIgnoreReturnValue
  public ClusterBuilder dns(String service) {
    chosen.dns(service);
    return this;
  }

  /**
   * A JGroups configuration for networks that need one; it says where to bind and how members are
   * found.
   *
   * @throws IllegalArgumentException if there is no such file
   * @throws IllegalStateException if the address, the port or another way to find members was
   *     chosen
   */
  @CanIgnoreReturnValue
  public ClusterBuilder stack(Path jgroupsXml) {
    chosen.stack(jgroupsXml);
    return this;
  }

  /**
   * Classes whose objects may cross the wire, by name or, with a star at the end, by package, in
   * addition to the JDK's value classes. Every member must allow what it receives.
   *
   * @throws IllegalArgumentException if a pattern is blank
   * @throws IllegalStateException if a {@linkplain #codec codec} was given, which has its own rules
   */
  @CanIgnoreReturnValue
  public ClusterBuilder allow(String... patterns) {
    chosen.allow(List.of(patterns));
    return this;
  }

  /**
   * Encodes what crosses the wire, in place of the default codec. All members need the same.
   *
   * @throws IllegalStateException if classes were {@linkplain #allow allowed} to the default codec
   */
  @CanIgnoreReturnValue
  public ClusterBuilder codec(Codec codec) {
    chosen.codec(codec);
    return this;
  }

  /** What members do when they can't see each other, {@link Partitions#AVAILABLE} unless given. */
  @CanIgnoreReturnValue
  public ClusterBuilder partitions(Partitions partitions) {
    chosen.partitions(partitions);
    return this;
  }

  /**
   * Gives a database a name, by which {@code Persist.jdbc(name, table)} speaks of it. Each member
   * that holds such a cache needs its own, to the same database. It is the caller's to close, after
   * the cluster.
   *
   * @throws IllegalArgumentException if the name is blank, longer than 200 bytes or a URL
   * @throws IllegalStateException if the name was given before
   */
  @CanIgnoreReturnValue
  public ClusterBuilder dataSource(String name, DataSource source) {
    chosen.dataSource(name, source);
    return this;
  }

  /**
   * Gives a loader and a writer a name, by which {@code Persist.with(name)} speaks of them. Each
   * member that holds such a cache needs its own, to the same data: any of them may be asked.
   *
   * @throws IllegalArgumentException if the name is blank or longer than 200 bytes
   * @throws IllegalStateException if the name was given before
   */
  @CanIgnoreReturnValue
  public <K, V> ClusterBuilder loaderAndWriter(
      String name,
      CacheLoader<? super K, ? extends V> loader,
      CacheWriter<? super K, ? super V> writer) {
    chosen.loaderAndWriter(name, Persist.with(loader, writer));
    return this;
  }

  /**
   * Makes {@link #join} fail unless that many members, this one included, are in the cluster within
   * the time. Without it, a member that finds nobody is a cluster of one.
   *
   * @throws IllegalArgumentException if the number or the time is not positive
   */
  @CanIgnoreReturnValue
  public ClusterBuilder expectMembers(int count, Duration within) {
    chosen.expectMembers(count, within);
    return this;
  }

  /**
   * Whether the end of the process closes the cluster, as it does unless told otherwise here. A
   * program that has something to finish first, such as requests that need the cluster, says false
   * and closes the cluster from a shutdown hook of its own: hooks run in no order.
   */
  @CanIgnoreReturnValue
  public ClusterBuilder closeOnExit(boolean closeOnExit) {
    this.closeOnExit = closeOnExit;
    return this;
  }

  /**
   * Has {@linkplain org.memogrid.cache.CacheOptions#transactional transactional} caches take part
   * in the transactions of a JTA manager, such as Narayana's, together with databases. Each is an
   * {@code XAResource} of its own. Without it they have a small manager of their own, which {@link
   * org.memogrid.cache.Transactions} uses, too.
   */
  @CanIgnoreReturnValue
  public ClusterBuilder transactionManager(TransactionManager transactionManager) {
    this.transactionManager = Objects.requireNonNull(transactionManager, "transactionManager");
    return this;
  }

  /**
   * Fills what is not set here, now or later, from system properties {@code memogrid.*}, then
   * environment variables {@code MEMOGRID_*}, then {@code memogrid.properties} on the class path:
   * {@code cluster.name}, {@code node.name}, {@code bind}, {@code port}, {@code seeds}, {@code
   * multicast}, {@code dns}, {@code stack}, {@code allow}, {@code partitions}, {@code
   * expect.members} and {@code expect.within}; lists are separated by commas, a duration looks like
   * {@code PT30S}. {@code memogrid.cluster=none} makes {@link #join} return a {@linkplain
   * Cluster#local() local} cluster. They are read when joining.
   */
  @CanIgnoreReturnValue
  public ClusterBuilder fromEnvironment() {
    return from(Environment.ofProcess());
  }

  /**
   * Joins the cluster, or starts it if there is none: a first member waits about two seconds for
   * others. When it returns, this member serves.
   *
   * @throws IllegalArgumentException if a setting of the environment is wrong
   * @throws IllegalStateException if this member can't join: its node name is taken, no port is
   *     free, no seed answers, fewer members than expected came, or the others do not send it what
   *     they have. Nothing is left behind.
   */
  public Cluster join() {
    return join(() -> {});
  }

  Cluster join(Runnable onClose) {
    if (environment != null && environment.isAlone()) {
      return alone(onClose);
    }
    EngineOptions options = options();
    return JoinedCluster.of(
        options.cluster(),
        MemberNode.join(options, () -> new MemberTransactions(transactionManager, timing.lock())),
        onClose,
        closeOnExit);
  }

  Cluster alone(Runnable onClose) {
    JoinSettings all = all();
    String node = all.nodeNameOr(ClusterBuilder::defaultNodeName);
    return JoinedCluster.of(
        all.nameOr("local"),
        MemberNode.alone(
            node,
            all.codecOrDefault(),
            clock,
            all.resources(),
            new MemberTransactions(transactionManager, timing.lock())),
        onClose,
        closeOnExit);
  }

  EngineOptions options() {
    return all().options(timing, clock);
  }

  private JoinSettings all() {
    return environment == null ? chosen : chosen.orElse(environment.settings());
  }

  @CanIgnoreReturnValue
  ClusterBuilder from(Environment environment) {
    this.environment = environment;
    return this;
  }

  /** For tests: how long members wait before they conclude something about others. */
  @CanIgnoreReturnValue
  ClusterBuilder timing(Timing timing) {
    this.timing = timing;
    return this;
  }

  Timing timing() {
    return timing;
  }

  /** For tests: what entries expire by. */
  @CanIgnoreReturnValue
  ClusterBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /** Host name and process id; a further member in this process gets a number, too. */
  static String defaultNodeName() {
    String name = hostName() + "-" + ProcessHandle.current().pid();
    int count = DEFAULT_NAMES.incrementAndGet();
    return count == 1 ? name : name + "-" + count;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "node";
    }
  }
}

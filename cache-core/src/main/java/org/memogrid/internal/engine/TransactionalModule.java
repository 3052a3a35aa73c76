/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commands.CommandsFactory;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.Configurations;
import org.infinispan.container.impl.EntryFactory;
import org.infinispan.container.versioning.VersionGenerator;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.impl.TxInterceptor;
import org.infinispan.partitionhandling.PartitionHandling;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;

/** Makes a transactional cache what ours are, before it starts. */
final class TransactionalModule {
  private TransactionalModule() {}

  static void complete(ComponentRegistry cache, Configuration configuration, String name) {
    if (configuration.clustering().partitionHandling().whenSplit()
        != PartitionHandling.ALLOW_READ_WRITES) {
      BasicComponentRegistry all = cache.getComponent(BasicComponentRegistry.class);
      AsyncInterceptorChain chain = all.getComponent(AsyncInterceptorChain.class).wired();
      chain.addInterceptorBefore(
          new CutOffCommits(all.getComponent(PartitionHandlingManager.class).wired()),
          TxInterceptor.class);
      chain.addInterceptorBefore(new PartialCommits(name, cache), TxInterceptor.class);
    }
    if (!Configurations.isTxVersioned(configuration)) {
      return; // what pessimistic transactions read is locked
    }
    BasicComponentRegistry components = cache.getComponent(BasicComponentRegistry.class);
    AsyncInterceptorChain chain = withUniqueVersions(components);
    chain.addInterceptorBefore(
        new ReadChecks(
            name,
            components.getComponent(CommandsFactory.class).wired(),
            components.getComponent(KeyPartitioner.class).wired()),
        TxInterceptor.class);
  }

  /**
   * For those that know of versions. All components must not be wired anew: who waits for this
   * cache to start, to be sent entries, would be forgotten and wait for minutes.
   */
  static AsyncInterceptorChain withUniqueVersions(BasicComponentRegistry components) {
    components.replaceComponent(VersionGenerator.class.getName(), new UniqueVersions(), false);
    AsyncInterceptorChain chain = components.getComponent(AsyncInterceptorChain.class).wired();
    chain.getInterceptors().forEach(each -> components.wireDependencies(each, false));
    components.wireDependencies(components.getComponent(EntryFactory.class).wired(), false);
    return chain;
  }
}

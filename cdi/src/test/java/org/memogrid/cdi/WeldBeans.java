/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.enterprise.inject.se.SeContainer;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.annotation.BeanProvider;
import manager.CacheNameOnEachMethodBlogManagerImpl;
import manager.ClassLevelCacheConfigBlogManagerImpl;
import manager.UsingDefaultCacheNameBlogManagerImpl;

/** Where the JSR's tests find what they test. Without it they all pass. */
public final class WeldBeans implements BeanProvider {
  static final AtomicInteger ASKED = new AtomicInteger();

  private final SeContainer container =
      Containers.of(
          Containers.Local.class,
          CacheNameOnEachMethodBlogManagerImpl.class,
          ClassLevelCacheConfigBlogManagerImpl.class,
          UsingDefaultCacheNameBlogManagerImpl.class);

  @Override
  public <T> T getBeanByType(Class<T> type) {
    ASKED.incrementAndGet();
    return container.select(type).get();
  }
}

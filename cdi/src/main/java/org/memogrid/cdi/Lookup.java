/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.interceptor.InvocationContext;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import javax.cache.Cache;
import javax.cache.annotation.CacheInvocationContext;
import javax.cache.annotation.CacheKeyGenerator;
import javax.cache.annotation.CacheMethodDetails;
import javax.cache.annotation.CacheResolver;
import javax.cache.annotation.CacheResolverFactory;
import javax.cache.annotation.CacheResult;
import javax.cache.configuration.MutableConfiguration;
import org.jsr107.ri.annotations.AbstractCacheLookupUtil;
import org.jsr107.ri.annotations.AbstractInternalCacheInvocationContext;
import org.jsr107.ri.annotations.AbstractInternalCacheKeyInvocationContext;
import org.jsr107.ri.annotations.InternalCacheInvocationContext;
import org.jsr107.ri.annotations.InternalCacheKeyInvocationContext;
import org.jsr107.ri.annotations.StaticCacheInvocationContext;
import org.jsr107.ri.annotations.StaticCacheKeyInvocationContext;

/**
 * What the annotations of a method say, in the terms of CDI: generators of keys and resolvers of
 * caches are beans where there are such, and made by their constructors otherwise.
 */
@ApplicationScoped
class Lookup extends AbstractCacheLookupUtil<InvocationContext> {
  @Inject @Any private Instance<Object> beans;
  @Inject private Grid grid;

  @Override
  protected InternalCacheKeyInvocationContext<? extends Annotation>
      createCacheKeyInvocationContextImpl(
          StaticCacheKeyInvocationContext<? extends Annotation> method, InvocationContext call) {
    return new KeyedCall<>(method, call);
  }

  @Override
  protected InternalCacheInvocationContext<? extends Annotation> createCacheInvocationContextImpl(
      StaticCacheInvocationContext<? extends Annotation> method, InvocationContext call) {
    return new Call<>(method, call);
  }

  /** The user's class, not the one that the container made of it. */
  @Override
  protected Class<?> getTargetClass(InvocationContext call) {
    Class<?> type = call.getTarget().getClass();
    while (type.isSynthetic()) {
      type = type.getSuperclass();
    }
    return type;
  }

  @Override
  protected Method getMethod(InvocationContext call) {
    return call.getMethod();
  }

  @Override
  protected <T> T getObjectByType(Class<T> type) {
    Instance<T> bean = beans.select(type);
    if (bean.isResolvable()) {
      return bean.get();
    }
    try {
      return type.getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          type.getName() + " is no bean, and has no public constructor without arguments", e);
    }
  }

  @Override
  protected CacheKeyGenerator getDefaultCacheKeyGenerator() {
    return call -> ArgumentsKey.of(call.getKeyParameters());
  }

  @Override
  protected CacheResolverFactory getDefaultCacheResolverFactory() {
    return new Named();
  }

  /** The manager's caches of the names that the annotations have, created if need be. */
  private final class Named implements CacheResolverFactory {
    @Override
    public CacheResolver getCacheResolver(CacheMethodDetails<? extends Annotation> method) {
      return new ByName(method.getCacheName());
    }

    @Override
    public CacheResolver getExceptionCacheResolver(CacheMethodDetails<CacheResult> method) {
      return new ByName(method.getCacheAnnotation().exceptionCacheName());
    }
  }

  private final class ByName implements CacheResolver {
    private final String name;

    ByName(String name) {
      this.name = name;
    }

    @Override
    public <K, V> Cache<K, V> resolveCache(CacheInvocationContext<? extends Annotation> unused) {
      return grid.created(name, MutableConfiguration::new);
    }
  }

  private static final class Call<A extends Annotation>
      extends AbstractInternalCacheInvocationContext<InvocationContext, A> {
    Call(StaticCacheInvocationContext<A> method, InvocationContext call) {
      super(method, call);
    }

    @Override
    protected Object[] getParameters(InvocationContext call) {
      return call.getParameters();
    }

    @Override
    protected Method getMethod(InvocationContext call) {
      return call.getMethod();
    }

    @Override
    protected Object getTarget(InvocationContext call) {
      return call.getTarget();
    }
  }

  private static final class KeyedCall<A extends Annotation>
      extends AbstractInternalCacheKeyInvocationContext<InvocationContext, A> {
    KeyedCall(StaticCacheKeyInvocationContext<A> method, InvocationContext call) {
      super(method, call);
    }

    @Override
    protected Object[] getParameters(InvocationContext call) {
      return call.getParameters();
    }

    @Override
    protected Method getMethod(InvocationContext call) {
      return call.getMethod();
    }

    @Override
    protected Object getTarget(InvocationContext call) {
      return call.getTarget();
    }
  }
}

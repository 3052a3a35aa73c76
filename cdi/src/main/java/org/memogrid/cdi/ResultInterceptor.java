/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.annotation.Priority;
import jakarta.inject.Inject;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;
import java.lang.annotation.Annotation;
import javax.cache.Cache;
import javax.cache.annotation.CacheResolver;
import javax.cache.annotation.CacheResult;
import javax.cache.annotation.GeneratedCacheKey;
import org.jspecify.annotations.Nullable;
import org.jsr107.ri.annotations.CacheResultMethodDetails;
import org.jsr107.ri.annotations.ClassFilter;
import org.jsr107.ri.annotations.InternalCacheKeyInvocationContext;
import org.memogrid.internal.store.Loads;
import org.memogrid.memo.internal.SingleFlight;

/**
 * Remembers what a method returns or throws, as {@link CacheResult} says. Of all that miss a key at
 * the same time, on whatever member, one runs the method; the others wait, and read what it stored.
 */
@Interceptor
@CacheResult
@Priority(Interceptor.Priority.LIBRARY_BEFORE)
class ResultInterceptor {
  @Inject private Lookup lookup;
  @Inject private Leases leases;

  @AroundInvoke
  @Nullable Object around(InvocationContext invocation) throws Exception {
    Call call = call(invocation);
    if (call.annotation.skipGet()) {
      return call.run();
    }
    Object there = call.find();
    if (there == null) {
      SingleFlight flight = leases.of(call.results);
      if (flight == null) {
        return call.run();
      }
      try {
        there = flight.get(call.key, call::find, call::run);
      } catch (SingleFlight.LoadFailure e) {
        throw e.getCause() instanceof Exception own ? own : e;
      }
    }
    if (there instanceof Thrown thrown) {
      throw thrown.asBefore();
    }
    return there;
  }

  private Call call(InvocationContext invocation) {
    InternalCacheKeyInvocationContext<? extends Annotation> context =
        lookup.getCacheKeyInvocationContext(invocation);
    if (!(context.getStaticCacheKeyInvocationContext()
        instanceof CacheResultMethodDetails method)) {
      throw new IllegalStateException(invocation.getMethod() + " has no @CacheResult");
    }
    CacheResolver failures = method.getExceptionCacheResolver();
    return new Call(
        invocation,
        method.getCacheAnnotation(),
        method.getCacheKeyGenerator().generateCacheKey(context),
        method.getCacheResolver().resolveCache(context),
        failures == null ? null : failures.resolveCache(context));
  }

  /** What was thrown earlier, and is to be thrown again. */
  private record Thrown(Throwable failure) {
    Exception asBefore() {
      if (failure instanceof Error error) {
        throw error;
      }
      return failure instanceof Exception e
          ? e
          : new java.lang.reflect.UndeclaredThrowableException(failure);
    }
  }

  private record Call(
      InvocationContext invocation,
      CacheResult annotation,
      GeneratedCacheKey key,
      Cache<Object, Object> results,
      @Nullable Cache<Object, Object> failures) {
    @Nullable Object find() {
      Object result = results.get(key);
      if (result != null || failures == null) {
        return result;
      }
      Object failure = failures.get(key);
      if (failure instanceof ThrownBefore note) {
        failure = note.again(invocation.getTarget().getClass().getClassLoader());
      }
      return failure instanceof Throwable known ? new Thrown(known) : null;
    }

    /**
     * Null is not stored: who calls next runs the method. Nor is what was overtaken: whoever put or
     * removed the key while the method ran may know better than it did.
     */
    @Nullable Object run() throws Exception {
      try (Loads.Load<Object> load = Overtaken.begin(results, key)) {
        Object result;
        try {
          result = invocation.proceed();
        } catch (Exception | Error e) {
          keep(e, load);
          throw e;
        }
        if (result != null) {
          store(load, result);
        }
        return result;
      }
    }

    private void keep(Throwable failure, Loads.Load<Object> load) {
      if (failures == null
          || !ClassFilter.isIncluded(
              failure, annotation.cachedExceptions(), annotation.nonCachedExceptions(), true)) {
        return;
      }
      if (!load.stands()) {
        return;
      }
      try (Loads.Load<Object> note = Overtaken.begin(failures, key)) {
        try {
          store(note, failure);
        } catch (IllegalArgumentException refused) { // it would cross the wire, or can't be copied
          store(note, ThrownBefore.of(failure));
        }
      } catch (RuntimeException e) {
        failure.addSuppressed(e);
      }
    }

    /** Without a look first it is an update: what other members have is older. */
    private void store(Loads.Load<Object> load, Object made) {
      var unused = annotation.skipGet() ? load.replace(made) : load.keep(made);
    }
  }
}

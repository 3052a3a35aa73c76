/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.annotation.Priority;
import jakarta.inject.Inject;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;
import javax.cache.annotation.CachePut;
import org.jspecify.annotations.Nullable;
import org.jsr107.ri.annotations.AbstractCachePutInterceptor;

/** Puts the value that a method was called with, as {@link CachePut} says. */
@Interceptor
@CachePut
@Priority(Interceptor.Priority.LIBRARY_BEFORE)
class PutInterceptor extends AbstractCachePutInterceptor<InvocationContext> {
  @Inject private Lookup lookup;

  @AroundInvoke
  @Nullable Object around(InvocationContext call) throws Exception {
    try {
      return cachePut(lookup, call);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) { // of neither kind, and allowed
      throw new java.lang.reflect.UndeclaredThrowableException(e);
    }
  }

  @Override
  protected Object proceed(InvocationContext call) throws Exception {
    return call.proceed();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static java.util.Objects.requireNonNull;

import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.inject.Inject;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import org.memogrid.memo.Memo;

/** Answers injections that are {@link Clustered}. The casts are the word of who injects. */
@Dependent
@SuppressWarnings("unchecked")
class Producers {
  @Inject private Grid grid;

  @Produces
  @Clustered("")
  @Typed(javax.cache.Cache.class)
  <K, V> javax.cache.Cache<K, V> standard(InjectionPoint point) {
    return grid.standard(
        named(point), (Class<K>) argument(point, 0), (Class<V>) argument(point, 1));
  }

  @Produces
  @Clustered("")
  @Typed(org.memogrid.cache.Cache.class)
  <K, V> org.memogrid.cache.Cache<K, V> cache(InjectionPoint point) {
    return (org.memogrid.cache.Cache<K, V>) grid.cache(named(point));
  }

  @Produces
  @Clustered("")
  @Typed(Memo.class)
  <K, V> Memo<K, V> memo(InjectionPoint point) {
    return (Memo<K, V>) grid.memo(named(point), point);
  }

  private static Clustered named(InjectionPoint point) {
    return requireNonNull(Grid.find(point.getQualifiers()), "the injection's @Clustered");
  }

  /** The class of a type argument; Object where it is open. */
  private static Class<?> argument(InjectionPoint point, int index) {
    Type type =
        point.getType() instanceof ParameterizedType parameterized
            ? parameterized.getActualTypeArguments()[index]
            : Object.class;
    Type raw = type instanceof ParameterizedType nested ? nested.getRawType() : type;
    return raw instanceof Class<?> known ? known : Object.class;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.cache.annotation.CacheInvocationParameter;
import javax.cache.annotation.GeneratedCacheKey;
import org.jspecify.annotations.Nullable;

/**
 * The key of a call that names no generator of keys: what the method was called with. It has the
 * same home and the same equals in every JVM, where the one of the JSR's common classes compares
 * hash codes, which differ from JVM to JVM for an enum.
 */
record ArgumentsKey(ArrayList<@Nullable Object> arguments) implements GeneratedCacheKey {
  static ArgumentsKey of(CacheInvocationParameter... parameters) {
    ArrayList<@Nullable Object> arguments = new ArrayList<>(parameters.length);
    for (CacheInvocationParameter each : parameters) {
      arguments.add(comparable(each.getValue()));
    }
    return new ArgumentsKey(arguments);
  }

  /** Arrays of objects are equal if what they hold is. */
  private static @Nullable Object comparable(@Nullable Object argument) {
    if (!(argument instanceof Object[] array)) {
      return argument;
    }
    List<@Nullable Object> elements = new ArrayList<>(array.length);
    Arrays.asList(array).forEach(each -> elements.add(comparable(each)));
    return elements;
  }
}

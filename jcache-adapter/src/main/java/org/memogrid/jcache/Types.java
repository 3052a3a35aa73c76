/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import org.jspecify.annotations.Nullable;

/** Refuses keys and values that are null or not of the types that a cache was declared with. */
record Types(String cache, Class<?> keyType, Class<?> valueType) {
  @CanIgnoreReturnValue
  <K> K key(@Nullable K key) {
    return checked("key", key, keyType);
  }

  @CanIgnoreReturnValue
  <V> V value(String argument, @Nullable V value) {
    return checked(argument, value, valueType);
  }

  private <T> T checked(String argument, @Nullable T object, Class<?> type) {
    requireNonNull(object, argument);
    if (!type.isInstance(object)) {
      throw new ClassCastException(
          argument
              + " is of "
              + object.getClass().getName()
              + ", and cache '"
              + cache
              + "' was declared with "
              + type.getName());
    }
    return object;
  }
}

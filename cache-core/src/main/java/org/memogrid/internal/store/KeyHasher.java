/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.memogrid.internal.store.HashMix.mix;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.memogrid.cluster.Codec;

/** How the keys of one class are hashed; found once per class. */
@FunctionalInterface
interface KeyHasher {
  ClassValue<KeyHasher> BY_CLASS =
      new ClassValue<>() {
        @Override
        protected KeyHasher computeValue(Class<?> type) {
          return choose(type);
        }
      };

  int hash(Object part, Codec codec, int depth);

  static KeyHasher of(Class<?> type) {
    return BY_CLASS.get(type);
  }

  private static KeyHasher choose(Class<?> type) {
    KeyHasher value = ValueHashers.BY_CLASS.get(type);
    if (value != null) {
      return value;
    }
    if (Enum.class.isAssignableFrom(type)) {
      return (part, codec, depth) -> ofEnum((Enum<?>) part);
    }
    if (java.time.ZoneId.class.isAssignableFrom(type)) {
      return (part, codec, depth) -> mix(((java.time.ZoneId) part).getId().hashCode());
    }
    if (List.class.isAssignableFrom(type)
        || Set.class.isAssignableFrom(type)
        || Map.class.isAssignableFrom(type)
        || Map.Entry.class.isAssignableFrom(type)) {
      return KeyHash::ofCollection;
    }
    if (type.isArray()) {
      return type.getComponentType().isPrimitive()
          ? (part, codec, depth) -> ofPrimitives(part)
          : (part, codec, depth) -> KeyHash.ofArray((Object[]) part, codec, depth);
    }
    FieldsHasher fields = FieldsHasher.of(type);
    if (fields == null) {
      return ENCODED;
    }
    if (type.isRecord()) {
      return fields;
    }
    return (part, codec, depth) ->
        (codec instanceof KeyHash.Fieldwise ? fields : ENCODED).hash(part, codec, depth);
  }

  KeyHasher ENCODED = (part, codec, depth) -> HashMix.ofBytes(codec.encode(part));

  private static int ofEnum(Enum<?> constant) {
    return mix(31 * constant.getDeclaringClass().getName().hashCode() + constant.name().hashCode());
  }

  private static int ofPrimitives(Object array) {
    int hash;
    if (array instanceof byte[] bytes) {
      hash = Arrays.hashCode(bytes);
    } else if (array instanceof int[] ints) {
      hash = Arrays.hashCode(ints);
    } else if (array instanceof long[] longs) {
      hash = Arrays.hashCode(longs);
    } else if (array instanceof char[] chars) {
      hash = Arrays.hashCode(chars);
    } else if (array instanceof short[] shorts) {
      hash = Arrays.hashCode(shorts);
    } else if (array instanceof boolean[] booleans) {
      hash = Arrays.hashCode(booleans);
    } else if (array instanceof float[] floats) {
      hash = Arrays.hashCode(floats);
    } else {
      hash = Arrays.hashCode((double[]) array);
    }
    return mix(hash);
  }
}

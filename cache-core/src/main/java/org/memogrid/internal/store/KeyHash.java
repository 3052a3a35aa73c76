/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.memogrid.internal.store.HashMix.mix;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/**
 * Where a key is placed: a number that is the same for equal keys in every JVM, however it was
 * started. {@code hashCode()} is not: that of an enum, and so that of a record that holds one, is
 * another in each process.
 *
 * <ul>
 *   <li>Strings, boxed numbers, UUIDs, big numbers, {@code java.time} values and their like are
 *       hashed by what their specification says they consist of; enums by class and constant name;
 *       lists, sets, maps, entries and optionals by their elements.
 *   <li>Records by the fields that their {@code equals} compares, so that a record that holds a
 *       {@code List.of} and one that holds an equal {@code ArrayList} meet. Plain classes likewise
 *       by their fields, transient ones left out, if the codec is {@link Fieldwise}.
 *   <li>Everything else by its encoded bytes.
 * </ul>
 *
 * <p>A class that is used as a key must therefore have an {@code equals} that compares the fields
 * that cross the wire; a field that {@code equals} leaves out has to be transient.
 *
 * <p>Thread-safe. The bits are spread: any part of the result may be used to choose a place.
 */
public final class KeyHash {
  /** Deeper keys contain themselves, and their equals would never return. */
  static final int MAX_DEPTH = 100;

  private KeyHash() {}

  /**
   * The hash of a key.
   *
   * @throws IllegalArgumentException if the key contains itself, or if the codec refuses what only
   *     its bytes could place
   */
  public static int of(Object key, Codec codec) {
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(codec, "codec");
    // The commonest keys, without a look-up.
    if (key instanceof String text) {
      return mix(text.hashCode());
    }
    if (key instanceof Integer number) {
      return mix(number);
    }
    if (key instanceof Long number) {
      return mix(Long.hashCode(number));
    }
    return of(key, codec, 0);
  }

  /** The hash of a key or a part of one; 0 for null. */
  static int of(@Nullable Object part, Codec codec, int depth) {
    if (part == null) {
      return 0;
    }
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException(
          "the key is nested deeper than "
              + MAX_DEPTH
              + " levels, or contains itself (at "
              + part.getClass().getName()
              + "): use a key that is a plain value");
    }
    return KeyHasher.of(part.getClass()).hash(part, codec, depth);
  }

  static int ofList(Iterable<?> elements, Codec codec, int depth) {
    int hash = 1;
    for (Object element : elements) {
      hash = 31 * hash + of(element, codec, depth + 1);
    }
    return mix(hash);
  }

  /** Independent of the order, which differs between JVMs. */
  static int ofSet(Set<?> elements, Codec codec, int depth) {
    int hash = 0;
    for (Object element : elements) {
      hash += of(element, codec, depth + 1);
    }
    return mix(hash + 3);
  }

  static int ofMap(Map<?, ?> map, Codec codec, int depth) {
    int hash = 0;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      hash += ofEntry(entry, codec, depth);
    }
    return mix(hash + 5);
  }

  static int ofEntry(Map.Entry<?, ?> entry, Codec codec, int depth) {
    return mix(31 * of(entry.getKey(), codec, depth + 1) + of(entry.getValue(), codec, depth + 1));
  }

  static int ofArray(Object[] array, Codec codec, int depth) {
    return ofList(Arrays.asList(array), codec, depth);
  }

  static int ofCollection(Object collection, Codec codec, int depth) {
    if (collection instanceof List<?> list) {
      return ofList(list, codec, depth);
    }
    if (collection instanceof Set<?> set) {
      return ofSet(set, codec, depth);
    }
    if (collection instanceof Map<?, ?> map) {
      return ofMap(map, codec, depth);
    }
    return ofEntry((Map.Entry<?, ?>) collection, codec, depth);
  }

  /**
   * A codec that writes an object as its fields, without the transient ones: equal fields are all
   * that its bytes could tell.
   */
  public interface Fieldwise extends Codec {}
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How collections and maps are written: their elements one by one, each with its class. Those that
 * are filled after they were made may contain themselves; those made from their elements can't.
 */
@SuppressWarnings({"rawtypes", "unchecked"})
final class Containers {
  private Containers() {}

  /** Made empty, then filled. */
  static Serializer<Collection> filled(Supplier<? extends Collection> maker) {
    return new Filled(comparator -> maker.get(), collection -> null);
  }

  /** The same with an order, which crosses the wire as well. */
  static Serializer<Collection> sorted(Function<@Nullable Comparator, Collection> maker) {
    return new Filled(maker, collection -> ((SortedSet) collection).comparator());
  }

  static Serializer<Map> filledMap(Supplier<? extends Map> maker) {
    return new FilledMap(comparator -> maker.get(), map -> null);
  }

  static Serializer<Map> sortedMap(Function<@Nullable Comparator, Map> maker) {
    return new FilledMap(maker, map -> ((SortedMap) map).comparator());
  }

  /** Made from a list of its elements. */
  static Serializer<Object> made(
      Function<Object, Object[]> elements, Function<List<Object>, Object> maker) {
    return new Made(elements, maker);
  }

  static Serializer<Object> madeCollection(Function<List<Object>, Object> maker) {
    return new Made(collection -> ((Collection<?>) collection).toArray(), maker);
  }

  /** A map made from another. */
  static Serializer<Object> madeMap(Function<Map<Object, Object>, Object> maker) {
    return new Made(map -> alternating((Map<?, ?>) map), list -> maker.apply(toMap(list)));
  }

  private static Object[] alternating(Map<?, ?> map) {
    List<Object> parts = new ArrayList<>(2 * map.size());
    map.forEach(
        (key, value) -> {
          parts.add(key);
          parts.add(value);
        });
    return parts.toArray();
  }

  private static Map<Object, Object> toMap(List<Object> alternating) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < alternating.size(); i += 2) {
      map.put(alternating.get(i), alternating.get(i + 1));
    }
    return map;
  }

  private static final class Filled extends Serializer<Collection> {
    private final Function<@Nullable Comparator, ? extends Collection> maker;
    private final Function<Collection, @Nullable Comparator> order;

    Filled(
        Function<@Nullable Comparator, ? extends Collection> maker,
        Function<Collection, @Nullable Comparator> order) {
      this.maker = maker;
      this.order = order;
    }

    @Override
    public void write(Kryo engine, Output out, Collection collection) {
      engine.writeClassAndObject(out, order.apply(collection));
      Object[] elements = collection.toArray(); // one moment of a concurrent collection
      out.writeVarInt(elements.length, true);
      for (Object element : elements) {
        engine.writeClassAndObject(out, element);
      }
    }

    @Override
    public Collection read(Kryo engine, Input in, Class<? extends Collection> type) {
      Collection collection = maker.apply((Comparator) engine.readClassAndObject(in));
      engine.reference(collection);
      int count = ((GuardedInput) in).readCount();
      for (int i = 0; i < count; i++) {
        collection.add(engine.readClassAndObject(in));
      }
      return collection;
    }
  }

  private static final class FilledMap extends Serializer<Map> {
    private final Function<@Nullable Comparator, ? extends Map> maker;
    private final Function<Map, @Nullable Comparator> order;

    FilledMap(
        Function<@Nullable Comparator, ? extends Map> maker,
        Function<Map, @Nullable Comparator> order) {
      this.maker = maker;
      this.order = order;
    }

    @Override
    public void write(Kryo engine, Output out, Map map) {
      engine.writeClassAndObject(out, order.apply(map));
      Object[] parts = alternating(map);
      out.writeVarInt(parts.length, true);
      for (Object part : parts) {
        engine.writeClassAndObject(out, part);
      }
    }

    @Override
    public Map read(Kryo engine, Input in, Class<? extends Map> type) {
      Map map = maker.apply((Comparator) engine.readClassAndObject(in));
      engine.reference(map);
      int count = ((GuardedInput) in).readCount();
      for (int i = 0; i < count; i += 2) {
        Object key = engine.readClassAndObject(in);
        map.put(key, engine.readClassAndObject(in));
      }
      return map;
    }
  }

  private static final class Made extends Serializer<Object> {
    private final Function<Object, Object[]> elements;
    private final Function<List<Object>, Object> maker;

    Made(Function<Object, Object[]> elements, Function<List<Object>, Object> maker) {
      this.elements = elements;
      this.maker = maker;
    }

    @Override
    public void write(Kryo engine, Output out, Object whole) {
      ObjectArrays.writeAll((Engine) engine, out, elements.apply(whole), whole);
    }

    @Override
    public Object read(Kryo engine, Input in, Class<? extends Object> type) {
      return maker.apply(ObjectArrays.readAll(engine, in));
    }
  }
}

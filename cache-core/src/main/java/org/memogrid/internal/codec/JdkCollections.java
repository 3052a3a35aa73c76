/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import static java.util.Collections.synchronizedCollection;
import static java.util.Collections.unmodifiableCollection;
import static org.memogrid.internal.codec.Containers.filled;
import static org.memogrid.internal.codec.Containers.filledMap;
import static org.memogrid.internal.codec.Containers.made;
import static org.memogrid.internal.codec.Containers.madeCollection;
import static org.memogrid.internal.codec.Containers.madeMap;
import static org.memogrid.internal.codec.Containers.sorted;
import static org.memogrid.internal.codec.Containers.sortedMap;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.function.Function;

/** The JDK's collections that may cross, those without a public name by an example. */
@SuppressWarnings({"unchecked", "rawtypes", "JdkObsolete", "SetsImmutableEnumSetIterable"})
final class JdkCollections {
  private enum Few {
    ONE
  }

  private final List<JdkClasses.Entry> all = new ArrayList<>();

  private JdkCollections() {
    add(ArrayList.class, 70, filled(ArrayList::new));
    add(LinkedList.class, 71, filled(LinkedList::new));
    add(ArrayDeque.class, 72, filled(ArrayDeque::new));
    add(HashSet.class, 73, filled(HashSet::new));
    add(LinkedHashSet.class, 74, filled(LinkedHashSet::new));
    add(TreeSet.class, 75, sorted(TreeSet::new));
    add(HashMap.class, 76, filledMap(HashMap::new));
    add(LinkedHashMap.class, 77, filledMap(LinkedHashMap::new));
    add(TreeMap.class, 78, sortedMap(TreeMap::new));
    add(ConcurrentHashMap.class, 79, filledMap(ConcurrentHashMap::new));
    add(ConcurrentSkipListMap.class, 80, sortedMap(ConcurrentSkipListMap::new));
    add(ConcurrentSkipListSet.class, 81, sorted(ConcurrentSkipListSet::new));
    add(ConcurrentLinkedQueue.class, 82, filled(ConcurrentLinkedQueue::new));
    add(ConcurrentLinkedDeque.class, 83, filled(ConcurrentLinkedDeque::new));
    add(CopyOnWriteArrayList.class, 84, filled(CopyOnWriteArrayList::new));
    add(CopyOnWriteArraySet.class, 85, filled(CopyOnWriteArraySet::new));
    add(EnumMap.class, 86, EnumContainers.MAP);
    add(EnumSet.noneOf(Few.class).getClass(), 87, EnumContainers.SET);
    add(jumboEnumSet(), 88, EnumContainers.SET);
    like(new ArrayList<>(List.of(1)).subList(0, 1), 89, filled(ArrayList::new));
    like(new LinkedList<>(List.of(1)).subList(0, 1), 90, filled(ArrayList::new));

    Serializer<Object> list = madeCollection(JdkCollections::immutableList);
    like(List.of(1), 100, list);
    like(List.of(1, 2, 3), 101, list);
    like(List.of(1, 2, 3).subList(0, 2), 102, list);
    Serializer<Object> set = madeCollection(elements -> Set.of(elements.toArray()));
    like(Set.of(1), 103, set);
    like(Set.of(1, 2, 3), 104, set);
    Serializer<Object> map = madeMap(Map::copyOf);
    like(Map.of(1, 1), 105, map);
    like(Map.of(1, 1, 2, 2), 106, map);
    like(Arrays.asList(1), 107, madeCollection(elements -> Arrays.asList(elements.toArray())));

    like(Collections.emptyList(), 110, JdkValues.only(Collections.emptyList()));
    like(Collections.emptySet(), 111, JdkValues.only(Collections.emptySet()));
    like(Collections.emptyMap(), 112, JdkValues.only(Collections.emptyMap()));
    like(
        Collections.singletonList(1), 113, madeCollection(e -> Collections.singletonList(only(e))));
    like(Collections.singleton(1), 114, madeCollection(e -> Collections.singleton(only(e))));
    like(Collections.singletonMap(1, 1), 115, madeMap(JdkCollections::singletonMap));

    wrapper(Collections.unmodifiableList(new ArrayList<>()), 120, Collections::unmodifiableList);
    wrapper(Collections.unmodifiableList(new LinkedList<>()), 121, Collections::unmodifiableList);
    like(
        unmodifiableCollection(new ArrayList<>()),
        122,
        madeCollection(e -> unmodifiableCollection(new ArrayList<>(e))));
    like(
        Collections.unmodifiableSet(new HashSet<>()),
        123,
        madeCollection(e -> Collections.unmodifiableSet(new LinkedHashSet<>(e))));
    like(
        Collections.unmodifiableMap(new HashMap<>()),
        124,
        madeMap(m -> Collections.unmodifiableMap(m)));
    wrapper(Collections.synchronizedList(new ArrayList<>()), 125, Collections::synchronizedList);
    wrapper(Collections.synchronizedList(new LinkedList<>()), 126, Collections::synchronizedList);
    like(
        synchronizedCollection(new ArrayList<>()),
        127,
        madeCollection(e -> synchronizedCollection(new ArrayList<>(e))));
    like(
        Collections.synchronizedSet(new HashSet<>()),
        128,
        madeCollection(e -> Collections.synchronizedSet(new LinkedHashSet<>(e))));
    like(
        Collections.synchronizedMap(new HashMap<>()),
        129,
        madeMap(m -> Collections.synchronizedMap(m)));

    add(Optional.class, 140, made(o -> parts((Optional<?>) o), e -> optional(e)));
    Function<Object, Object[]> parts =
        e -> new Object[] {((Map.Entry<?, ?>) e).getKey(), ((Map.Entry<?, ?>) e).getValue()};
    like(Map.entry(1, 1), 141, made(parts, e -> Map.entry(e.get(0), e.get(1))));
    add(
        AbstractMap.SimpleEntry.class,
        142,
        made(parts, e -> new AbstractMap.SimpleEntry<>(e.get(0), e.get(1))));
    add(
        AbstractMap.SimpleImmutableEntry.class,
        143,
        made(parts, e -> new AbstractMap.SimpleImmutableEntry<>(e.get(0), e.get(1))));
  }

  static List<JdkClasses.Entry> all() {
    return new JdkCollections().all;
  }

  private void add(Class<?> type, int id, Serializer<?> serializer) {
    all.add(new JdkClasses.Entry(type, id, serializer));
  }

  private void like(Object example, int id, Serializer<?> serializer) {
    add(example.getClass(), id, serializer);
  }

  private void wrapper(List<?> example, int id, Function<List<Object>, Object> maker) {
    like(example, id, madeCollection(elements -> maker.apply(new ArrayList<>(elements))));
  }

  /** {@code Stream.toList} gives lists of the same class with nulls in them. */
  private static Object immutableList(List<Object> elements) {
    return elements.contains(null) ? elements.stream().toList() : List.copyOf(elements);
  }

  private static Object singletonMap(Map<Object, Object> map) {
    Map.Entry<Object, Object> entry = only(List.copyOf(map.entrySet()));
    return Collections.singletonMap(entry.getKey(), entry.getValue());
  }

  private static Object[] parts(Optional<?> optional) {
    return optional.isPresent() ? new Object[] {optional.get()} : new Object[0];
  }

  private static Object optional(List<Object> parts) {
    return parts.isEmpty() ? Optional.empty() : Optional.of(only(parts));
  }

  private static <T> T only(Collection<T> elements) {
    if (elements.size() != 1) {
      throw new KryoException("not one element but " + elements.size());
    }
    return elements.iterator().next();
  }

  /** The set that enums of more than 64 constants have. */
  private static Class<?> jumboEnumSet() {
    return EnumSet.noneOf(Character.UnicodeScript.class).getClass();
  }
}

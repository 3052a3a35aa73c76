/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.Serializable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheListener;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;

/**
 * A {@link Cache} whose calls run on a {@link NodeProcess}, so that one test can meet a cache in
 * this JVM and in others. Arguments and results travel by Java serialization: functions must be
 * serializable ({@link Portable#op}), collections and maps come back as copies. Thread-safe as the
 * cache is.
 */
public final class RemoteCache {
  private static final AtomicLong HANDLES = new AtomicLong();

  private RemoteCache() {}

  /** Opens a cache there, and returns a handle to it. */
  public static <K, V> Cache<K, V> open(NodeProcess node, Opening opening) {
    String handle = "cache-" + HANDLES.incrementAndGet();
    node.run(there -> there.kept(handle, () -> opening.open(there.cluster())));
    return proxy(
        Cache.class,
        (method, args) ->
            method.getName().equals("listen")
                ? listen(node, handle, args)
                : method.getName().equals("asMap")
                    ? map(node, handle)
                    : call(node, handle, false, method, args));
  }

  /** How a handle is opened, over there. */
  @FunctionalInterface
  public interface Opening extends Serializable {
    Cache<?, ?> open(Cluster cluster);
  }

  private static ConcurrentMap<?, ?> map(NodeProcess node, String handle) {
    return proxy(ConcurrentMap.class, (method, args) -> call(node, handle, true, method, args));
  }

  private static @Nullable Object call(
      NodeProcess node, String handle, boolean asMap, Method method, List<@Nullable Object> args) {
    List<@Nullable Object> portable = new ArrayList<>();
    args.forEach(arg -> portable.add(portable(arg)));
    Object result = node.call(new Call(handle, asMap, method.toString(), portable)).value();
    return method.getReturnType() == Stream.class
        ? ((Collection<?>) Objects.requireNonNull(result)).stream()
        : result;
  }

  /**
   * A call on its way. No lambda, which costs twice as much to send and to read: tests make
   * hundreds of calls in a second.
   *
   * @param method as it prints
   */
  private record Call(String handle, boolean asMap, String method, List<@Nullable Object> args)
      implements NodeTask<Result> {
    private static final Map<String, Method> METHODS =
        Stream.of(Cache.class, ConcurrentMap.class, Object.class)
            .flatMap(type -> Stream.of(type.getMethods()))
            .collect(Collectors.toMap(Method::toString, method -> method, (one, same) -> one));

    @Override
    public Result run(NodeContext there) throws Exception {
      Cache<?, ?> cache = cache(there, handle);
      return invoke(
          Objects.requireNonNull(METHODS.get(method), method), asMap ? cache.asMap() : cache, args);
    }
  }

  private static Result invoke(Method method, Object target, List<@Nullable Object> args)
      throws Exception {
    try {
      return new Result(portable(method.invoke(target, args.toArray())));
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  @SuppressWarnings("unchecked")
  private static Registration listen(NodeProcess node, String handle, List<@Nullable Object> args) {
    CacheListener<Object, Object> listener =
        (CacheListener<Object, Object>) Objects.requireNonNull(args.get(0));
    CacheEvent.Type[] types = (CacheEvent.Type[]) Objects.requireNonNull(args.get(1));
    String channel = "events-" + HANDLES.incrementAndGet();
    node.onEvent(
        channel,
        event -> listener.onEvent((CacheEvent<Object, Object>) Objects.requireNonNull(event)));
    node.run(
        there ->
            there.kept(
                channel,
                () -> cache(there, handle).listen(event -> there.emit(channel, event), types)));
    return () ->
        node.run(
            there ->
                there
                    .<Registration>kept(
                        channel,
                        () -> {
                          throw new IllegalStateException("no such registration");
                        })
                    .close());
  }

  private static Cache<?, ?> cache(NodeContext there, String handle) {
    return there.kept(
        handle,
        () -> {
          throw new IllegalStateException("no such handle: " + handle);
        });
  }

  private static @Nullable Object portable(@Nullable Object result) {
    if (result instanceof Stream<?> stream) {
      return portable(stream.toList());
    }
    if (result instanceof Map.Entry<?, ?> entry) {
      return new SimpleImmutableEntry<>(entry.getKey(), entry.getValue());
    }
    if (result instanceof Map<?, ?> map) {
      return new LinkedHashMap<>(map);
    }
    if (result instanceof Collection<?> all) {
      Collection<@Nullable Object> copy =
          all instanceof Set ? new LinkedHashSet<>() : new ArrayList<>();
      all.forEach(element -> copy.add(portable(element)));
      return copy;
    }
    return result instanceof Member member
        ? new PortableMember(member.name(), member.id())
        : result;
  }

  /** A member on its way, which arrives as one. */
  private record PortableMember(String name, String id) implements Serializable {
    private Object readResolve() {
      return new Member(name, id);
    }
  }

  @SuppressWarnings("unchecked")
  private static <T> T proxy(Class<? super T> type, Calls calls) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) ->
                calls.call(
                    method, args == null ? List.of() : new ArrayList<>(Arrays.asList(args))));
  }

  /** What a call returned, null included. */
  private record Result(@Nullable Object value) implements Serializable {}

  private interface Calls {
    @Nullable Object call(Method method, List<@Nullable Object> args) throws Throwable;
  }
}

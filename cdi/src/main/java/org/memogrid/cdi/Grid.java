/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.AmbiguousResolutionException;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.UnsatisfiedResolutionException;
import jakarta.enterprise.inject.spi.Bean;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.inject.Inject;
import java.lang.annotation.Annotation;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.jcache.MemogridCachingProvider;
import org.memogrid.jcache.MemogridConfiguration;
import org.memogrid.memo.Memo;
import org.memogrid.memo.MemoBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one container has of a cluster: each cache and memo once, however many inject it, closed
 * when the container ends. Thread-safe.
 */
@ApplicationScoped
class Grid {
  private static final Logger LOG = LoggerFactory.getLogger(Grid.class);

  private final Object creating = new Object();

  @Inject private Instance<Cluster> clusters;
  @Inject private Instance<CacheManager> managers;
  @Inject @Any private Instance<Function<?, ?>> functions;

  @GuardedBy("this") private final Map<String, Cache<?, ?>> caches = new HashMap<>();

  @GuardedBy("this") private final Map<String, Memo<?, ?>> memos = new HashMap<>();

  @GuardedBy("this") private final Deque<AutoCloseable> open = new ArrayDeque<>();

  Cluster cluster() {
    return clusters.isUnsatisfied() ? Cluster.shared() : clusters.get();
  }

  /** A manager on the cluster, closed with the container. */
  synchronized CacheManager openManager() {
    CacheManager manager = MemogridCachingProvider.managerOn(cluster());
    open.push(manager);
    return manager;
  }

  /** The cluster's cache of a name. */
  synchronized Cache<?, ?> cache(Clustered named) {
    Mode mode = mode(named);
    Cache<?, ?> there = caches.get(named.value());
    if (there == null) {
      there = mode == null ? cluster().cache(named.value()) : cluster().cache(named.value(), mode);
      caches.put(named.value(), there);
      open.push(there);
    }
    return there;
  }

  /** The manager's cache of a name, created if need be. */
  <K, V> javax.cache.Cache<K, V> standard(Clustered named, Class<K> keys, Class<V> values) {
    CacheManager manager = managers.get();
    Mode mode = mode(named);
    if (mode != null && !(manager.getCachingProvider() instanceof MemogridCachingProvider)) {
      throw new IllegalStateException(
          named + " names a mode, and " + manager + " is not Memogrid's: leave the mode out");
    }
    javax.cache.Cache<K, V> there =
        created(
            named.value(),
            () ->
                mode == null
                    ? new MutableConfiguration<K, V>().setTypes(keys, values)
                    : new MemogridConfiguration<K, V>(mode).setTypes(keys, values));
    requireSame(there, mode, keys, values);
    return there;
  }

  /**
   * The manager's cache of a name, created by one of all that find none: injections and annotations
   * may name the same. Not under the lock that {@link #openManager} takes, which the container
   * calls while it holds the manager's own.
   */
  <K, V> javax.cache.Cache<K, V> created(
      String name, Supplier<? extends Configuration<K, V>> configuration) {
    CacheManager manager = managers.get();
    javax.cache.Cache<K, V> known = manager.getCache(name);
    if (known != null) {
      return known;
    }
    synchronized (creating) {
      javax.cache.Cache<K, V> there = manager.getCache(name);
      return there == null ? manager.createCache(name, configuration.get()) : there;
    }
  }

  @SuppressWarnings("unchecked") // of a raw class
  private static void requireSame(
      javax.cache.Cache<?, ?> there, @Nullable Mode wanted, Class<?> keys, Class<?> values) {
    Configuration<?, ?> as = there.getConfiguration(CompleteConfiguration.class);
    if (!agree(as.getKeyType(), keys) || !agree(as.getValueType(), values)) {
      throw new IllegalStateException(
          "cache '%s' has the types %s and %s, and is injected with %s and %s"
              .formatted(
                  there.getName(),
                  as.getKeyType().getName(),
                  as.getValueType().getName(),
                  keys.getName(),
                  values.getName()));
    }
    if (wanted != null && as instanceof MemogridConfiguration<?, ?> own) {
      Mode mode = own.options().mode();
      if (mode != wanted) {
        throw new IllegalStateException(
            "cache '%s' is %s, and is injected as %s: name one mode everywhere, or none here"
                .formatted(there.getName(), mode, wanted));
      }
    }
  }

  /** Object is what a cache has that was created without types. */
  private static boolean agree(Class<?> declared, Class<?> injected) {
    return declared == Object.class || injected == Object.class || declared == injected;
  }

  /** The memo of a name, over the function bean of that name. */
  synchronized Memo<?, ?> memo(Clustered named, InjectionPoint point) {
    Memo<?, ?> there = memos.get(named.value());
    if (there == null) {
      there = remember(function(named, point));
      memos.put(named.value(), there);
      open.push(there);
    }
    Mode mode = mode(named);
    if (mode != null && mode != there.mode()) {
      throw new IllegalStateException(
          "memo '%s' is %s, and is injected as %s: say the mode at its function"
              .formatted(named.value(), there.mode(), mode));
    }
    return there;
  }

  private Instance.Handle<? extends Function<?, ?>> function(
      Clustered named, InjectionPoint point) {
    List<? extends Instance.Handle<? extends Function<?, ?>>> found =
        functions.handlesStream().filter(each -> isNamed(each.getBean(), named.value())).toList();
    if (found.isEmpty()) {
      throw new UnsatisfiedResolutionException(noFunction(named.value(), point));
    }
    if (found.size() > 1) {
      throw new AmbiguousResolutionException(
          "memo '%s' has several functions: %s"
              .formatted(named.value(), found.stream().map(Instance.Handle::getBean).toList()));
    }
    return found.get(0);
  }

  private <K, V> Memo<K, V> remember(Instance.Handle<? extends Function<?, ?>> handle) {
    Clustered named = requireNonNull(find(handle.getBean().getQualifiers()));
    @SuppressWarnings("unchecked") // its types are those of the injection, as far as anybody knows
    Function<K, V> function = (Function<K, V>) handle.get();
    MemoBuilder<K, V> builder = Memo.builder(named.value(), function);
    Mode mode = mode(named);
    return (mode == null ? builder : builder.mode(mode)).build(cluster());
  }

  static String noFunction(String name, InjectionPoint point) {
    return "memo '%s', injected at %s, has no function: give a bean of type Function the annotation @Clustered(\"%s\")"
        .formatted(name, point, name);
  }

  static boolean isNamed(Bean<?> bean, String name) {
    Clustered own = find(bean.getQualifiers());
    return own != null && own.value().equals(name);
  }

  static @Nullable Clustered find(Set<Annotation> qualifiers) {
    for (Annotation each : qualifiers) {
      if (each instanceof Clustered named) {
        return named;
      }
    }
    return null;
  }

  private static @Nullable Mode mode(Clustered named) {
    if (named.mode().length > 1) {
      throw new IllegalArgumentException(named + " names several modes: name one, or none");
    }
    return named.mode().length == 0 ? null : named.mode()[0];
  }

  /** Ends this container's use; the data of the cluster stay, and so does the cluster. */
  @PreDestroy
  synchronized void close() {
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        LOG.warn("something that was injected did not close", e);
      }
    }
  }
}

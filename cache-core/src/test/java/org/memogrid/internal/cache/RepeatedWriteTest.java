/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;
import org.memogrid.internal.engine.LocalStores;
import org.memogrid.internal.engine.SerialCodec;
import org.memogrid.internal.engine.StoreFactory;
import org.memogrid.internal.store.Store;

/**
 * An owner stores a conditional write and dies before it answers; another caller writes over it;
 * the engine repeats the first write with the new owner, which answers no. The writer must not
 * believe that.
 */
class RepeatedWriteTest {
  /** What happens between a write that was stored and its answer, which is then no. */
  private final Queue<Runnable> lostAnswers = new ArrayDeque<>();

  /** Whether the first read after a lost answer finds what was there before the write. */
  private boolean oldReads;

  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private final LocalStores engine =
      new LocalStores(new Member("here", "here"), InstantSource.system(), scheduler);
  private final Caches caches =
      new Caches(
          new Losing(),
          Mode.LOCAL,
          new SerialCodec(),
          InstantSource.system(),
          Runnable::run,
          Runnable::run);
  private final Cache<String, Integer> cache = caches.cache("counters");

  @AfterEach
  void stop() {
    scheduler.shutdownNow();
  }

  @Test
  void anUpdateWhoseAnswerWasLostIsAppliedOnce() {
    cache.put("n", 1);
    lostAnswers.add(elsewhere(() -> add("n", 10)));

    assertThat(add("n", 100)).isEqualTo(101);

    assertThat(cache.get("n")).isEqualTo(111);
  }

  @Test
  void aFirstUpdateWhoseAnswerWasLostIsAppliedOnce() {
    lostAnswers.add(elsewhere(() -> add("n", 10)));

    add("n", 100);

    assertThat(cache.get("n")).isEqualTo(110);
  }

  @Test
  void updatesOfEightOthersMayComeBetween() {
    cache.put("n", 0);
    lostAnswers.add(
        () -> {
          for (int i = 0; i < 8; i++) {
            elsewhere(() -> add("n", 1)).run();
          }
        });

    add("n", 100);

    assertThat(cache.get("n")).isEqualTo(108);
  }

  @Test
  void anyNumberOfUpdatesOfFewOthersMayComeBetween() {
    cache.put("n", 0);
    Runnable many =
        () -> {
          for (int i = 0; i < 50; i++) {
            add("n", 1);
          }
        };
    lostAnswers.add(
        () -> {
          elsewhere(many).run();
          elsewhere(many).run();
        });

    add("n", 100);

    assertThat(cache.get("n")).isEqualTo(200);
  }

  /** The read after the refusal is answered by another owner, which has not heard of it yet. */
  @Test
  void anUpdateWhoseAnswerWasLostIsAppliedOnceThoughThatIsSeenLater() {
    cache.put("n", 1);
    lostAnswers.add(elsewhere(() -> add("n", 10)));
    oldReads = true;

    assertThat(add("n", 100)).isEqualTo(101);

    assertThat(cache.get("n")).isEqualTo(111);
  }

  @Test
  void aReplacementWhoseAnswerWasLostSaysThatItHappened() {
    cache.put("n", 1);
    lostAnswers.add(elsewhere(() -> cache.replace("n", 2, 3)));

    assertThat(cache.replace("n", 1, 2)).isTrue();

    assertThat(cache.get("n")).isEqualTo(3);
  }

  @Test
  void aReplacementThatWasNotStoredSaysSo() {
    cache.put("n", 1);

    assertThat(cache.replace("n", 5, 2)).isFalse();
  }

  /** On a thread of its own, to its end. */
  private static Runnable elsewhere(Runnable task) {
    return () -> {
      Thread other = new Thread(task);
      other.start();
      try {
        other.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    };
  }

  @CanIgnoreReturnValue
  private @Nullable Integer add(String key, int more) {
    return cache.update(key, n -> n == null ? more : n + more);
  }

  /** A store that loses answers. */
  private final class Losing implements StoreFactory {
    @Override
    public Store open(String name, CacheOptions options) {
      Store store = engine.open(name, options);
      Queue<Object> old = new ArrayDeque<>();
      return (Store)
          Proxy.newProxyInstance(
              Store.class.getClassLoader(),
              new Class<?>[] {Store.class},
              (proxy, method, args) -> {
                if (method.getName().equals("get") && !old.isEmpty()) {
                  return old.remove();
                }
                Object before = oldReads && method.getName().equals("replace") ? args[1] : null;
                Object answer;
                try {
                  answer = method.invoke(store, args);
                } catch (InvocationTargetException e) {
                  throw requireNonNull(e.getCause());
                }
                boolean conditional =
                    method.getName().equals("replace") || method.getName().equals("putIfAbsent");
                Runnable meanwhile = conditional ? lostAnswers.poll() : null;
                if (meanwhile == null) {
                  return answer;
                }
                meanwhile.run();
                if (before != null) {
                  old.add(before);
                }
                return method.getName().equals("replace") ? false : store.get(args[0]);
              });
    }

    @Override
    public @Nullable CacheOptions optionsOf(String name) {
      return engine.optionsOf(name);
    }

    @Override
    public Set<String> names() {
      return engine.names();
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static java.lang.annotation.ElementType.FIELD;
import static java.lang.annotation.ElementType.METHOD;
import static java.lang.annotation.ElementType.PARAMETER;
import static java.lang.annotation.ElementType.TYPE;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import jakarta.enterprise.util.Nonbinding;
import jakarta.inject.Qualifier;
import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import org.memogrid.cache.Mode;

/**
 * The name, and if need be the mode, of the cache or memo that is injected:
 *
 * <pre>{@code
 * @Inject @Clustered("prices") javax.cache.Cache<String, Price> prices;
 * @Inject @Clustered(value = "users", mode = Mode.REPLICATED) org.memogrid.cache.Cache<String, User> users;
 *
 * @Clustered(value = "sleepy", mode = Mode.REPLICATED)
 * class Sleepy implements Function<Integer, Integer> { ... }   // a bean: the memo's function
 *
 * @Inject @Clustered("sleepy") Memo<Integer, Integer> sleepy;
 * }</pre>
 *
 * <ul>
 *   <li>A cache of the JSR is the manager's of that name. If the manager has none it is created,
 *       with the types and the mode of this injection; one that is there must agree with them.
 *   <li>A cache of Memogrid is the cluster's of that name. It is another than the JSR's.
 *   <li>A memo remembers a {@link java.util.function.Function} bean that has this annotation with
 *       the same name. The function's annotation says the mode. Without such a bean the application
 *       does not start.
 * </ul>
 *
 * <p>All who inject one name share one object, which the container closes when it ends. What is
 * injected stands on the bean of type {@link org.memogrid.cluster.Cluster} if the application has
 * one, and on {@link org.memogrid.cluster.Cluster#shared()} otherwise, which stays open; caches of
 * the JSR stand on the {@link javax.cache.CacheManager} bean if the application has one of its own.
 */
@Qualifier @Documented
@Retention(RUNTIME)
@Target({FIELD, METHOD, PARAMETER, TYPE})
public @interface Clustered {
  /** The name, the same on all members. */
  @Nonbinding
  String value();

  /**
   * One mode, or none: for caches of the JSR the one that {@code memogrid.jcache.mode} says, for
   * all else {@link Mode#DISTRIBUTED}; without a network {@link Mode#LOCAL}.
   */
  @Nonbinding
  Mode[] mode() default {};
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Objects;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;

/**
 * A JSR-107 configuration that also says where entries live: mode, size, expiry, owners, as {@link
 * CacheOptions}. All members must create a cache of one name with equal options; loaders, writers,
 * listeners and the like are each member's own.
 *
 * <pre>{@code
 * manager.createCache("prices",
 *     new MemogridConfiguration<String, Price>(CacheOptions.of(Mode.REPLICATED).maxEntries(10_000))
 *         .setTypes(String.class, Price.class));
 * }</pre>
 *
 * <p>An expiry in the options takes the place of an expiry policy: give one of the two. Its idle
 * time costs a reader no message, where an access duration of a policy is a write for each read.
 *
 * <p>Not thread-safe, and copied when a cache is created with it. Not serializable.
 */
public final class MemogridConfiguration<K, V> extends MutableConfiguration<K, V> {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // refused by writeObject
  private final CacheOptions options;

  /** A configuration with everything but the options as {@link MutableConfiguration} has it. */
  public MemogridConfiguration(CacheOptions options) {
    this.options = requireNonNull(options, "options");
  }

  /** {@code new MemogridConfiguration<>(CacheOptions.of(mode))}. */
  public MemogridConfiguration(Mode mode) {
    this(CacheOptions.of(mode));
  }

  /** A copy of any configuration, with these options. */
  public MemogridConfiguration(CompleteConfiguration<K, V> configuration, CacheOptions options) {
    super(requireNonNull(configuration, "configuration"));
    this.options = requireNonNull(options, "options");
  }

  /** Where entries live, and how long. */
  public CacheOptions options() {
    return options;
  }

  private void writeObject(ObjectOutputStream unused) throws NotSerializableException {
    throw new NotSerializableException(
        "a MemogridConfiguration is each member's own: build it where the cache is created");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return super.equals(other)
        && other instanceof MemogridConfiguration<?, ?> that
        && options.equals(that.options);
  }

  @Override
  public int hashCode() {
    return 31 * super.hashCode() + Objects.hashCode(options);
  }
}

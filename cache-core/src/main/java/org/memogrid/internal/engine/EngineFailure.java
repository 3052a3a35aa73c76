/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.partitionhandling.AvailabilityException;
import org.infinispan.persistence.spi.PersistenceException;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheFullException;

/** The clustered engine's exceptions as ours. The cause is kept. */
final class EngineFailure {
  private EngineFailure() {}

  static RuntimeException of(String cache, String operation, RuntimeException failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CacheFullException full) {
        return full == failure ? full : new CacheFullException(messageOf(full));
      }
      if (cause instanceof IllegalLifecycleStateException) {
        return new IllegalStateException(
            "cache '"
                + cache
                + "' is not there any more: it was destroyed, or this member left the cluster;"
                + " open it again with cluster.cache(...)",
            failure);
      }
      if (cause instanceof LoadFailure) {
        return new CacheException(
            operation + " on cache '" + cache + "': " + cause.getMessage(), failure);
      }
      if (cause instanceof PersistenceException) {
        return new CacheException(
            operation + " on cache '" + cache + "' was not written: " + cause.getMessage(),
            failure);
      }
      if (cause instanceof AvailabilityException) {
        return new CacheException(
            operation
                + " on cache '"
                + cache
                + "': the cluster is split and this side does not hold all owners of the entry; try"
                + " again when it has merged",
            failure);
      }
    }
    if (failure instanceof org.infinispan.commons.CacheException) {
      return new CacheException(
          operation
              + " on cache '"
              + cache
              + "' was not finished: "
              + failure.getMessage()
              + "; a write may have happened or not, try again",
          failure);
    }
    return failure;
  }

  private static String messageOf(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? "the cache is full" : message;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What {@link Memo#async} returns, and what is derived from it. A run that waits for one lends its
 * permit meanwhile, as it does in {@link Memo#apply}: what it waits for may need it.
 */
final class Awaited<V> extends CompletableFuture<V> {
  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new Awaited<>();
  }

  @Override
  public V get() throws InterruptedException, ExecutionException {
    if (isDone()) {
      return super.get();
    }
    Running.Lent lent = Running.lend();
    try {
      return super.get();
    } finally {
      lent.takeBack();
    }
  }

  @Override
  public V get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    if (isDone()) {
      return super.get(timeout, unit);
    }
    Running.Lent lent = Running.lend();
    try {
      return super.get(timeout, unit);
    } finally {
      lent.takeBack();
    }
  }

  @Override
  public V join() {
    if (isDone()) {
      return super.join();
    }
    Running.Lent lent = Running.lend();
    try {
      return super.join();
    } finally {
      lent.takeBack();
    }
  }
}

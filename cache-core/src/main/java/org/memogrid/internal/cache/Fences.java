/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.FencedException;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.engine.StoreFactory;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;

/**
 * The highest token of each name that was written with, on every member. It is in a store of its
 * own, so no removal or expiry in the caches forgets it. Thread-safe.
 */
final class Fences {
  private static final String STORE = "org.memogrid.fences";

  private final StoreFactory stores;
  private final Codec codec;
  private final Versions versions;
  private final boolean clustered;
  private @Nullable Store opened;

  Fences(StoreFactory stores, Codec codec, Versions versions, boolean clustered) {
    this.stores = stores;
    this.codec = codec;
    this.versions = versions;
    this.clustered = clustered;
  }

  private synchronized Store store() {
    Store store = opened;
    if (store == null) {
      store = stores.open(STORE, CacheOptions.of(clustered ? Mode.REPLICATED : Mode.LOCAL));
      opened = store;
    }
    return store;
  }

  /**
   * Notes the token if it is the highest so far. When it returns, lower ones are refused on every
   * member.
   *
   * @throws FencedException if there was a higher one
   */
  void admit(String cache, FencingToken token) {
    Store store = store();
    while (true) {
      Envelope there = store.get(token.name());
      FencingToken highest = there == null ? null : read(token.name(), there);
      if (highest != null && highest.isAfter(token)) {
        throw new FencedException(
            "cache '"
                + cache
                + "' refuses a write of "
                + token
                + ": "
                + highest
                + " has written since, so the writer's turn is over; let it stop");
      }
      if (token.equals(highest)) {
        return;
      }
      String text = token.number() + " " + token.memberId();
      Envelope noted = Envelope.ofBytes(versions.next(), codec.encode(text));
      if (there == null
          ? store.putIfAbsent(token.name(), noted) == null
          : Conditional.swap(store, token.name(), there, noted)) {
        return;
      }
    }
  }

  private FencingToken read(String name, Envelope entry) {
    String text = (String) entry.value(codec);
    int space = text.indexOf(' ');
    return new FencingToken(
        name, Long.parseLong(text.substring(0, space)), text.substring(space + 1));
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashSet;
import java.util.Set;
import org.memogrid.internal.store.Envelope;

/**
 * Versions of entries that this member removed, until the store has reported it. A report that
 * never comes leaves one behind, so the oldest are let go. Thread-safe.
 */
final class Departed {
  private static final int KEPT = 4096;

  @GuardedBy("this") private final Set<Envelope.Version> versions = new LinkedHashSet<>();

  synchronized void add(Envelope.Version version) {
    versions.add(version);
    if (versions.size() > KEPT) {
      var oldest = versions.iterator();
      oldest.next();
      oldest.remove();
    }
  }

  synchronized boolean remove(Envelope.Version version) {
    return versions.remove(version);
  }
}

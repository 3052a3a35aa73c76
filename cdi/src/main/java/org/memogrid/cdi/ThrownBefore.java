/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import java.lang.reflect.Constructor;
import org.jspecify.annotations.Nullable;

/**
 * The form in which a remembered exception crosses the wire, as exceptions themselves do not: its
 * class and message. Made into one again by the constructor that takes a message, or by the one
 * that takes nothing; causes and fields of its own are not kept.
 */
record ThrownBefore(String type, @Nullable String message) {
  static ThrownBefore of(Throwable failure) {
    return new ThrownBefore(failure.getClass().getName(), failure.getMessage());
  }

  /** Null if there is no such class here, or none of these constructors. */
  @Nullable Throwable again(@Nullable ClassLoader loader) {
    Class<? extends Throwable> known;
    try {
      known = Class.forName(type, false, loader).asSubclass(Throwable.class);
    } catch (ClassNotFoundException | ClassCastException e) {
      return null;
    }
    Throwable made = message == null ? null : make(known, message);
    return made == null ? make(known, null) : made;
  }

  private static @Nullable Throwable make(
      Class<? extends Throwable> type, @Nullable String message) {
    try {
      Constructor<? extends Throwable> constructor =
          message == null ? type.getConstructor() : type.getConstructor(String.class);
      return message == null ? constructor.newInstance() : constructor.newInstance(message);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }
}

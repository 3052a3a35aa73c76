/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/**
 * Copies objects within this JVM, without an allow list: no bytes come from elsewhere. What never
 * changes is not copied. Records and plain classes are copied by the default codec, whether they
 * are {@link Serializable} or not; what that refuses goes through Java serialization.
 */
final class Copier {
  private static final Set<Class<?>> FIXED =
      Set.of(
          String.class,
          Integer.class,
          Long.class,
          Short.class,
          Byte.class,
          Character.class,
          Boolean.class,
          Double.class,
          Float.class,
          BigInteger.class,
          BigDecimal.class,
          UUID.class,
          URI.class,
          Class.class);

  private final Codec codec;
  private final ClassLoader loader;

  /**
   * @param codec takes any class
   */
  Copier(Codec codec, ClassLoader loader) {
    this.codec = codec;
    this.loader = loader;
  }

  static boolean isFixed(Object object) {
    Class<?> type = object.getClass();
    return FIXED.contains(type)
        || object instanceof Enum
        || type.getPackageName().equals("java.time");
  }

  /**
   * A copy that shares nothing that can change.
   *
   * @throws IllegalArgumentException naming the class that can't be copied, and the remedy
   */
  @SuppressWarnings("unchecked")
  <T> T copy(T object) {
    if (isFixed(object)) {
      return object;
    }
    try {
      return (T) codec.decode(codec.encode(object));
    } catch (IllegalArgumentException refused) {
      return (T) serialized(object, refused);
    }
  }

  private Object serialized(Object object, IllegalArgumentException refused) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
      out.flush();
      try (ObjectInputStream in = new Loading(bytes.toByteArray(), loader)) {
        return in.readObject();
      }
    } catch (IOException | ClassNotFoundException e) {
      e.addSuppressed(refused);
      throw new IllegalArgumentException(
          "an object of "
              + object.getClass().getName()
              + " can't be copied ("
              + e
              + "): make it a record, a plain class or Serializable, or configure the cache with"
              + " setStoreByValue(false)",
          e);
    }
  }

  /** Finds classes where the manager does. */
  private static final class Loading extends ObjectInputStream {
    private final ClassLoader loader;

    Loading(byte[] bytes, ClassLoader loader) throws IOException {
      super(new ByteArrayInputStream(bytes));
      this.loader = loader;
    }

    @Override
    protected @Nullable Class<?> resolveClass(ObjectStreamClass described)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(described.getName(), false, loader);
      } catch (ClassNotFoundException e) {
        return super.resolveClass(described);
      }
    }
  }
}

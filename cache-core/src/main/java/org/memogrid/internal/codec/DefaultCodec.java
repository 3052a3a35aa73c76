/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.KryoException;
import java.util.Collection;
import java.util.Objects;
import org.memogrid.internal.store.KeyHash;

/**
 * The codec used unless the user brings one. Takes the JDK's value classes, the ordinary
 * collections, arrays, and of the user's classes those on the allow list: enums, records, and plain
 * classes, without annotations and without {@code Serializable}.
 *
 * <ul>
 *   <li>A class off the list is refused in both directions, however deep it is nested, before it is
 *       loaded; so are lambdas, inner classes that hold on to their outer object, classes that
 *       inherit state from the JDK, and classes that Java would serialize by methods of their own.
 *   <li>A record is rebuilt by its canonical constructor, which may refuse the values. A plain
 *       class is rebuilt field by field, without a constructor; transient fields are left out.
 *   <li>Fields are matched by name. One that the sender does not have arrives as null, 0 or false;
 *       one that the receiver does not have is dropped, but its class must be known. Enum constants
 *       are matched by name too.
 *   <li>Objects that are reached on two ways arrive as one. Cycles are kept through plain classes
 *       and mutable collections, and refused through records and immutable collections.
 *   <li>Immutable, unmodifiable and synchronized collections of the JDK arrive as what they were; a
 *       sublist arrives as a list of its own.
 *   <li>Bytes that this codec did not write are an {@link IllegalArgumentException}. A length is
 *       never believed before as many bytes are there.
 * </ul>
 *
 * <p>Thread-safe, lock-free.
 */
public final class DefaultCodec implements KeyHash.Fieldwise {
  private final EnginePool engines;

  private DefaultCodec(AllowList allowed, ClassLoader loader) {
    this.engines = new EnginePool(() -> new Engine(allowed, loader));
  }

  /**
   * A codec that takes the given classes beside the JDK's values.
   *
   * @param patterns a binary class name, {@code com.acme.Price} or {@code com.acme.Order$Line}, or
   *     a package with its subpackages, {@code com.acme.*}
   * @throws IllegalArgumentException naming the pattern that is neither
   */
  public static DefaultCodec allowing(Collection<String> patterns) {
    Objects.requireNonNull(patterns, "patterns");
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    return new DefaultCodec(
        new AllowList(patterns), loader != null ? loader : DefaultCodec.class.getClassLoader());
  }

  /**
   * A codec for copies within this process, which no bytes from elsewhere may reach: it takes every
   * class that has a form at all.
   *
   * @param loader finds the classes
   */
  public static DefaultCodec copying(ClassLoader loader) {
    return new DefaultCodec(AllowList.everything(), loader);
  }

  /**
   * Refuses what {@link #allowing} would refuse.
   *
   * @throws IllegalArgumentException naming the pattern that is none
   */
  public static void check(Collection<String> patterns) {
    var unused = new AllowList(patterns);
  }

  @Override
  public byte[] encode(Object object) {
    Objects.requireNonNull(object, "object");
    Engine engine = engines.take();
    try {
      byte[] bytes = engine.encode(object);
      engines.giveBack(engine);
      return bytes;
    } catch (StackOverflowError | RuntimeException e) {
      giveBackAfter(e, engine);
      if (e instanceof RefusedException refused) {
        throw refused;
      }
      throw new IllegalArgumentException(
          "an object of " + object.getClass().getName() + " can't be encoded: " + reason(e), e);
    }
  }

  @Override
  public Object decode(byte[] bytes) {
    Objects.requireNonNull(bytes, "bytes");
    Engine engine = engines.take();
    try {
      Object object = engine.decode(bytes);
      engines.giveBack(engine);
      return object;
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError | LinkageError e) {
      giveBackAfter(e, engine);
      if (e instanceof RefusedException refused) {
        throw refused;
      }
      throw new IllegalArgumentException(
          bytes.length
              + " bytes can't be decoded; they are damaged, or written by another codec or by"
              + " another version of their classes: "
              + reason(e),
          e);
    }
  }

  /** An error may strike anywhere, and leave an engine in a state that nobody foresaw. */
  private void giveBackAfter(Throwable failure, Engine engine) {
    if (failure instanceof RuntimeException && engine.recover()) {
      engines.giveBack(engine);
    }
  }

  private static String reason(Throwable e) {
    boolean own = e instanceof KryoException || e instanceof IllegalArgumentException;
    String message = e.getMessage();
    return own && message != null ? message : e.toString();
  }
}

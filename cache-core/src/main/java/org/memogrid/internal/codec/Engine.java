/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Registration;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Output;

/**
 * One Kryo with its buffers, set up so that only allowed classes pass. For one thread at a time.
 */
final class Engine extends Kryo {
  private static final int MAX_DEPTH = 1000;
  private static final int BUFFER = 512;
  private static final int MAX_FAILURES = 100;
  private static final int LARGEST_BUFFER_KEPT = 1 << 16;

  private final AllowList allowed;
  private final References references;
  private GuardedInput input = new GuardedInput();
  private Output output = new Output(BUFFER, -1);
  private long message;
  private int failures;

  Engine(AllowList allowed, ClassLoader loader) {
    this(allowed, loader, new References());
  }

  @SuppressWarnings("this-escape")
  private Engine(AllowList allowed, ClassLoader loader, References references) {
    super(new GuardedClassResolver(allowed), references);
    this.allowed = allowed;
    this.references = references;
    setClassLoader(loader);
    setRegistrationRequired(false);
    setOptimizedGenerics(false);
    setMaxDepth(MAX_DEPTH);
    JdkClasses.register(this);
  }

  byte[] encode(Object object) {
    message++;
    output.reset();
    writeClassAndObject(output, object);
    byte[] bytes = output.toBytes();
    if (output.getBuffer().length > LARGEST_BUFFER_KEPT) {
      output = new Output(BUFFER, -1);
    }
    return bytes;
  }

  Object decode(byte[] bytes) {
    message++;
    input.setBuffer(bytes);
    Object object = readClassAndObject(input);
    if (object == null) {
      throw new KryoException("they hold nothing");
    }
    if (input.position() != bytes.length) {
      throw new KryoException(bytes.length - input.position() + " bytes follow the object");
    }
    if (bytes.length > LARGEST_BUFFER_KEPT) {
      input = new GuardedInput();
    } else {
      input.setBuffer(GuardedInput.EMPTY); // holds on to nothing
    }
    return object;
  }

  /** Makes it fit for use after an exception; false if it isn't worth it. */
  boolean recover() {
    reset();
    references.exitAll();
    output.reset();
    input.setBuffer(GuardedInput.EMPTY);
    return ++failures < MAX_FAILURES; // Kryo forgets a few numbers each time
  }

  /** Differs from message to message. */
  long message() {
    return message;
  }

  References references() {
    return references;
  }

  Serializer<?> kryosOwn(Class<?> type) {
    return super.getDefaultSerializer(type);
  }

  void add(Class<?> type, Serializer<?> serializer, int id) {
    register(new Registration(type, serializer, id));
  }

  @Override
  @SuppressWarnings("rawtypes")
  public Registration getRegistration(Class type) {
    Registration known = getClassResolver().getRegistration(type);
    if (known != null) {
      return known;
    }
    Class<?> registered = ClassNames.registered(type);
    if (registered != type) {
      return getRegistration(registered);
    }
    if (!ClassNames.isOfValues(registered)) {
      allowed.check(ClassNames.element(registered.getName()));
    }
    return getClassResolver().registerImplicit(registered);
  }

  /** Of a class that is allowed, but not registered: nothing that Kryo would think of. */
  @Override
  @SuppressWarnings("rawtypes")
  public Serializer getDefaultSerializer(Class type) {
    if (allowed == null) {
      return super.getDefaultSerializer(type); // while Kryo's constructor runs
    }
    if (type.isArray()) {
      return ObjectArrays.INSTANCE;
    }
    if (type.isEnum()) {
      return Enums.INSTANCE;
    }
    return new Fields(Layout.of(type));
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Objects of one class as their fields. Ahead of the first object of the class in a message stand
 * the names of the fields; a reader that has others goes by them. Belongs to one engine.
 */
@SuppressWarnings("rawtypes")
final class Fields extends Serializer<Object> {
  private static final int NOT_HERE = -1;

  private final Layout layout;
  private long lastWritten;
  private long lastRead;

  /** Which field of ours each of the sender's is; null if they are the same. */
  private int @Nullable [] sendersFields;

  Fields(Layout layout) {
    this.layout = layout;
  }

  @Override
  public void write(Kryo kryo, Output out, Object object) {
    Engine engine = (Engine) kryo;
    if (lastWritten != engine.message()) {
      lastWritten = engine.message();
      out.writeVarInt(layout.schema().length, true);
      out.writeBytes(layout.schema());
    }
    boolean isMadeFromParts = layout.maker() != null;
    if (isMadeFromParts) {
      engine.references().enter(object);
    }
    for (int i = 0; i < layout.getters().length; i++) {
      engine.writeClassAndObject(out, get(i, object));
    }
    if (isMadeFromParts) {
      engine.references().exit();
    }
  }

  @Override
  public Object read(Kryo kryo, Input in, Class type) {
    Engine engine = (Engine) kryo;
    if (lastRead != engine.message()) {
      lastRead = engine.message();
      sendersFields = readSchema((GuardedInput) in);
    }
    int[] senders = sendersFields; // the same for nested objects of the class
    if (layout.blank() == null) {
      return makeRecord(readValues(engine, in, senders));
    }
    Object object = layout.blank().newInstance();
    engine.reference(object);
    Object[] values = readValues(engine, in, senders);
    for (int i = 0; i < values.length; i++) {
      set(i, object, values[i]);
    }
    return object;
  }

  private @Nullable Object[] readValues(Engine engine, Input in, int @Nullable [] senders) {
    Object[] values = layout.defaults().clone();
    int count = senders == null ? values.length : senders.length;
    for (int i = 0; i < count; i++) {
      Object value = engine.readClassAndObject(in);
      int index = senders == null ? i : senders[i];
      if (index != NOT_HERE) {
        values[index] = value;
      }
    }
    return values;
  }

  private int @Nullable [] readSchema(GuardedInput in) {
    int length = in.readCount();
    int start = in.position();
    byte[] schema = layout.schema();
    if (Arrays.equals(in.getBuffer(), start, start + length, schema, 0, schema.length)) {
      in.setPosition(start + length);
      return null;
    }
    int[] senders = new int[in.readCount()];
    List<String> names = Arrays.asList(layout.names());
    for (int i = 0; i < senders.length; i++) {
      senders[i] = names.indexOf(in.readString());
    }
    if (in.position() != start + length) {
      throw new KryoException("the fields of " + layout.type().getName() + " are garbled");
    }
    return senders;
  }

  private @Nullable Object get(int field, Object object) {
    try {
      return (Object) layout.getters()[field].invokeExact(object);
    } catch (Throwable e) {
      throw failure(" has a field that can't be read: ", layout.names()[field], e);
    }
  }

  private void set(int field, Object object, @Nullable Object value) {
    try {
      layout.setters()[field].invokeExact(object, value);
    } catch (Throwable e) {
      throw failure(" has a field of another type: ", layout.names()[field], e);
    }
  }

  private Object makeRecord(@Nullable Object[] values) {
    MethodHandle maker = Objects.requireNonNull(layout.maker());
    try {
      return (Object) maker.invokeExact(values);
    } catch (Throwable e) {
      throw failure(" can't be made from the fields that arrived: ", "", e);
    }
  }

  private RuntimeException failure(String what, String field, Throwable e) {
    if (e instanceof VirtualMachineError error) {
      throw error;
    }
    return new KryoException(layout.type().getName() + what + field + " (" + e + ")", e);
  }
}

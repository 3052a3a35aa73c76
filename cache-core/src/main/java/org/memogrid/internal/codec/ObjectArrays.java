/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;

/** Arrays of anything but primitives. They grow with what was read, not with what is promised. */
@SuppressWarnings("rawtypes")
final class ObjectArrays extends Serializer<Object> {
  static final ObjectArrays INSTANCE = new ObjectArrays();

  private ObjectArrays() {}

  @Override
  public void write(Kryo engine, Output out, Object array) {
    writeAll((Engine) engine, out, (Object[]) array, array);
  }

  @Override
  public Object read(Kryo engine, Input in, Class type) {
    List<Object> elements = readAll(engine, in);
    Object[] array = (Object[]) Array.newInstance(type.getComponentType(), elements.size());
    return elements.toArray(array); // an element of another class: ArrayStoreException
  }

  /** Writes the elements of something that is made from its elements. */
  static void writeAll(Engine engine, Output out, Object[] elements, Object whole) {
    engine.references().enter(whole);
    out.writeVarInt(elements.length, true);
    for (Object element : elements) {
      engine.writeClassAndObject(out, element);
    }
    engine.references().exit();
  }

  static List<Object> readAll(Kryo engine, Input in) {
    int count = ((GuardedInput) in).readCount();
    List<Object> elements = new ArrayList<>(Math.min(count, 16));
    for (int i = 0; i < count; i++) {
      elements.add(engine.readClassAndObject(in));
    }
    return elements;
  }
}

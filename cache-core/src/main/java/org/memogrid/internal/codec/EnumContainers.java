/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sets and maps of enum constants. The JDK keeps their element type to itself, so that of an empty
 * one is found through its complement, or is lost: then it arrives empty, of another enum.
 */
@SuppressWarnings({"rawtypes", "unchecked"})
final class EnumContainers {
  private enum None {}

  private EnumContainers() {}

  static final Serializer<EnumSet> SET =
      new Serializer<>() {
        @Override
        public void write(Kryo engine, Output out, EnumSet set) {
          EnumSet sample = set.isEmpty() ? EnumSet.complementOf(set) : set;
          boolean isTypeKnown = !sample.isEmpty();
          engine.writeClass(out, isTypeKnown ? typeOf(sample.iterator().next()) : null);
          out.writeVarInt(set.size(), true);
          for (Object constant : set) {
            out.writeString(((Enum) constant).name());
          }
        }

        @Override
        public EnumSet read(Kryo engine, Input in, Class type) {
          Class element = readEnum(engine, in);
          EnumSet set = EnumSet.noneOf(element);
          int count = ((GuardedInput) in).readCount();
          for (int i = 0; i < count; i++) {
            set.add(Enums.constant(element, in.readString()));
          }
          return set;
        }
      };

  static final Serializer<EnumMap> MAP =
      new Serializer<>() {
        @Override
        public void write(Kryo engine, Output out, EnumMap map) {
          engine.writeClass(out, map.isEmpty() ? null : typeOf(map.keySet().iterator().next()));
          out.writeVarInt(map.size(), true);
          for (Object entry : map.entrySet()) {
            out.writeString(((Enum) ((Map.Entry) entry).getKey()).name());
            engine.writeClassAndObject(out, ((Map.Entry) entry).getValue());
          }
        }

        @Override
        public EnumMap read(Kryo engine, Input in, Class type) {
          Class key = readEnum(engine, in);
          EnumMap map = new EnumMap(key);
          engine.reference(map);
          int count = ((GuardedInput) in).readCount();
          for (int i = 0; i < count; i++) {
            Enum constant = Enums.constant(key, in.readString());
            map.put(constant, engine.readClassAndObject(in));
          }
          return map;
        }
      };

  private static @Nullable Class typeOf(Object constant) {
    return ((Enum) constant).getDeclaringClass();
  }

  private static Class readEnum(Kryo engine, Input in) {
    com.esotericsoftware.kryo.Registration read = engine.readClass(in);
    Class type = read == null ? None.class : read.getType();
    if (!type.isEnum()) {
      throw new KryoException(type.getName() + " is no enum");
    }
    return type;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;

/** Constants by name, so that an enum may gain some and change their order. */
@SuppressWarnings({"rawtypes", "unchecked"})
final class Enums extends Serializer<Enum> {
  static final Enums INSTANCE = new Enums();

  private Enums() {
    super(false, true);
  }

  @Override
  public void write(Kryo engine, Output out, Enum constant) {
    out.writeString(constant.name());
  }

  @Override
  public Enum read(Kryo engine, Input in, Class type) {
    return constant(type, in.readString());
  }

  static Enum constant(Class type, String name) {
    try {
      return Enum.valueOf(type, name);
    } catch (IllegalArgumentException | NullPointerException e) {
      throw new KryoException("enum " + type.getName() + " has no constant " + name, e);
    }
  }
}

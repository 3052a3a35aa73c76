/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.io.Output;

/** Bytes that no codec would write. */
final class TrapBytes {
  private TrapBytes() {}

  /** An object of a class, by name; nothing follows. */
  static byte[] ofClass(String name) {
    return header(name).toBytes();
  }

  /** An object of the class Trap, without making one. */
  static byte[] of(DefaultCodec codec) {
    Output out = header(Shapes.class.getName() + "$Trap");
    out.writeVarInt(1, true); // a new object
    Output schema = new Output(64, -1);
    schema.writeVarInt(1, true);
    schema.writeString("value");
    out.writeVarInt(schema.position(), true);
    out.writeBytes(schema.toBytes());
    out.writeBytes(codec.encode(1));
    return out.toBytes();
  }

  private static Output header(String name) {
    Output out = new Output(64, -1);
    out.writeVarInt(1, true); // a class by name
    out.writeVarInt(0, true); // the first in the message
    out.writeString(name);
    return out;
  }
}

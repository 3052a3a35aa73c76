/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The strings of one packet: each is written once and named by a number from then on, since the ids
 * of a few members come again with every message. Not thread-safe.
 */
final class Texts {
  private static final int MOST = 200;

  private final Map<String, Integer> written = new HashMap<>();
  private final List<String> read = new ArrayList<>();

  void write(@Nullable String text, DataOutput out) throws IOException {
    if (text == null) {
      out.writeByte(255);
      return;
    }
    Integer number = written.get(text);
    if (number != null) {
      out.writeByte(number);
      return;
    }
    boolean remember = written.size() < MOST;
    out.writeByte(remember ? 253 : 254);
    writeBytes(text, out);
    if (remember) {
      written.put(text, written.size());
    }
  }

  /** One that will hardly come again, such as an id. */
  void writeOnce(@Nullable String text, DataOutput out) throws IOException {
    out.writeByte(text == null ? 255 : 254);
    if (text != null) {
      writeBytes(text, out);
    }
  }

  private static void writeBytes(String text, DataOutput out) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  @Nullable String readOrNull(DataInput in) throws IOException {
    int kind = in.readUnsignedByte();
    if (kind == 255) {
      return null;
    }
    if (kind < MOST) {
      return read.get(kind);
    }
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    String text = new String(bytes, UTF_8);
    if (kind == 253) {
      read.add(text);
    }
    return text;
  }

  String read(DataInput in) throws IOException {
    String text = readOrNull(in);
    if (text == null) {
      throw new IOException("a text is missing in a packet: run one version on all members");
    }
    return text;
  }
}

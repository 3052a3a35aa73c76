/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;

/** How an entry of a spool is written. */
final class KeptFormat {
  private KeptFormat() {}

  static byte[] write(Kept kept) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      write(kept, new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not in memory
    }
    return bytes.toByteArray();
  }

  private static void write(Kept kept, DataOutputStream out) throws IOException {
    Fields.Out fields = new Fields.Out(out);
    if (kept instanceof Kept.Message message) {
      out.writeByte(1);
      tenure(message.tenure(), out, fields);
      fields.entry(message.entry());
    } else if (kept instanceof Kept.Ended ended) {
      out.writeByte(2);
      tenure(ended.tenure(), out, fields);
      fields.text(ended.origin().producer());
      out.writeLong(ended.origin().number());
      out.writeBoolean(ended.lasts());
    } else if (kept instanceof Kept.Id id) {
      out.writeByte(3);
      tenure(id.tenure(), out, fields);
      fields.text(id.id());
      out.writeLong(id.at());
      out.writeLong(id.until());
    } else if (kept instanceof Kept.Head head) {
      out.writeByte(4);
      tenure(head.tenure(), out, fields);
      out.writeBoolean(head.moved());
      fields.lineage(head.lineage());
      out.writeBoolean(head.paused());
    } else if (kept instanceof Kept.Holders holders) {
      out.writeByte(5);
      fields.epoch(holders.reign());
      out.writeLong(holders.count());
      fields.list(holders.members().stream().sorted().toList(), fields::text);
      fields.lineage(holders.lineage());
    }
  }

  private static void tenure(Tenure tenure, DataOutputStream out, Fields.Out fields)
      throws IOException {
    fields.epoch(tenure.reign());
    out.writeInt(tenure.part());
  }

  private static Tenure tenure(DataInputStream in, Fields.In fields) throws IOException {
    return new Tenure(fields.epoch(), in.readInt());
  }

  /**
   * @throws UncheckedIOException if it is of another version
   */
  static Kept read(byte[] bytes) {
    try {
      return read(new DataInputStream(new ByteArrayInputStream(bytes)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Kept read(DataInputStream in) throws IOException {
    Fields.In fields = new Fields.In(in);
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> new Kept.Message(tenure(in, fields), fields.entry());
      case 2 ->
          new Kept.Ended(
              tenure(in, fields), new Origin(fields.text(), in.readLong()), in.readBoolean());
      case 3 -> new Kept.Id(tenure(in, fields), fields.text(), in.readLong(), in.readLong());
      case 4 ->
          new Kept.Head(tenure(in, fields), in.readBoolean(), fields.lineage(), in.readBoolean());
      case 5 ->
          new Kept.Holders(
              fields.epoch(),
              in.readLong(),
              Set.copyOf(fields.list(fields::text)),
              fields.lineage());
      default -> throw Fields.unknown("an entry of a queue's spool", kind);
    };
  }
}

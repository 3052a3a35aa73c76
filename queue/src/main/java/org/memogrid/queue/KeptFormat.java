/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** How an entry of a spool is written. */
final class KeptFormat {
  private static final int HOLDERS = 5;
  private static final int BATCH = 6;

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
    if (kept instanceof Kept.Batch batch) {
      out.writeByte(BATCH);
      tenure(batch.tenure(), out, fields);
      out.writeLong(batch.slot());
      out.writeLong(batch.number());
      out.writeLong(batch.first());
      out.writeInt(batch.what().size());
      for (Kept.OfTenure each : batch.what()) {
        write(each, out, fields);
      }
    } else if (kept instanceof Kept.Holders holders) {
      out.writeByte(HOLDERS);
      fields.epoch(holders.reign());
      out.writeLong(holders.count());
      fields.list(holders.members().stream().sorted().toList(), fields::text);
      fields.lineage(holders.lineage());
    } else {
      throw new IllegalArgumentException("not an entry: " + kept);
    }
  }

  /** The batch has the tenure. */
  private static void write(Kept.OfTenure kept, DataOutputStream out, Fields.Out fields)
      throws IOException {
    if (kept instanceof Kept.Message message) {
      out.writeByte(1);
      fields.entry(message.entry());
    } else if (kept instanceof Kept.Ended ended) {
      out.writeByte(2);
      fields.text(ended.origin().producer());
      out.writeLong(ended.origin().number());
      out.writeBoolean(ended.lasts());
    } else if (kept instanceof Kept.Id id) {
      out.writeByte(3);
      fields.text(id.id());
      out.writeLong(id.at());
      out.writeLong(id.until());
    } else if (kept instanceof Kept.Head head) {
      out.writeByte(4);
      out.writeBoolean(head.moved());
      fields.lineage(head.lineage());
      out.writeBoolean(head.paused());
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
      case BATCH -> {
        Tenure tenure = tenure(in, fields);
        long slot = in.readLong();
        long number = in.readLong();
        long first = in.readLong();
        int count = in.readInt();
        List<Kept.OfTenure> what = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          what.add(read(tenure, in, fields));
        }
        yield new Kept.Batch(tenure, slot, number, first, what);
      }
      case HOLDERS ->
          new Kept.Holders(
              fields.epoch(),
              in.readLong(),
              Set.copyOf(fields.list(fields::text)),
              fields.lineage());
      default -> throw Fields.unknown("an entry of a queue's spool", kind);
    };
  }

  private static Kept.OfTenure read(Tenure tenure, DataInputStream in, Fields.In fields)
      throws IOException {
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> new Kept.Message(tenure, fields.entry());
      case 2 -> new Kept.Ended(tenure, new Origin(fields.text(), in.readLong()), in.readBoolean());
      case 3 -> new Kept.Id(tenure, fields.text(), in.readLong(), in.readLong());
      case 4 -> new Kept.Head(tenure, in.readBoolean(), fields.lineage(), in.readBoolean());
      default -> throw Fields.unknown("a batch of a queue's spool", kind);
    };
  }
}

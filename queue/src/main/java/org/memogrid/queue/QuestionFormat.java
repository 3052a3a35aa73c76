/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** How what is asked of a queue's home, and what it answers, are written: kind, fields. */
final class QuestionFormat {
  private QuestionFormat() {}

  static void write(Packet.Question question, DataOutput out, Fields.Out fields)
      throws IOException {
    if (question instanceof Packet.Open open) {
      out.writeByte(1);
      fields.orNull(open.settings(), fields::settings);
    } else if (question instanceof Packet.Count) {
      out.writeByte(2);
    } else if (question instanceof Packet.Browse browse) {
      out.writeByte(3);
      out.writeBoolean(browse.dead());
      out.writeLong(browse.cursor());
      out.writeInt(browse.limit());
    } else if (question instanceof Packet.SetPaused set) {
      out.writeByte(4);
      out.writeBoolean(set.paused());
    } else if (question instanceof Packet.Redrive redrive) {
      out.writeByte(5);
      out.writeLong(redrive.seq());
    } else if (question instanceof Packet.Purge purge) {
      out.writeByte(6);
      out.writeBoolean(purge.dead());
      out.writeLong(purge.seq());
    } else if (question instanceof Packet.Empty) {
      out.writeByte(7);
    }
  }

  static void write(Packet.Reply reply, DataOutput out, Fields.Out fields) throws IOException {
    if (reply instanceof Packet.Opened opened) {
      out.writeByte(1);
      fields.settings(opened.settings());
    } else if (reply instanceof Packet.Counted counted) {
      out.writeByte(2);
      for (long number :
          new long[] {
            counted.waiting(),
            counted.handed(),
            counted.dead(),
            counted.oldestAt(),
            counted.published(),
            counted.handled(),
            counted.redelivered(),
            counted.buried(),
            counted.dropped()
          }) {
        out.writeLong(number);
      }
      out.writeDouble(counted.publishedPerSecond());
      out.writeDouble(counted.handledPerSecond());
      out.writeBoolean(counted.paused());
      fields.text(counted.home());
    } else if (reply instanceof Packet.Page page) {
      out.writeByte(3);
      fields.list(page.entries(), fields::entry);
      out.writeBoolean(page.last());
    } else if (reply instanceof Packet.Done done) {
      out.writeByte(4);
      out.writeLong(done.messages());
    } else if (reply instanceof Packet.Failed failed) {
      out.writeByte(5);
      fields.text(failed.why());
    }
  }

  static Packet.Question question(DataInput in, Fields.In fields) throws IOException {
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> new Packet.Open(fields.orNull(fields::settings));
      case 2 -> new Packet.Count();
      case 3 -> new Packet.Browse(in.readBoolean(), in.readLong(), in.readInt());
      case 4 -> new Packet.SetPaused(in.readBoolean());
      case 5 -> new Packet.Redrive(in.readLong());
      case 6 -> new Packet.Purge(in.readBoolean(), in.readLong());
      case 7 -> new Packet.Empty();
      default -> throw Fields.unknown("a question to a queue", kind);
    };
  }

  static Packet.Reply reply(DataInput in, Fields.In fields) throws IOException {
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> new Packet.Opened(fields.settings());
      case 2 -> {
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
          numbers.add(in.readLong());
        }
        yield new Packet.Counted(
            numbers.get(0),
            numbers.get(1),
            numbers.get(2),
            numbers.get(3),
            numbers.get(4),
            numbers.get(5),
            numbers.get(6),
            numbers.get(7),
            numbers.get(8),
            in.readDouble(),
            in.readDouble(),
            in.readBoolean(),
            fields.text());
      }
      case 3 -> new Packet.Page(fields.list(fields::entry), in.readBoolean());
      case 4 -> new Packet.Done(in.readLong());
      case 5 -> new Packet.Failed(fields.text());
      default -> throw Fields.unknown("an answer of a queue", kind);
    };
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** How the operations of a queue's log are written: kind, fields. */
final class OpFormat {
  private static final Op.Reason[] REASONS = Op.Reason.values();

  private OpFormat() {}

  static void write(Op op, DataOutput out, Fields.Out fields) throws IOException {
    if (op instanceof Op.Add add) {
      out.writeByte(1);
      fields.letter(add.letter());
      out.writeLong(add.settledBelow());
      out.writeLong(add.at());
    } else if (op instanceof Op.Hand hand) {
      out.writeByte(2);
      out.writeLong(hand.seq());
      fields.member(hand.member());
      out.writeLong(hand.subscription());
    } else if (op instanceof Op.Remove remove) {
      out.writeByte(3);
      out.writeLong(remove.seq());
      out.writeByte(Fields.code(REASONS, remove.reason()));
    } else if (op instanceof Op.Fail fail) {
      out.writeByte(4);
      out.writeLong(fail.seq());
      fields.attempt(fail.attempt());
      out.writeLong(fail.notBefore());
    } else if (op instanceof Op.Release release) {
      out.writeByte(5);
      out.writeLong(release.seq());
    } else if (op instanceof Op.Crash crash) {
      out.writeByte(6);
      out.writeLong(crash.seq());
      fields.attempt(crash.attempt());
    } else if (op instanceof Op.Bury bury) {
      out.writeByte(7);
      out.writeLong(bury.seq());
      fields.text(bury.cause());
      out.writeLong(bury.at());
    } else if (op instanceof Op.Revive revive) {
      out.writeByte(8);
      out.writeLong(revive.seq());
    } else if (op instanceof Op.Reign reign) {
      out.writeByte(9);
      fields.epoch(reign.epoch());
    } else if (op instanceof Op.Unite unite) {
      out.writeByte(10);
      fields.list(unite.epochs(), fields::epoch);
    } else if (op instanceof Op.Pause pause) {
      out.writeByte(11);
      out.writeBoolean(pause.paused());
    } else if (op instanceof Op.Define define) {
      out.writeByte(12);
      fields.settings(define.settings());
    } else if (op instanceof Op.Gone gone) {
      out.writeByte(13);
      fields.text(gone.producer());
    } else if (op instanceof Op.ForgetIds forget) {
      out.writeByte(14);
      out.writeLong(forget.before());
    } else if (op instanceof Op.Recall recall) {
      out.writeByte(15);
      out.writeLong(recall.seq());
      out.writeInt(recall.hands());
      out.writeInt(recall.failures());
      out.writeInt(recall.crashes());
      fields.list(recall.history(), fields::attempt);
    } else if (op instanceof Op.Ahead ahead) {
      out.writeByte(16);
      out.writeBoolean(ahead.may());
    } else if (op instanceof Op.Doubt doubt) {
      out.writeByte(17);
      fields.text(doubt.home());
    }
  }

  static Op read(DataInput in, Fields.In fields) throws IOException {
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> new Op.Add(fields.letter(), in.readLong(), in.readLong());
      case 2 -> new Op.Hand(in.readLong(), fields.member(), in.readLong());
      case 3 -> new Op.Remove(in.readLong(), REASONS[in.readByte()]);
      case 4 -> new Op.Fail(in.readLong(), fields.attempt(), in.readLong());
      case 5 -> new Op.Release(in.readLong());
      case 6 -> new Op.Crash(in.readLong(), fields.attempt());
      case 7 -> new Op.Bury(in.readLong(), fields.text(), in.readLong());
      case 8 -> new Op.Revive(in.readLong());
      case 9 -> new Op.Reign(fields.epoch());
      case 10 -> new Op.Unite(fields.list(fields::epoch));
      case 11 -> new Op.Pause(in.readBoolean());
      case 12 -> new Op.Define(fields.settings());
      case 13 -> new Op.Gone(fields.text());
      case 14 -> new Op.ForgetIds(in.readLong());
      case 15 ->
          new Op.Recall(
              in.readLong(),
              in.readInt(),
              in.readInt(),
              in.readInt(),
              fields.list(fields::attempt));
      case 16 -> new Op.Ahead(in.readBoolean());
      case 17 -> new Op.Doubt(fields.text());
      default -> throw Fields.unknown("an operation of a queue", kind);
    };
  }
}

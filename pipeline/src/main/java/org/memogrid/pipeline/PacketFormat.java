/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.memogrid.internal.wire.WireFormat;

/** How packets are written: kind, fields. */
final class PacketFormat implements WireFormat<Packet> {
  /** Of what members keep. */
  private final Familiar familiar = new Familiar();

  private interface Put<T> {
    void put(T value) throws IOException;
  }

  private interface Get<T> {
    T get() throws IOException;
  }

  @Override
  public void write(Packet packet, DataOutput out) throws IOException {
    if (packet instanceof Packet.Results results) {
      out.writeByte(1);
      write(results.mail(), out);
    } else if (packet instanceof Packet.Hello hello) {
      out.writeByte(2);
      Fault.writeText(hello.pipeline(), out);
    } else if (packet instanceof Packet.Defined defined) {
      out.writeByte(3);
      String signature = defined.signature();
      out.writeBoolean(signature != null);
      if (signature != null) {
        Fault.writeText(signature, out);
      }
    } else if (packet instanceof Packet.Count count) {
      out.writeByte(4);
      Fault.writeText(count.pipeline(), out);
    } else if (packet instanceof Packet.Counts counts) {
      out.writeByte(5);
      list(
          counts.steps(),
          out,
          step -> {
            Fault.writeText(step.step(), out);
            out.writeLong(step.failures());
            list(step.runs(), out, out::writeLong);
            out.writeInt(step.guests());
            out.writeInt(step.away());
            out.writeDouble(step.ranOn());
          });
    } else if (packet instanceof Packet.Revive revive) {
      out.writeByte(6);
      list(revive.deaths(), out, death -> write(death, out));
    } else if (packet instanceof Packet.Revived) {
      out.writeByte(7);
    }
  }

  private static void write(Death death, DataOutput out) throws IOException {
    Fault.writeText(death.key(), out);
    Fault.writeText(death.step(), out);
    out.writeLong(death.at());
  }

  private static Death death(DataInput in) throws IOException {
    return new Death(Fault.readText(in), Fault.readText(in), in.readLong());
  }

  private static void write(Mail mail, DataOutput out) throws IOException {
    list(
        mail.offers(),
        out,
        offer -> {
          out.writeLong(offer.number());
          Fault.writeText(offer.id(), out);
          out.writeUTF(offer.origin());
          out.writeBoolean(offer.chosen());
          out.writeLong(offer.keep());
          offer.outcome().write(out);
          Death death = offer.death();
          out.writeBoolean(death != null);
          if (death != null) {
            write(death, out);
          }
        });
    list(
        mail.verdicts(),
        out,
        verdict -> {
          out.writeLong(verdict.number());
          out.writeBoolean(verdict.yours());
          out.writeLong(verdict.expiresAt());
        });
    list(
        mail.copies(),
        out,
        copy -> {
          Fault.writeText(copy.id(), out);
          out.writeUTF(copy.origin());
          out.writeBoolean(copy.chosen());
          out.writeLong(copy.expiresAt());
          copy.outcome().write(out);
        });
    list(mail.copied(), out, id -> Fault.writeText(id, out));
    list(
        mail.inquiries(),
        out,
        inquiry -> {
          out.writeLong(inquiry.number());
          Fault.writeText(inquiry.id(), out);
        });
    list(
        mail.answers(),
        out,
        answer -> {
          out.writeLong(answer.number());
          Outcome outcome = answer.outcome();
          out.writeBoolean(outcome != null);
          if (outcome != null) {
            outcome.write(out);
          }
        });
  }

  @Override
  public Packet read(DataInput in) throws IOException {
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> new Packet.Results(mail(in));
      case 2 -> new Packet.Hello(Fault.readText(in));
      case 3 -> new Packet.Defined(in.readBoolean() ? Fault.readText(in) : null);
      case 4 -> new Packet.Count(Fault.readText(in));
      case 5 ->
          new Packet.Counts(
              list(
                  in,
                  () ->
                      new Packet.StepCount(
                          Fault.readText(in),
                          in.readLong(),
                          list(in, in::readLong),
                          in.readInt(),
                          in.readInt(),
                          in.readDouble())));
      case 6 -> new Packet.Revive(list(in, () -> death(in)));
      case 7 -> new Packet.Revived();
      default ->
          throw new IOException(
              "a packet of kind " + kind + " is not known: run one version on all members");
    };
  }

  private Mail mail(DataInput in) throws IOException {
    return new Mail(
        list(
            in,
            () ->
                new Mail.Offer(
                    in.readLong(),
                    Fault.readText(in),
                    familiar.of(in.readUTF()),
                    in.readBoolean(),
                    in.readLong(),
                    Outcome.read(in, familiar),
                    in.readBoolean() ? death(in) : null)),
        list(in, () -> new Mail.Verdict(in.readLong(), in.readBoolean(), in.readLong())),
        list(
            in,
            () ->
                new Mail.Copy(
                    Fault.readText(in),
                    familiar.of(in.readUTF()),
                    in.readBoolean(),
                    in.readLong(),
                    Outcome.read(in, familiar))),
        list(in, () -> Fault.readText(in)),
        list(in, () -> new Mail.Inquiry(in.readLong(), Fault.readText(in))),
        list(
            in,
            () ->
                new Mail.Answer(
                    in.readLong(), in.readBoolean() ? Outcome.read(in, familiar) : null)));
  }

  private static <T> void list(List<T> list, DataOutput out, Put<T> element) throws IOException {
    out.writeInt(list.size());
    for (T each : list) {
      element.put(each);
    }
  }

  private static <T> List<T> list(DataInput in, Get<T> element) throws IOException {
    int size = in.readInt();
    List<T> list = new ArrayList<>(Math.min(size, 1_024));
    for (int i = 0; i < size; i++) {
      list.add(element.get());
    }
    return list;
  }
}

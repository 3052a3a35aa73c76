/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.wire.WireFormat;

/** How packets are written: queue, kind, fields. Bodies are what the codec made of them. */
final class PacketFormat implements WireFormat<Addressed> {
  private static final Packet.Verdict[] VERDICTS = Packet.Verdict.values();
  private static final Packet.Refusal[] REFUSALS = Packet.Refusal.values();

  @Override
  public void write(Addressed addressed, DataOutput out) throws IOException {
    out.writeUTF(addressed.queue());
    new Writer(out).packet(addressed.packet());
  }

  @Override
  public Addressed read(DataInput in) throws IOException {
    return new Addressed(in.readUTF(), new Reader(in).packet());
  }

  /** Writes one packet. */
  private static final class Writer {
    private final DataOutput out;
    private final Fields.Out fields;

    Writer(DataOutput out) {
      this.out = out;
      this.fields = new Fields.Out(out);
    }

    void packet(Packet packet) throws IOException {
      if (packet instanceof Packet.Enqueue m) {
        kind(1, m.epoch());
        out.writeLong(m.settledBelow());
        fields.list(m.before(), this::before);
        fields.list(m.letters(), fields::letter);
      } else if (packet instanceof Packet.Enqueued m) {
        kind(2, m.epoch());
        fields.list(m.taken(), out::writeLong);
        fields.list(
            m.refused(),
            refused -> {
              out.writeLong(refused.number());
              out.writeByte(Fields.code(REFUSALS, refused.kind()));
              fields.text(refused.why());
            });
      } else if (packet instanceof Packet.Deliver m) {
        kind(3, m.epoch());
        fields.orNull(m.behind(), this::step);
        fields.list(
            m.deliveries(),
            delivery -> {
              fields.tag(delivery.tag());
              out.writeLong(delivery.subscription());
              out.writeInt(delivery.attempt());
              fields.letter(delivery.letter());
            });
      } else if (packet instanceof Packet.Settle m) {
        kind(4, m.epoch());
        fields.list(
            m.settlements(),
            settlement -> {
              fields.tag(settlement.tag());
              out.writeByte(Fields.code(VERDICTS, settlement.verdict()));
              fields.text(settlement.error());
              out.writeLong(settlement.delay());
            });
      } else if (packet instanceof Packet.Settled m) {
        kind(5, m.epoch());
        fields.list(m.tags(), fields::tag);
      } else if (packet instanceof Packet.Replicate m) {
        kind(6, m.epoch());
        fields.epoch(m.stream());
        out.writeLong(m.batch());
        begin(m.begin());
        fields.list(m.ops(), op -> OpFormat.write(op, out, fields));
        fields.list(m.entries(), fields::entry);
        out.writeBoolean(m.complete());
      } else if (packet instanceof Packet.Replicated m) {
        kind(7, m.stream());
        out.writeLong(m.batch());
        out.writeBoolean(m.ok());
        fields.epoch(m.promised());
      } else if (packet instanceof Packet.Subscribe m) {
        kind(8, m.epoch());
        out.writeBoolean(m.first());
        fields.list(
            m.subscriptions(),
            subscription -> {
              out.writeLong(subscription.id());
              out.writeInt(subscription.window());
              fields.orNull(subscription.selector(), this::selector);
            });
      } else {
        seldom(packet);
      }
    }

    private void selector(Selector selector) throws IOException {
      if (selector instanceof Selector.In in) {
        out.writeByte(1);
        fields.text(in.name());
        fields.list(List.copyOf(in.values()), fields::text);
      } else if (selector instanceof Selector.Present present) {
        out.writeByte(2);
        fields.text(present.name());
      } else if (selector instanceof Selector.All all) {
        out.writeByte(3);
        fields.list(all.parts(), this::selector);
      } else if (selector instanceof Selector.Any any) {
        out.writeByte(4);
        fields.list(any.parts(), this::selector);
      } else if (selector instanceof Selector.Not not) {
        out.writeByte(5);
        selector(not.part());
      }
    }

    private void kind(int kind, Epoch epoch) throws IOException {
      out.writeByte(kind);
      fields.epoch(epoch);
    }

    private void before(Packet.Before before) throws IOException {
      fields.member(before.home());
      out.writeLong(before.upTo());
    }

    private void step(Packet.Step step) throws IOException {
      fields.epoch(step.stream());
      out.writeLong(step.batch());
    }

    private void begin(Packet.@Nullable Begin begin) throws IOException {
      if (begin instanceof Packet.Adopt adopt) {
        out.writeByte(1);
        fields.epoch(adopt.epoch());
        out.writeLong(adopt.position());
      } else if (begin instanceof Packet.Reset reset) {
        out.writeByte(2);
        fields.head(reset.head());
      } else {
        out.writeByte(0);
      }
    }

    private void seldom(Packet packet) throws IOException {
      if (packet instanceof Packet.Collect m) {
        kind(20, m.epoch());
      } else if (packet instanceof Packet.Held m) {
        kind(21, m.epoch());
        fields.epoch(m.promised());
        fields.orNull(
            m.holding(),
            holding -> {
              fields.epoch(holding.epoch());
              out.writeLong(holding.position());
              fields.lineage(holding.lineage());
              fields.epoch(holding.lastBorn());
              out.writeLong(holding.nextSeq());
              fields.orNull(holding.settings(), fields::settings);
            });
        fields.epoch(m.secured());
        fields.orNull(m.durable(), fields::settings);
      } else if (packet instanceof Packet.Fetch m) {
        kind(22, m.epoch());
        out.writeLong(m.cursor());
      } else if (packet instanceof Packet.Chunk m) {
        kind(23, m.epoch());
        out.writeLong(m.cursor());
        fields.orNull(m.head(), fields::head);
        fields.list(m.entries(), fields::entry);
        out.writeBoolean(m.last());
      } else if (packet instanceof Packet.Ready m) {
        kind(24, m.epoch());
        fields.epoch(m.secured());
        fields.orNull(m.durable(), fields::settings);
      } else if (packet instanceof Packet.Forget m) {
        kind(25, m.epoch());
        fields.lineage(m.lineage());
      } else if (packet instanceof Packet.Lost m) {
        kind(26, m.epoch());
        fields.text(m.what());
      } else if (packet instanceof Packet.Stuck m) {
        kind(27, m.epoch());
        fields.text(m.why());
        fields.settings(m.durable());
      } else if (packet instanceof Packet.Ask m) {
        out.writeByte(30);
        out.writeLong(m.id());
        QuestionFormat.write(m.question(), out, fields);
      } else if (packet instanceof Packet.Answer m) {
        out.writeByte(31);
        out.writeLong(m.id());
        QuestionFormat.write(m.reply(), out, fields);
      } else if (packet instanceof Packet.Response m) {
        out.writeByte(32);
        fields.text(m.correlationId);
        fields.orNull(m.body, fields::bytes);
        fields.textOrNull(m.error);
      }
    }
  }

  /** Reads one packet. */
  private static final class Reader {
    private final DataInput in;
    private final Fields.In fields;

    Reader(DataInput in) {
      this.in = in;
      this.fields = new Fields.In(in);
    }

    Packet packet() throws IOException {
      int kind = in.readByte();
      return switch (kind) {
        case 1 ->
            new Packet.Enqueue(
                fields.epoch(),
                in.readLong(),
                fields.list(() -> new Packet.Before(fields.member(), in.readLong())),
                fields.list(fields::letter));
        case 2 ->
            new Packet.Enqueued(
                fields.epoch(),
                fields.list(in::readLong),
                fields.list(
                    () ->
                        new Packet.Refused(in.readLong(), REFUSALS[in.readByte()], fields.text())));
        case 3 ->
            new Packet.Deliver(
                fields.epoch(), fields.orNull(this::step), fields.list(this::delivery));
        case 4 -> new Packet.Settle(fields.epoch(), fields.list(this::settlement));
        case 5 -> new Packet.Settled(fields.epoch(), fields.list(fields::tag));
        case 6 ->
            new Packet.Replicate(
                fields.epoch(),
                fields.epoch(),
                in.readLong(),
                begin(),
                fields.list(() -> OpFormat.read(in, fields)),
                fields.list(fields::entry),
                in.readBoolean());
        case 7 ->
            new Packet.Replicated(fields.epoch(), in.readLong(), in.readBoolean(), fields.epoch());
        case 8 ->
            new Packet.Subscribe(fields.epoch(), in.readBoolean(), fields.list(this::subscription));
        default -> seldom(kind);
      };
    }

    private Packet.Step step() throws IOException {
      return new Packet.Step(fields.epoch(), in.readLong());
    }

    private Packet.Delivery delivery() throws IOException {
      return new Packet.Delivery(fields.tag(), in.readLong(), in.readInt(), fields.letter());
    }

    private Packet.Settlement settlement() throws IOException {
      return new Packet.Settlement(
          fields.tag(), VERDICTS[in.readByte()], fields.text(), in.readLong());
    }

    private Packet.Subscription subscription() throws IOException {
      return new Packet.Subscription(in.readLong(), in.readInt(), fields.orNull(this::selector));
    }

    private Selector selector() throws IOException {
      int kind = in.readByte();
      return switch (kind) {
        case 1 -> new Selector.In(fields.text(), Set.copyOf(fields.list(fields::text)));
        case 2 -> new Selector.Present(fields.text());
        case 3 -> new Selector.All(fields.list(this::selector));
        case 4 -> new Selector.Any(fields.list(this::selector));
        case 5 -> new Selector.Not(selector());
        default -> throw Fields.unknown("a selector", kind);
      };
    }

    private Packet.@Nullable Begin begin() throws IOException {
      return switch (in.readByte()) {
        case 1 -> new Packet.Adopt(fields.epoch(), in.readLong());
        case 2 -> new Packet.Reset(fields.head());
        default -> null;
      };
    }

    private Packet seldom(int kind) throws IOException {
      return switch (kind) {
        case 20 -> new Packet.Collect(fields.epoch());
        case 21 ->
            new Packet.Held(
                fields.epoch(),
                fields.epoch(),
                fields.orNull(this::holding),
                fields.epoch(),
                fields.orNull(fields::settings));
        case 22 -> new Packet.Fetch(fields.epoch(), in.readLong());
        case 23 ->
            new Packet.Chunk(
                fields.epoch(),
                in.readLong(),
                fields.orNull(fields::head),
                fields.list(fields::entry),
                in.readBoolean());
        case 24 ->
            new Packet.Ready(fields.epoch(), fields.epoch(), fields.orNull(fields::settings));
        case 25 -> new Packet.Forget(fields.epoch(), fields.lineage());
        case 26 -> new Packet.Lost(fields.epoch(), fields.text());
        case 27 -> new Packet.Stuck(fields.epoch(), fields.text(), fields.settings());
        case 30 -> new Packet.Ask(in.readLong(), QuestionFormat.question(in, fields));
        case 31 -> new Packet.Answer(in.readLong(), QuestionFormat.reply(in, fields));
        case 32 ->
            new Packet.Response(fields.text(), fields.orNull(fields::bytes), fields.textOrNull());
        default -> throw Fields.unknown("a packet of a queue", kind);
      };
    }

    private Packet.Holding holding() throws IOException {
      return new Packet.Holding(
          fields.epoch(),
          in.readLong(),
          fields.lineage(),
          fields.epoch(),
          in.readLong(),
          fields.orNull(fields::settings));
    }
  }
}

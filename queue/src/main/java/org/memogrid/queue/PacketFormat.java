/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
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
        fields.list(m.ops(), fields::op);
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
              fields.orNull(subscription.selector(), fields::selector);
            });
      } else {
        seldom(packet);
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
      } else if (packet instanceof Packet.Forget m) {
        kind(25, m.epoch());
        fields.lineage(m.lineage());
      } else if (packet instanceof Packet.Lost m) {
        kind(26, m.epoch());
        fields.text(m.what());
      } else if (packet instanceof Packet.Ask m) {
        out.writeByte(30);
        out.writeLong(m.id());
        question(m.question());
      } else if (packet instanceof Packet.Answer m) {
        out.writeByte(31);
        out.writeLong(m.id());
        reply(m.reply());
      } else if (packet instanceof Packet.Response m) {
        out.writeByte(32);
        fields.text(m.correlationId);
        fields.orNull(m.body, fields::bytes);
        fields.textOrNull(m.error);
      }
    }

    private void question(Packet.Question question) throws IOException {
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

    private void reply(Packet.Reply reply) throws IOException {
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
                fields.list(fields::op),
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
      return new Packet.Subscription(in.readLong(), in.readInt(), fields.orNull(fields::selector));
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
                fields.epoch(), fields.epoch(), fields.orNull(this::holding), fields.epoch());
        case 22 -> new Packet.Fetch(fields.epoch(), in.readLong());
        case 23 ->
            new Packet.Chunk(
                fields.epoch(),
                in.readLong(),
                fields.orNull(fields::head),
                fields.list(fields::entry),
                in.readBoolean());
        case 24 -> new Packet.Ready(fields.epoch(), fields.epoch());
        case 25 -> new Packet.Forget(fields.epoch(), fields.lineage());
        case 26 -> new Packet.Lost(fields.epoch(), fields.text());
        case 30 -> new Packet.Ask(in.readLong(), question());
        case 31 -> new Packet.Answer(in.readLong(), reply());
        case 32 ->
            new Packet.Response(fields.text(), fields.orNull(fields::bytes), fields.textOrNull());
        default -> throw unknown(kind);
      };
    }

    private static IOException unknown(int kind) {
      return new IOException(
          "a packet of a queue, of kind "
              + kind
              + ", which this version does not know: run one version on all members");
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

    private Packet.Question question() throws IOException {
      int kind = in.readByte();
      return switch (kind) {
        case 1 -> new Packet.Open(fields.orNull(fields::settings));
        case 2 -> new Packet.Count();
        case 3 -> new Packet.Browse(in.readBoolean(), in.readLong(), in.readInt());
        case 4 -> new Packet.SetPaused(in.readBoolean());
        case 5 -> new Packet.Redrive(in.readLong());
        case 6 -> new Packet.Purge(in.readBoolean(), in.readLong());
        case 7 -> new Packet.Empty();
        default -> throw unknown(kind);
      };
    }

    private Packet.Reply reply() throws IOException {
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
        default -> throw unknown(kind);
      };
    }
  }
}

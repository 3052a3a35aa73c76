/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.memogrid.cluster.Member;
import org.memogrid.internal.lease.Message.Offer;
import org.memogrid.internal.wire.WireFormat;

/** How the messages are written: kind, then fields. */
final class LeaseFormat implements WireFormat<Message> {
  private static final LeaseSpec.Order[] ORDERS = LeaseSpec.Order.values();

  @Override
  public void write(Message message, DataOutput out) throws IOException {
    if (message instanceof Message.Register m) {
      out.writeByte(1);
      out.writeUTF(m.name());
      spec(m.spec(), out);
    } else if (message instanceof Message.Withdraw m) {
      out.writeByte(2);
      out.writeUTF(m.name());
    } else if (message instanceof Message.Release m) {
      out.writeByte(3);
      out.writeUTF(m.name());
      token(m.token(), out);
      out.writeBoolean(m.avoid());
    } else if (message instanceof Message.Lapsed) {
      out.writeByte(4);
    } else if (message instanceof Message.Sync m) {
      out.writeByte(5);
      out.writeLong(m.term());
      out.writeInt(m.offers().size());
      for (Offer offer : m.offers()) {
        out.writeUTF(offer.name());
        spec(offer.spec(), out);
        token(offer.known(), out);
        Token held = offer.held();
        token(held == null ? Token.NONE : held, out);
        out.writeBoolean(offer.refused());
      }
    } else if (message instanceof Message.Ask m) {
      out.writeByte(6);
      out.writeLong(m.term());
    } else if (message instanceof Message.Placed m) {
      out.writeByte(7);
      out.writeLong(m.term());
      out.writeLong(m.viewId());
      out.writeUTF(m.name());
      out.writeUTF(m.holder().name());
      out.writeUTF(m.holder().id());
      token(m.token(), out);
    } else if (message instanceof Message.Refused m) {
      out.writeByte(8);
      out.writeLong(m.term());
      out.writeUTF(m.name());
      out.writeUTF(m.why());
    } else if (message instanceof Message.Beat m) {
      out.writeByte(9);
      out.writeLong(m.viewId());
      out.writeLong(m.viewMark());
      out.writeLong(m.sentAt());
    } else if (message instanceof Message.Heard m) {
      out.writeByte(10);
      out.writeLong(m.viewId());
      out.writeLong(m.sentAt());
      out.writeBoolean(m.settled());
    } else if (message instanceof Message.Here) {
      out.writeByte(11);
    }
  }

  @Override
  public Message read(DataInput in) throws IOException {
    byte kind = in.readByte();
    return switch (kind) {
      case 1 -> new Message.Register(in.readUTF(), spec(in));
      case 2 -> new Message.Withdraw(in.readUTF());
      case 3 -> new Message.Release(in.readUTF(), token(in), in.readBoolean());
      case 4 -> new Message.Lapsed();
      case 5 -> new Message.Sync(in.readLong(), offers(in));
      case 6 -> new Message.Ask(in.readLong());
      case 7 ->
          new Message.Placed(
              in.readLong(),
              in.readLong(),
              in.readUTF(),
              new Member(in.readUTF(), in.readUTF()),
              token(in));
      case 8 -> new Message.Refused(in.readLong(), in.readUTF(), in.readUTF());
      case 9 -> new Message.Beat(in.readLong(), in.readLong(), in.readLong());
      case 10 -> new Message.Heard(in.readLong(), in.readLong(), in.readBoolean());
      case 11 -> new Message.Here();
      default ->
          throw new IOException(
              "a lease message of kind "
                  + kind
                  + ", which this version does not know: run one version on all members");
    };
  }

  private static List<Offer> offers(DataInput in) throws IOException {
    int count = in.readInt();
    List<Offer> offers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = in.readUTF();
      LeaseSpec spec = spec(in);
      Token known = token(in);
      Token held = token(in);
      Token heldIfAny = held.equals(Token.NONE) ? null : held;
      offers.add(new Offer(name, spec, known, heldIfAny, in.readBoolean()));
    }
    return offers;
  }

  private static void spec(LeaseSpec spec, DataOutput out) throws IOException {
    int order = List.of(ORDERS).indexOf(spec.order());
    out.writeByte(order);
    out.writeInt(spec.quorum());
    out.writeInt(spec.preferred().size());
    for (String name : spec.preferred()) {
      out.writeUTF(name);
    }
  }

  private static LeaseSpec spec(DataInput in) throws IOException {
    LeaseSpec.Order order = ORDERS[in.readByte()];
    int quorum = in.readInt();
    int count = in.readInt();
    List<String> preferred = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      preferred.add(in.readUTF());
    }
    return new LeaseSpec(order, preferred, quorum);
  }

  private static void token(Token token, DataOutput out) throws IOException {
    out.writeLong(token.number());
    out.writeUTF(token.memberId());
  }

  private static Token token(DataInput in) throws IOException {
    return new Token(in.readLong(), in.readUTF());
  }
}

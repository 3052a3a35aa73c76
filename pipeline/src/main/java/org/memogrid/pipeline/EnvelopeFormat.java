/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link Envelope} is written: flags, fields, and the value as what is left. Numbers take as
 * many bytes as they need, seven bits each, for each value is written at each step.
 */
final class EnvelopeFormat {
  private static final int HAS_VALUE = 1;
  private static final int CHOSEN = 2;
  private static final int UUID_ORIGIN = 4;
  private static final int BEFORE = 8;
  private static final int GAVE_UP = 16;

  /** More than the fields take beside texts and branches. */
  private static final int FIELDS = 64;

  private static final int BRANCH = 40;

  private EnvelopeFormat() {}

  static byte[] encode(Envelope envelope) {
    byte[] id = envelope.id().getBytes(UTF_8);
    UUID member = uuid(envelope.origin());
    byte[] origin = member == null ? envelope.origin().getBytes(UTF_8) : new byte[0];
    List<Envelope.Branch> branches = envelope.branches();
    Envelope.Before before = envelope.before();
    String why = before.gaveUp();
    byte[] gaveUp = why == null ? new byte[0] : why.getBytes(UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(
            FIELDS + id.length + origin.length + gaveUp.length + BRANCH * branches.size());
    byte[] value = envelope.value();
    out.put(
        (byte)
            ((value == null ? 0 : HAS_VALUE)
                | (envelope.chosen() ? CHOSEN : 0)
                | (member == null ? 0 : UUID_ORIGIN)
                | (before.attempts() == 0 ? 0 : BEFORE)
                | (why == null ? 0 : GAVE_UP)));
    text(id, out);
    if (member == null) {
      text(origin, out);
    } else {
      out.putLong(member.getMostSignificantBits()).putLong(member.getLeastSignificantBits());
    }
    number(envelope.deadline(), out);
    number(envelope.keep(), out);
    number(envelope.hop(), out);
    number(envelope.jumps(), out);
    if (before.attempts() != 0) {
      number(before.attempts(), out);
    }
    if (why != null) {
      text(gaveUp, out);
    }
    number(branches.size(), out);
    for (Envelope.Branch branch : branches) {
      number(branch.hop(), out);
      out.putLong(branch.print());
      number(branch.index(), out);
      number(branch.count(), out);
      number(branch.since(), out);
    }
    int fields = out.position();
    byte[] encoded = new byte[fields + (value == null ? 0 : value.length)];
    System.arraycopy(out.array(), 0, encoded, 0, fields);
    if (value != null) {
      System.arraycopy(value, 0, encoded, fields, value.length);
    }
    return encoded;
  }

  /** The id of a member of a cluster is one; null if it is not. */
  private static @Nullable UUID uuid(String id) {
    if (id.length() != 36) {
      return null;
    }
    try {
      UUID uuid = UUID.fromString(id);
      return uuid.toString().equals(id) ? uuid : null;
    } catch (IllegalArgumentException none) {
      return null;
    }
  }

  static Envelope decode(byte[] encoded) {
    try {
      ByteBuffer in = ByteBuffer.wrap(encoded);
      int flags = in.get();
      String id = text(in);
      String origin =
          (flags & UUID_ORIGIN) == 0 ? text(in) : new UUID(in.getLong(), in.getLong()).toString();
      long deadline = number(in);
      long keep = number(in);
      int hop = (int) number(in);
      int jumps = (int) number(in);
      Envelope.Before before = Envelope.Before.NONE;
      if ((flags & (BEFORE | GAVE_UP)) != 0) {
        int attempts = (flags & BEFORE) == 0 ? 0 : (int) number(in);
        before = new Envelope.Before(attempts, (flags & GAVE_UP) == 0 ? null : text(in));
      }
      List<Envelope.Branch> branches = List.of();
      long depth = number(in);
      if (depth > 0) {
        List<Envelope.Branch> all = new ArrayList<>();
        for (long i = 0; i < depth; i++) {
          all.add(
              new Envelope.Branch(
                  (int) number(in), in.getLong(), (int) number(in), (int) number(in), number(in)));
        }
        branches = List.copyOf(all);
      }
      byte[] value = null;
      if ((flags & HAS_VALUE) != 0) {
        value = new byte[in.remaining()];
        in.get(value);
      }
      boolean chosen = (flags & CHOSEN) != 0;
      return new Envelope(id, origin, chosen, deadline, keep, hop, jumps, branches, before, value);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "a step's message can't be read: run one version everywhere", e);
    }
  }

  private static void text(byte[] text, ByteBuffer out) {
    number(text.length, out);
    out.put(text);
  }

  private static String text(ByteBuffer in) {
    long length = number(in);
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException("a text of " + length + " bytes");
    }
    byte[] text = new byte[(int) length];
    in.get(text);
    return new String(text, UTF_8);
  }

  private static void number(long number, ByteBuffer out) {
    long rest = number;
    while ((rest & ~0x7fL) != 0) {
      out.put((byte) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static long number(ByteBuffer in) {
    long number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = in.get();
      number |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return number;
      }
    }
    throw new IllegalArgumentException("a number without an end");
  }
}

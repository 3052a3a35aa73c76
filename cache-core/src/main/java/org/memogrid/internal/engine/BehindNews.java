/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.wire.WireFormat;

/** What members tell each other about what they write behind. */
sealed interface BehindNews {
  WireFormat<BehindNews> FORMAT = new Format();

  /**
   * Changes of a cache that are written.
   *
   * @param topology by which they were ordered
   */
  record Written(String cache, int topology, List<Change> changes) implements BehindNews {}

  /**
   * A change that is written.
   *
   * @param key as the marshaller writes it; all of an array
   * @param version of the entry, or of the removal
   */
  record Change(ByteBuffer key, boolean removal, Envelope.Version version) {}

  /** Asks that all that waits be written. */
  record Write(String cache) implements BehindNews {}

  /** The answer to {@link Write}, when that is done. */
  record Done() implements BehindNews {}

  /** Asks since when the one that asks has a cache. */
  record Ask(String cache) implements BehindNews {}

  /**
   * The answer to {@link Ask}.
   *
   * @param since the first of the topologies that have it, without one in between that has not, as
   *     far as the other saw them
   */
  record Answer(int since) implements BehindNews {}

  /** A kind, and what the kind has. */
  final class Format implements WireFormat<BehindNews> {
    private static final byte WRITTEN = 1;
    private static final byte WRITE = 2;
    private static final byte DONE = 3;
    private static final byte ASK = 4;
    private static final byte ANSWER = 5;

    private Format() {}

    @Override
    public void write(BehindNews news, DataOutput out) throws IOException {
      if (news instanceof Written written) {
        out.writeByte(WRITTEN);
        out.writeUTF(written.cache());
        out.writeInt(written.topology());
        out.writeInt(written.changes().size());
        for (Change change : written.changes()) {
          write(change, out);
        }
      } else if (news instanceof Write write) {
        out.writeByte(WRITE);
        out.writeUTF(write.cache());
      } else if (news instanceof Ask ask) {
        out.writeByte(ASK);
        out.writeUTF(ask.cache());
      } else if (news instanceof Answer answer) {
        out.writeByte(ANSWER);
        out.writeInt(answer.since());
      } else {
        out.writeByte(DONE);
      }
    }

    private static void write(Change change, DataOutput out) throws IOException {
      out.writeInt(change.key().remaining());
      out.write(change.key().array());
      out.writeBoolean(change.removal());
      out.writeLong(change.version().origin());
      out.writeLong(change.version().number());
    }

    @Override
    public BehindNews read(DataInput in) throws IOException {
      byte kind = in.readByte();
      return switch (kind) {
        case WRITTEN -> readWritten(in);
        case WRITE -> new Write(in.readUTF());
        case DONE -> new Done();
        case ASK -> new Ask(in.readUTF());
        case ANSWER -> new Answer(in.readInt());
        default ->
            throw new IOException("news behind of kind " + kind + ": run one version everywhere");
      };
    }

    private static Written readWritten(DataInput in) throws IOException {
      String cache = in.readUTF();
      int topology = in.readInt();
      int count = in.readInt();
      List<Change> changes = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        byte[] key = new byte[in.readInt()];
        in.readFully(key);
        changes.add(
            new Change(
                ByteBuffer.wrap(key),
                in.readBoolean(),
                new Envelope.Version(in.readLong(), in.readLong())));
      }
      return new Written(cache, topology, changes);
    }
  }
}

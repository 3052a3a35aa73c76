/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.memogrid.internal.recovery.Announcement;
import org.memogrid.internal.wire.WireFormat;

/** What members tell each other about caches in files. */
sealed interface News {
  WireFormat<News> FORMAT = new Format();

  /**
   * What a member knows of a cache.
   *
   * @param names of members, by their ids
   * @param asks whether it has not heard the one whom it tells, and so is to be told
   */
  record Known(String cache, Announcement announcement, Map<String, String> names, boolean asks)
      implements News {}

  /** A member can't open its files of a cache. */
  record Failed(String cache, String why) implements News {}

  /** A member is about to stop: it may miss writes from now on. */
  record Leaving() implements News {}

  /** The answer to {@link Leaving}. */
  record Noted() implements News {}

  /** A kind, and what the kind has. */
  final class Format implements WireFormat<News> {
    private static final byte KNOWN = 1;
    private static final byte FAILED = 2;
    private static final byte LEAVING = 3;
    private static final byte NOTED = 4;

    private Format() {}

    @Override
    public void write(News news, DataOutput out) throws IOException {
      if (news instanceof Known known) {
        out.writeByte(KNOWN);
        out.writeUTF(known.cache());
        RosterFormat.write(known.announcement(), out);
        RosterFormat.write(known.names(), out);
        out.writeBoolean(known.asks());
      } else if (news instanceof Failed failed) {
        out.writeByte(FAILED);
        out.writeUTF(failed.cache());
        out.writeUTF(failed.why());
      } else {
        out.writeByte(news instanceof Leaving ? LEAVING : NOTED);
      }
    }

    @Override
    public News read(DataInput in) throws IOException {
      byte kind = in.readByte();
      return switch (kind) {
        case KNOWN ->
            new Known(
                in.readUTF(),
                RosterFormat.readAnnouncement(in),
                RosterFormat.readMap(in),
                in.readBoolean());
        case FAILED -> new Failed(in.readUTF(), in.readUTF());
        case LEAVING -> new Leaving();
        case NOTED -> new Noted();
        default -> throw new IOException("news of kind " + kind + ": run one version everywhere");
      };
    }
  }
}

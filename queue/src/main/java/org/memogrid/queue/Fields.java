/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;

/** How the parts of packets are written and read. Not thread-safe. */
final class Fields {
  private static final Entry.Status[] STATUSES = Entry.Status.values();
  private static final WhenFull[] WHEN_FULL = WhenFull.values();
  private static final Traits.Room[] ROOMS = Traits.Room.values();

  private Fields() {}

  /** A constant's number on the wire: constants may be added at the end alone. */
  static <E> int code(E[] all, E one) {
    for (int i = 0; i < all.length; i++) {
      if (all[i].equals(one)) {
        return i;
      }
    }
    throw new IllegalArgumentException(String.valueOf(one));
  }

  /** For who reads a number that nobody should have written. */
  static IOException unknown(String what, int kind) {
    return new IOException(
        what
            + ", of kind "
            + kind
            + ", which this version does not know: run one version on all members");
  }

  /** Writes something. */
  interface Put<T> {
    void put(T value) throws IOException;
  }

  /** Reads something. */
  interface Get<T> {
    T get() throws IOException;
  }

  /** Writes. */
  static final class Out {
    private final DataOutput out;
    private final Texts texts = new Texts();

    Out(DataOutput out) {
      this.out = out;
    }

    void text(String text) throws IOException {
      texts.write(text, out);
    }

    void textOrNull(@Nullable String text) throws IOException {
      texts.write(text, out);
    }

    <T> void list(List<T> list, Put<T> element) throws IOException {
      out.writeInt(list.size());
      for (T each : list) {
        element.put(each);
      }
    }

    <T> void orNull(@Nullable T value, Put<T> put) throws IOException {
      out.writeBoolean(value != null);
      if (value != null) {
        put.put(value);
      }
    }

    void bytes(byte[] bytes) throws IOException {
      out.writeInt(bytes.length);
      out.write(bytes);
    }

    void epoch(Epoch epoch) throws IOException {
      out.writeLong(epoch.number());
      text(epoch.home());
    }

    void tag(Tag tag) throws IOException {
      epoch(tag.epoch());
      out.writeLong(tag.seq());
      out.writeInt(tag.hand());
    }

    void lineage(Lineage lineage) throws IOException {
      list(
          lineage.reigns(),
          reign -> {
            epoch(reign.epoch());
            out.writeLong(reign.firstSeq());
          });
      list(lineage.united(), this::epoch);
    }

    void member(Member member) throws IOException {
      text(member.name());
      text(member.id());
    }

    void letter(Letter letter) throws IOException {
      text(letter.producer);
      out.writeLong(letter.number);
      out.writeLong(letter.publishedAt);
      boolean plain = letter.traits.equals(Traits.PLAIN);
      out.writeBoolean(plain);
      if (!plain) {
        traits(letter.traits);
      }
      bytes(letter.body);
    }

    private void traits(Traits traits) throws IOException {
      out.writeByte(traits.priority());
      out.writeLong(traits.notBefore());
      out.writeLong(traits.expiresAt());
      textOrNull(traits.orderingKey());
      texts.writeOnce(traits.dedupeId(), out);
      texts.writeOnce(traits.correlationId(), out);
      textOrNull(traits.replyTo());
      out.writeInt(traits.headers().size());
      for (Map.Entry<String, String> header : traits.headers().entrySet()) {
        text(header.getKey());
        text(header.getValue());
      }
      out.writeByte(code(ROOMS, traits.room()));
    }

    void attempt(Attempt attempt) throws IOException {
      out.writeLong(attempt.at());
      text(attempt.member());
      text(attempt.error());
    }

    void entry(Entry entry) throws IOException {
      out.writeLong(entry.seq);
      epoch(entry.born);
      letter(entry.letter);
      out.writeByte(code(STATUSES, entry.status));
      out.writeInt(entry.hands);
      out.writeInt(entry.failures);
      out.writeInt(entry.crashes);
      out.writeLong(entry.notBefore);
      orNull(
          entry.handing,
          handing -> {
            tag(handing.tag());
            member(handing.member());
            out.writeLong(handing.subscription());
          });
      list(entry.history, this::attempt);
      textOrNull(entry.cause);
      out.writeLong(entry.diedAt);
    }

    void settings(Settings settings) throws IOException {
      out.writeInt(settings.attempts());
      out.writeInt(settings.crashes());
      out.writeLong(settings.backoff());
      out.writeLong(settings.longestBackoff());
      out.writeLong(settings.capacity());
      out.writeByte(code(WHEN_FULL, settings.whenFull()));
      out.writeInt(settings.largest());
      out.writeLong(settings.dedupeWindow());
      out.writeInt(settings.rate());
      out.writeLong(settings.ratePeriod());
      out.writeInt(settings.nodeRate());
      out.writeLong(settings.nodeRatePeriod());
      orNull(settings.persist(), this::place);
    }

    private void place(Persist place) throws IOException {
      Path directory = place.directory();
      textOrNull(directory == null ? null : directory.toString());
      textOrNull(place.source());
      textOrNull(place.table());
    }

    void head(QueueState.Head head) throws IOException {
      out.writeLong(head.nextSeq());
      out.writeLong(head.position());
      out.writeBoolean(head.paused());
      orNull(head.settings(), this::settings);
      epoch(head.lastBorn());
      lineage(head.lineage());
      out.writeBoolean(head.doubts().ahead());
      list(head.doubts().lost(), this::text);
      out.writeInt(head.producers().size());
      for (Map.Entry<String, Seen> producer : head.producers().entrySet()) {
        text(producer.getKey());
        out.writeLong(producer.getValue().base());
        long[] above = producer.getValue().above();
        out.writeInt(above.length);
        for (long word : above) {
          out.writeLong(word);
        }
      }
      out.writeInt(head.ids().size());
      for (Map.Entry<String, Long> id : head.ids().entrySet()) {
        text(id.getKey());
        out.writeLong(id.getValue());
      }
      Totals totals = head.totals();
      out.writeLong(totals.published);
      out.writeLong(totals.handled);
      out.writeLong(totals.redelivered);
      out.writeLong(totals.buried);
      out.writeLong(totals.dropped);
    }
  }

  /** Reads. */
  static final class In {
    private final DataInput in;
    private final Texts texts = new Texts();

    In(DataInput in) {
      this.in = in;
    }

    String text() throws IOException {
      return texts.read(in);
    }

    @Nullable String textOrNull() throws IOException {
      return texts.readOrNull(in);
    }

    <T> List<T> list(Get<T> element) throws IOException {
      int size = in.readInt();
      List<T> list = new ArrayList<>(Math.min(size, 1_024));
      for (int i = 0; i < size; i++) {
        list.add(element.get());
      }
      return list;
    }

    <T> @Nullable T orNull(Get<T> get) throws IOException {
      return in.readBoolean() ? get.get() : null;
    }

    byte[] bytes() throws IOException {
      byte[] bytes = new byte[in.readInt()];
      in.readFully(bytes);
      return bytes;
    }

    Epoch epoch() throws IOException {
      return new Epoch(in.readLong(), text());
    }

    Tag tag() throws IOException {
      return new Tag(epoch(), in.readLong(), in.readInt());
    }

    Lineage lineage() throws IOException {
      return new Lineage(list(() -> new Lineage.Reign(epoch(), in.readLong())), list(this::epoch));
    }

    Member member() throws IOException {
      return new Member(text(), text());
    }

    Letter letter() throws IOException {
      String producer = text();
      long number = in.readLong();
      long publishedAt = in.readLong();
      Traits traits = in.readBoolean() ? Traits.PLAIN : traits();
      return new Letter(producer, number, publishedAt, traits, bytes());
    }

    private Traits traits() throws IOException {
      int priority = in.readByte();
      long notBefore = in.readLong();
      long expiresAt = in.readLong();
      String orderingKey = textOrNull();
      String dedupeId = textOrNull();
      String correlationId = textOrNull();
      String replyTo = textOrNull();
      int count = in.readInt();
      Map<String, String> headers = count == 0 ? Map.of() : new HashMap<>();
      for (int i = 0; i < count; i++) {
        headers.put(text(), text());
      }
      return new Traits(
          priority,
          notBefore,
          expiresAt,
          orderingKey,
          dedupeId,
          correlationId,
          replyTo,
          headers,
          ROOMS[in.readByte()]);
    }

    Attempt attempt() throws IOException {
      return new Attempt(in.readLong(), text(), text());
    }

    Entry entry() throws IOException {
      Entry entry = new Entry(in.readLong(), epoch(), letter());
      entry.status = STATUSES[in.readByte()];
      entry.hands = in.readInt();
      entry.failures = in.readInt();
      entry.crashes = in.readInt();
      entry.notBefore = in.readLong();
      entry.handing = orNull(() -> new Entry.Handing(tag(), member(), in.readLong()));
      entry.history = list(this::attempt);
      entry.cause = textOrNull();
      entry.diedAt = in.readLong();
      return entry;
    }

    Settings settings() throws IOException {
      return new Settings(
          in.readInt(),
          in.readInt(),
          in.readLong(),
          in.readLong(),
          in.readLong(),
          WHEN_FULL[in.readByte()],
          in.readInt(),
          in.readLong(),
          in.readInt(),
          in.readLong(),
          in.readInt(),
          in.readLong(),
          orNull(this::place));
    }

    private Persist place() throws IOException {
      String directory = textOrNull();
      String source = textOrNull();
      String table = textOrNull();
      if (source != null && table != null) {
        return Persist.jdbc(source, table);
      }
      if (directory == null) {
        throw new IOException("a queue is kept nowhere: run one version on all members");
      }
      return Persist.file(Path.of(directory));
    }

    QueueState.Head head() throws IOException {
      long nextSeq = in.readLong();
      long position = in.readLong();
      boolean paused = in.readBoolean();
      Settings settings = orNull(this::settings);
      Epoch lastBorn = epoch();
      Lineage lineage = lineage();
      Doubts doubts = new Doubts(in.readBoolean(), list(this::text));
      Map<String, Seen> producers = new HashMap<>();
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        String producer = text();
        long base = in.readLong();
        long[] above = new long[in.readInt()];
        for (int word = 0; word < above.length; word++) {
          above[word] = in.readLong();
        }
        producers.put(producer, new Seen(base, above));
      }
      Map<String, Long> ids = new LinkedHashMap<>();
      count = in.readInt();
      for (int i = 0; i < count; i++) {
        ids.put(text(), in.readLong());
      }
      Totals totals = new Totals();
      totals.published = in.readLong();
      totals.handled = in.readLong();
      totals.redelivered = in.readLong();
      totals.buried = in.readLong();
      totals.dropped = in.readLong();
      return new QueueState.Head(
          nextSeq, position, paused, settings, lastBorn, lineage, doubts, producers, ids, totals);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.wire.WireFormat;
import org.memogrid.memo.Message.Held;
import org.memogrid.memo.Message.Invalidation;

/**
 * How the messages of memos are written: memo, stamp, kind, fields. Keys and results are what the
 * codec makes of them.
 */
final class MemoFormat implements WireFormat<Packet> {
  private static final Mode[] MODES = Mode.values();
  private static final Failure.Kind[] KINDS = Failure.Kind.values();
  private static final int FOUND = 1;
  private static final int MORTAL = 2;
  private static final int FRESH = 4;

  private static final int LONGEST_NAME = 200;

  /** So many of the first and of the last runs in a chain have their names with them. */
  private static final int NAMED = 32;

  private final Codec codec;

  MemoFormat(Codec codec) {
    this.codec = codec;
  }

  @Override
  public void write(Packet packet, DataOutput out) throws IOException {
    out.writeUTF(packet.memo().name());
    out.writeUTF(packet.memo().version());
    out.writeByte(indexOf(MODES, packet.memo().mode()));
    out.writeLong(packet.stamp().id());
    out.writeLong(packet.stamp().fingerprint());
    write(packet.message(), out);
  }

  @Override
  public Packet read(DataInput in) throws IOException {
    MemoId memo = new MemoId(in.readUTF(), in.readUTF(), MODES[in.readByte()]);
    Configuration.Stamp stamp = new Configuration.Stamp(in.readLong(), in.readLong());
    return new Packet(memo, stamp, message(in));
  }

  private void write(Message message, DataOutput out) throws IOException {
    if (message instanceof Message.Acquire m) {
      out.writeByte(1);
      key(m.key(), out);
      out.writeLong(m.request());
      probe(m.probe(), out);
      seen((Envelope) m.seen(), out);
    } else if (message instanceof Message.Complete m) {
      out.writeByte(2);
      key(m.key(), out);
      token(m.token(), out);
      value(m.value(), out);
      seen((Envelope) m.seen(), out);
    } else if (message instanceof Message.Failed m) {
      out.writeByte(3);
      key(m.key(), out);
      token(m.token(), out);
      failure(m.failure(), out);
      out.writeBoolean(m.shared());
    } else if (message instanceof Message.Unwanted m) {
      out.writeByte(9);
      key(m.key(), out);
      token(m.token(), out);
    } else if (message instanceof Message.Abandon m) {
      out.writeByte(4);
      key(m.key(), out);
      token(m.token(), out);
    } else if (message instanceof Message.Summon m) {
      out.writeByte(10);
      key(m.key(), out);
      tokens(m.ancestors(), out);
      seen((Envelope) m.seen(), out);
    } else if (message instanceof Message.Leave m) {
      out.writeByte(5);
      key(m.key(), out);
      out.writeLong(m.request());
    } else if (message instanceof Message.Invalidate m) {
      out.writeByte(6);
      key(m.key(), out);
      out.writeLong(m.invalidation());
    } else if (message instanceof Message.InvalidateAll m) {
      out.writeByte(7);
      out.writeLong(m.invalidation());
    } else if (message instanceof Message.Sync m) {
      out.writeByte(8);
      out.writeInt(m.held().size());
      for (Held held : m.held()) {
        key(held.key(), out);
        token(held.token(), out);
      }
      out.writeLong(m.epoch());
      keys(m.apart().keys(), out);
      out.writeBoolean(m.apart().all());
      out.writeBoolean(m.apart().settled());
      out.writeInt(m.departed().size());
      for (Map.Entry<String, Long> left : m.departed().entrySet()) {
        out.writeUTF(left.getKey());
        out.writeLong(left.getValue());
      }
      out.writeBoolean(m.answer());
    } else if (message instanceof Message.Probe m) {
      out.writeByte(11);
      key(m.key(), out);
      probe(m.probe(), out);
    } else {
      writeToCaller((Message.ToCaller) message, out);
    }
  }

  private void writeToCaller(Message.ToCaller message, DataOutput out) throws IOException {
    if (message instanceof Message.Hit m) {
      out.writeByte(20);
      out.writeLong(m.request());
      value(m.value(), out);
      out.writeLong(m.epoch());
    } else if (message instanceof Message.Grant m) {
      out.writeByte(21);
      key(m.key(), out);
      out.writeLong(m.request());
      token(m.token(), out);
    } else if (message instanceof Message.Fail m) {
      out.writeByte(22);
      out.writeLong(m.request());
      failure(m.failure(), out);
    } else if (message instanceof Message.CompleteAck m) {
      out.writeByte(23);
      token(m.token(), out);
      out.writeBoolean(m.accepted());
    } else if (message instanceof Message.Fence m) {
      out.writeByte(24);
      key(m.key(), out);
      invalidation(m.invalidation(), out);
      out.writeBoolean(m.buried());
    } else if (message instanceof Message.FenceAll m) {
      out.writeByte(25);
      out.writeLong(m.epoch());
      invalidation(m.invalidation(), out);
    } else if (message instanceof Message.FenceOne m) {
      out.writeByte(26);
      key(m.key(), out);
      token(m.token(), out);
    } else if (message instanceof Message.FenceAck m) {
      out.writeByte(27);
      invalidation(m.invalidation(), out);
      out.writeBoolean(m.failure() != null);
      if (m.failure() != null) {
        failure(m.failure(), out);
      }
    } else if (message instanceof Message.InvalidateAck m) {
      out.writeByte(28);
      out.writeLong(m.invalidation());
    } else if (message instanceof Message.InvalidateFailed m) {
      out.writeByte(29);
      out.writeLong(m.invalidation());
      failure(m.failure(), out);
    } else if (message instanceof Message.Cancel m) {
      out.writeByte(30);
      key(m.key(), out);
      token(m.token(), out);
    } else if (message instanceof Message.Scan m) {
      out.writeByte(31);
      out.writeLong(m.scan());
      Set<String> tags = m.tags();
      out.writeBoolean(tags != null);
      tags(tags == null ? Set.of() : tags, out);
    } else if (message instanceof Message.Scanned m) {
      out.writeByte(32);
      out.writeLong(m.scan());
      List<Object> keys = m.keys();
      out.writeBoolean(keys != null);
      keys(keys == null ? List.of() : keys, out);
    } else if (message instanceof Message.Fenced m) {
      out.writeByte(35);
      out.writeBoolean(m.key() != null);
      if (m.key() != null) {
        key(m.key(), out);
      }
    } else if (message instanceof Message.Chase m) {
      out.writeByte(33);
      probe(m.probe(), out);
    } else if (message instanceof Message.Cycle m) {
      out.writeByte(34);
      probe(m.probe(), out);
    }
  }

  private Message message(DataInput in) throws IOException {
    byte kind = in.readByte();
    return switch (kind) {
      case 1 -> new Message.Acquire(key(in), in.readLong(), optionalProbe(in), seen(in));
      case 2 -> new Message.Complete(key(in), token(in), value(in), seen(in));
      case 3 -> new Message.Failed(key(in), token(in), failure(in), in.readBoolean());
      case 4 -> new Message.Abandon(key(in), token(in));
      case 5 -> new Message.Leave(key(in), in.readLong());
      case 6 -> new Message.Invalidate(key(in), in.readLong());
      case 7 -> new Message.InvalidateAll(in.readLong());
      case 8 ->
          new Message.Sync(held(in), in.readLong(), apart(in), departed(in), in.readBoolean());
      case 9 -> new Message.Unwanted(key(in), token(in));
      case 10 -> new Message.Summon(key(in), tokens(in), seen(in));
      case 11 -> new Message.Probe(key(in), probe(in));
      case 20 -> new Message.Hit(in.readLong(), value(in), in.readLong());
      case 21 -> new Message.Grant(key(in), in.readLong(), token(in));
      case 22 -> new Message.Fail(in.readLong(), failure(in));
      case 23 -> new Message.CompleteAck(token(in), in.readBoolean());
      case 24 -> new Message.Fence(key(in), invalidation(in), in.readBoolean());
      case 25 -> new Message.FenceAll(in.readLong(), invalidation(in));
      case 26 -> new Message.FenceOne(key(in), token(in));
      case 27 -> new Message.FenceAck(invalidation(in), in.readBoolean() ? failure(in) : null);
      case 28 -> new Message.InvalidateAck(in.readLong());
      case 29 -> new Message.InvalidateFailed(in.readLong(), failure(in));
      case 30 -> new Message.Cancel(key(in), token(in));
      case 31 -> scan(in.readLong(), in.readBoolean(), tags(in));
      case 32 -> scanned(in.readLong(), in.readBoolean(), keys(in));
      case 35 -> new Message.Fenced(in.readBoolean() ? key(in) : null);
      case 33 -> new Message.Chase(probe(in));
      case 34 -> new Message.Cycle(probe(in));
      default ->
          throw new IOException(
              "a memo message of kind "
                  + kind
                  + ", which this version does not know: run one version on all members");
    };
  }

  private void key(Object key, DataOutput out) throws IOException {
    bytes(codec.encode(key), out);
  }

  private Object key(DataInput in) throws IOException {
    byte[] bytes = bytes(in);
    try {
      return codec.decode(bytes);
    } catch (RuntimeException e) {
      return new Packet.UnreadableKey(String.valueOf(e.getMessage()));
    }
  }

  private void value(Value value, DataOutput out) throws IOException {
    Payload payload = (Payload) value.payload();
    Envelope entry = payload.entry();
    Envelope.Fresh fresh = entry.fresh();
    byte[] content = entry.bytes(codec);
    out.writeLong(value.timeToLive());
    out.writeLong(value.maxIdle());
    out.writeByte(
        (payload.isFound() ? FOUND : 0)
            | (entry.isMortal() ? MORTAL : 0)
            | (fresh == null ? 0 : FRESH));
    seen(entry, out);
    if (entry.isMortal()) {
      out.writeLong(entry.expiresAt());
      out.writeLong(entry.idleMillis());
      out.writeLong(entry.touchedAt());
    }
    if (fresh != null) {
      out.writeLong(fresh.refreshAt());
      out.writeLong(fresh.until());
      out.writeLong(fresh.costMillis());
    }
    tags(entry.tags(), out);
    bytes(content == null ? new byte[0] : content, out);
  }

  private static Value value(DataInput in) throws IOException {
    long timeToLive = in.readLong();
    long maxIdle = in.readLong();
    byte flags = in.readByte();
    Envelope.Version version = requireNonNull(seen(in), "a value's version").version();
    long[] life = (flags & MORTAL) == 0 ? null : longs(in);
    long[] fresh = (flags & FRESH) == 0 ? null : longs(in);
    Set<String> tags = tags(in);
    Envelope entry = Envelope.ofBytes(version, bytes(in));
    entry = life == null ? entry : entry.expiring(life[0], life[1], life[2]);
    entry =
        fresh == null ? entry : entry.withFresh(new Envelope.Fresh(fresh[0], fresh[1], fresh[2]));
    entry = tags.isEmpty() ? entry : entry.withTags(tags);
    return new Value(Payload.arrived(entry, (flags & FOUND) != 0), timeToLive, maxIdle);
  }

  private static long[] longs(DataInput in) throws IOException {
    return new long[] {in.readLong(), in.readLong(), in.readLong()};
  }

  private List<Object> keys(DataInput in) throws IOException {
    int count = in.readInt();
    List<Object> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      keys.add(key(in));
    }
    return keys;
  }

  private static void tags(Set<String> tags, DataOutput out) throws IOException {
    out.writeInt(tags.size());
    for (String tag : tags) {
      bytes(tag.getBytes(UTF_8), out);
    }
  }

  private static Set<String> tags(DataInput in) throws IOException {
    Set<String> tags = new HashSet<>();
    for (int i = in.readInt(); i > 0; i--) {
      tags.add(new String(bytes(in), UTF_8));
    }
    return tags;
  }

  /** Of an entry that is to be replaced, its version is enough: it is what entries compare. */
  private static void seen(@Nullable Envelope seen, DataOutput out) throws IOException {
    out.writeBoolean(seen != null);
    if (seen != null) {
      out.writeLong(seen.version().origin());
      out.writeLong(seen.version().number());
    }
  }

  private static @Nullable Envelope seen(DataInput in) throws IOException {
    return in.readBoolean()
        ? Envelope.tombstone(new Envelope.Version(in.readLong(), in.readLong()))
        : null;
  }

  private static void token(Token token, DataOutput out) throws IOException {
    out.writeLong(token.configuration());
    out.writeLong(token.number());
    out.writeUTF(token.home());
    out.writeLong(token.epoch());
    out.writeLong(token.fence());
  }

  private static Token token(DataInput in) throws IOException {
    return new Token(in.readLong(), in.readLong(), in.readUTF(), in.readLong(), in.readLong());
  }

  /** With their names, since a member that they pass may find that they are a cycle. */
  /**
   * Runs that wait for each other, by what tokens compare. There may be thousands, in a deep
   * recursion: of those in the middle the name is left out.
   */
  private static void tokens(List<Token> tokens, DataOutput out) throws IOException {
    Map<String, Integer> homes = new LinkedHashMap<>();
    tokens.forEach(token -> homes.putIfAbsent(token.home(), homes.size()));
    out.writeInt(homes.size());
    for (String home : homes.keySet()) {
      out.writeUTF(home);
    }
    out.writeInt(tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      out.writeInt(requireNonNull(homes.get(token.home())));
      out.writeLong(token.configuration());
      out.writeLong(token.number());
      boolean named = i < NAMED || i >= tokens.size() - NAMED;
      out.writeUTF(named ? name(token) : "");
    }
  }

  private static List<Token> tokens(DataInput in) throws IOException {
    List<String> homes = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      homes.add(in.readUTF());
    }
    List<Token> tokens = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      String home = homes.get(in.readInt());
      Token token = new Token(in.readLong(), in.readLong(), home, 0, 0);
      String name = in.readUTF();
      tokens.add(name.isEmpty() ? token : token.named(name));
    }
    return List.copyOf(tokens);
  }

  private static void probe(Waits.@Nullable Probe probe, DataOutput out) throws IOException {
    tokens(probe == null ? List.of() : probe.chain(), out);
    if (probe != null) {
      out.writeUTF(probe.asker().name());
      out.writeUTF(probe.asker().id());
      out.writeLong(probe.number());
      out.writeLong(probe.chase());
    }
  }

  private static String name(Token token) {
    String name = token.name();
    return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME) + "...";
  }

  private static Waits.Probe probe(DataInput in) throws IOException {
    Waits.Probe probe = optionalProbe(in);
    if (probe == null) {
      throw new IOException("a probe of no run");
    }
    return probe;
  }

  private static Waits.@Nullable Probe optionalProbe(DataInput in) throws IOException {
    List<Token> chain = tokens(in);
    if (chain.isEmpty()) {
      return null;
    }
    Member asker = new Member(in.readUTF(), in.readUTF());
    return new Waits.Probe(asker, in.readLong(), in.readLong(), chain);
  }

  private Message.Apart apart(DataInput in) throws IOException {
    List<Object> keys = keys(in);
    keys.removeIf(MemoFormat::isUnreadable); // what this member can neither hold nor ask for
    return new Message.Apart(keys, in.readBoolean(), in.readBoolean());
  }

  private static Map<String, Long> departed(DataInput in) throws IOException {
    int count = in.readInt();
    Map<String, Long> departed = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      departed.put(in.readUTF(), in.readLong());
    }
    return departed;
  }

  private void keys(List<Object> keys, DataOutput out) throws IOException {
    out.writeInt(keys.size());
    for (Object key : keys) {
      key(key, out);
    }
  }

  private static Message scan(long scan, boolean tagged, Set<String> tags) {
    return new Message.Scan(scan, tagged ? tags : null);
  }

  private static Message scanned(long scan, boolean told, List<Object> keys) {
    boolean readable = keys.stream().noneMatch(MemoFormat::isUnreadable);
    return new Message.Scanned(scan, told && readable ? keys : null);
  }

  private static boolean isUnreadable(Object key) {
    return key instanceof Packet.UnreadableKey;
  }

  private List<Held> held(DataInput in) throws IOException {
    int count = in.readInt();
    List<Held> held = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      held.add(new Held(key(in), token(in)));
    }
    held.removeIf(run -> isUnreadable(run.key())); // this member refuses to be its home
    return held;
  }

  private static void failure(Object failure, DataOutput out) throws IOException {
    Failure f = (Failure) failure;
    out.writeByte(indexOf(KINDS, f.kind()));
    byte[] text = f.text().getBytes(UTF_8);
    bytes(text, out);
    tags(f.dependencies(), out);
  }

  private static Failure failure(DataInput in) throws IOException {
    Failure.Kind kind = KINDS[in.readByte()];
    return new Failure(null, kind, new String(bytes(in), UTF_8), tags(in));
  }

  private static void invalidation(Invalidation invalidation, DataOutput out) throws IOException {
    out.writeUTF(invalidation.from().name());
    out.writeUTF(invalidation.from().id());
    out.writeLong(invalidation.number());
  }

  private static Invalidation invalidation(DataInput in) throws IOException {
    return new Invalidation(new Member(in.readUTF(), in.readUTF()), in.readLong());
  }

  private static void bytes(byte[] bytes, DataOutput out) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static byte[] bytes(DataInput in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return bytes;
  }

  private static <E> int indexOf(E[] all, E one) {
    for (int i = 0; i < all.length; i++) {
      if (all[i].equals(one)) {
        return i;
      }
    }
    throw new IllegalArgumentException(String.valueOf(one));
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** How what the cluster knows of a job is written. */
final class JobFormat {
  private static final int VERSION = 1;

  /** Of a state with a turn: a durable job's, once it has fired. */
  private static final int WITH_TURN = 2;

  /** Of what stands in the memory for a job that is kept elsewhere. */
  private static final int PLACE = 3;

  private static final long NONE = Long.MIN_VALUE;

  private JobFormat() {}

  /** Writes or reads one thing. */
  private interface Part<T, R> {
    R with(T stream) throws IOException;
  }

  private static byte[] bytes(Part<DataOutputStream, Boolean> part) {
    return bytes(VERSION, part);
  }

  private static byte[] bytes(int version, Part<DataOutputStream, Boolean> part) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(version);
      var unused = part.with(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static <R> R read(byte[] bytes, int newest, Part<DataInputStream, R> part) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readByte();
      if (version < VERSION || version > newest) {
        throw new IllegalStateException(
            "an entry about a job in version "
                + version
                + ", which this member does not know: run one version on all members");
      }
      return part.with(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] state(JobState state) {
    Turn turn = state.turn();
    return bytes(
        turn == null ? VERSION : WITH_TURN,
        out -> {
          definition(state.definition(), out);
          out.writeLong(state.scheduledAt());
          out.writeLong(state.last());
          out.writeLong(state.fired());
          out.writeLong(state.missed());
          out.writeBoolean(state.paused());
          out.writeBoolean(state.finished());
          out.writeInt(state.open().size());
          for (Claim claim : state.open()) {
            out.writeUTF(claim.member().name());
            out.writeUTF(claim.member().id());
            out.writeLong(claim.run());
            out.writeLong(claim.scheduledAt());
            out.writeLong(claim.startedAt());
            out.writeLong(claim.number());
            out.writeInt(claim.attempt());
            if (turn != null) {
              out.writeLong(claim.token());
            }
          }
          out.writeInt(state.triggers().size());
          for (long trigger : state.triggers()) {
            out.writeLong(trigger);
          }
          out.writeLong(state.lastTrigger());
          if (turn != null) {
            out.writeLong(turn.number());
            out.writeUTF(turn.member());
            out.writeLong(turn.lease());
          }
          return true;
        });
  }

  static JobState state(byte[] bytes) {
    boolean hasTurn = bytes[0] == WITH_TURN;
    return read(
        bytes,
        WITH_TURN,
        in -> {
          Definition definition = definition(in);
          long scheduledAt = in.readLong();
          long last = in.readLong();
          long fired = in.readLong();
          long missed = in.readLong();
          boolean paused = in.readBoolean();
          boolean finished = in.readBoolean();
          List<Claim> open = new ArrayList<>();
          for (int i = in.readInt(); i > 0; i--) {
            open.add(
                new Claim(
                    new Member(in.readUTF(), in.readUTF()),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    in.readInt(),
                    hasTurn ? in.readLong() : 0));
          }
          List<Long> triggers = new ArrayList<>();
          for (int i = in.readInt(); i > 0; i--) {
            triggers.add(in.readLong());
          }
          return new JobState(
              definition,
              scheduledAt,
              last,
              fired,
              missed,
              paused,
              finished,
              open,
              triggers,
              in.readLong(),
              hasTurn ? new Turn(in.readLong(), in.readUTF(), in.readLong()) : null);
        });
  }

  /** What tells where a job is kept that is not here. */
  static byte[] place(String place) {
    return bytes(
        PLACE,
        out -> {
          out.writeUTF(place);
          return true;
        });
  }

  /** Null if it is a state. */
  static @Nullable String place(byte[] bytes) {
    return bytes[0] == PLACE ? read(bytes, PLACE, in -> in.readUTF()) : null;
  }

  static byte[] moment(long moment) {
    return bytes(
        out -> {
          out.writeLong(moment);
          return true;
        });
  }

  static long moment(byte[] bytes) {
    return read(bytes, VERSION, DataInputStream::readLong);
  }

  private static void definition(Definition definition, DataOutputStream out) throws IOException {
    Schedule schedule = definition.schedule();
    Duration every = schedule.every();
    Duration in = schedule.in();
    Instant at = schedule.at();
    Instant until = schedule.until();
    ZoneId zone = schedule.zone();
    text(schedule.cron(), out);
    out.writeLong(every == null ? NONE : every.toMillis());
    out.writeLong(in == null ? NONE : in.toMillis());
    out.writeLong(at == null ? NONE : at.toEpochMilli());
    out.writeLong(until == null ? NONE : until.toEpochMilli());
    out.writeLong(schedule.limit());
    text(zone == null ? null : zone.getId(), out);
    out.writeBoolean(schedule.gap() == Gap.SKIP);
    out.writeInt(definition.misfire().most());
    out.writeBoolean(definition.whenLost() == WhenLost.RERUN);
    out.writeBoolean(definition.concurrent());
  }

  private static Definition definition(DataInputStream in) throws IOException {
    String cron = text(in);
    long every = in.readLong();
    long delay = in.readLong();
    long at = in.readLong();
    long until = in.readLong();
    long limit = in.readLong();
    String zone = text(in);
    Schedule schedule =
        Schedule.read(
            cron,
            every == NONE ? null : Duration.ofMillis(every),
            delay == NONE ? null : Duration.ofMillis(delay),
            at == NONE ? null : Instant.ofEpochMilli(at),
            until == NONE ? null : Instant.ofEpochMilli(until),
            limit,
            zone == null ? null : ZoneId.of(zone),
            in.readBoolean() ? Gap.SKIP : Gap.RUN_ONCE_AFTER);
    return new Definition(
        schedule,
        new Misfire(in.readInt()),
        in.readBoolean() ? WhenLost.RERUN : WhenLost.SKIP,
        in.readBoolean());
  }

  private static void text(@Nullable String text, DataOutputStream out) throws IOException {
    out.writeBoolean(text != null);
    if (text != null) {
      out.writeUTF(text);
    }
  }

  private static @Nullable String text(DataInputStream in) throws IOException {
    return in.readBoolean() ? in.readUTF() : null;
  }

  static byte[] history(List<Firing> firings) {
    return bytes(
        out -> {
          out.writeInt(firings.size());
          for (Firing firing : firings) {
            out.writeLong(firing.scheduledAt().toEpochMilli());
            out.writeLong(firing.startedAt().toEpochMilli());
            out.writeLong(firing.took().toMillis());
            out.writeUTF(firing.node());
            out.writeUTF(firing.outcome().name());
            text(firing.error(), out);
          }
          return true;
        });
  }

  static List<Firing> history(byte[] bytes) {
    return read(
        bytes,
        VERSION,
        in -> {
          List<Firing> firings = new ArrayList<>();
          for (int i = in.readInt(); i > 0; i--) {
            firings.add(
                new Firing(
                    Instant.ofEpochMilli(in.readLong()),
                    Instant.ofEpochMilli(in.readLong()),
                    Duration.ofMillis(in.readLong()),
                    in.readUTF(),
                    Firing.Outcome.valueOf(in.readUTF()),
                    text(in)));
          }
          return firings;
        });
  }
}

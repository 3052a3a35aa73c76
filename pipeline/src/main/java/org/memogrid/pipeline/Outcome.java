/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a value ended. Immutable: nobody changes the bytes.
 *
 * @param value encoded; null is null, and also if there is none
 * @param step where it ended
 * @param attempts of that step
 * @param why what to tell the caller; empty if all went well
 * @param fault what was thrown; null if nothing was
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Outcome(
    Kind kind,
    byte @Nullable [] value,
    String step,
    int attempts,
    String why,
    @Nullable Fault fault) {
  private static final List<Kind> KINDS = List.of(Kind.values());

  /** Constants may be added at the end alone. */
  enum Kind {
    VALUE,
    /** A handler gave it up. */
    FAILED,
    /** Its attempts are spent; the message is a dead letter. */
    DEAD,
    /** A future did not end in time; the message is a dead letter. */
    STEP_LATE,
    HALTED,
    /** Its deadline has passed. */
    LATE
  }

  /** Whether nothing can come after it. A dead letter may be put back, and have another end. */
  boolean isFinal() {
    return kind != Kind.DEAD && kind != Kind.STEP_LATE;
  }

  static Outcome value(byte @Nullable [] value, String step, int attempt) {
    return new Outcome(Kind.VALUE, value, step, attempt, "", null);
  }

  /** What it takes on the wire, about. */
  int size() {
    return (value == null ? 0 : value.length) + why.length() + (fault == null ? 0 : fault.size());
  }

  void write(DataOutput out) throws IOException {
    out.writeByte(KINDS.indexOf(kind));
    byte[] bytes = value;
    out.writeInt(bytes == null ? -1 : bytes.length);
    if (bytes != null) {
      out.write(bytes);
    }
    out.writeUTF(step);
    out.writeInt(attempts);
    Fault.writeText(why, out);
    Fault thrown = fault;
    out.writeBoolean(thrown != null);
    if (thrown != null) {
      thrown.write(out);
    }
  }

  static Outcome read(DataInput in, Familiar familiar) throws IOException {
    Kind kind = KINDS.get(in.readByte());
    int length = in.readInt();
    byte[] value = null;
    if (length >= 0) {
      value = new byte[length];
      in.readFully(value);
    }
    return new Outcome(
        kind,
        value,
        familiar.of(in.readUTF()),
        in.readInt(),
        Fault.readText(in),
        in.readBoolean() ? Fault.read(in) : null);
  }
}

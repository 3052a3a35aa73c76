/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value on its way. Immutable: nobody changes the bytes.
 *
 * @param id of what was submitted
 * @param origin the id of the member where
 * @param deadline in milliseconds of the epoch; 0 for none
 * @param keep how long the result is kept, in milliseconds
 * @param hop how many steps it has gone in its branch
 * @param jumps how often it went back
 * @param branches of the fan-outs that it is in, the outermost first
 * @param value encoded; null is null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Envelope(
    String id,
    String origin,
    long deadline,
    long keep,
    int hop,
    int jumps,
    List<Branch> branches,
    byte @Nullable [] value) {
  /**
   * One of the elements of a fan-out.
   *
   * @param hop of the value that was fanned out
   * @param print of all elements: a second run that makes others makes another group of them
   * @param since when it was fanned out, in milliseconds of the epoch
   */
  record Branch(int hop, long print, int index, int count, long since) {}

  Envelope next(byte @Nullable [] result, int moreJumps) {
    return new Envelope(id, origin, deadline, keep, hop + 1, jumps + moreJumps, branches, result);
  }

  Envelope branch(long print, int index, int count, long since, byte @Nullable [] element) {
    List<Branch> more = new ArrayList<>(branches);
    more.add(new Branch(hop, print, index, count, since));
    return new Envelope(id, origin, deadline, keep, hop + 1, jumps, List.copyOf(more), element);
  }

  /** The value whose elements these are, where it was fanned out. */
  Envelope joined() {
    Branch last = last();
    return new Envelope(
        id,
        origin,
        deadline,
        keep,
        last.hop,
        jumps,
        branches.subList(0, branches.size() - 1),
        null);
  }

  Branch last() {
    return branches.get(branches.size() - 1);
  }

  /** Which fan-out of which value this is an element of. */
  String group() {
    return id + path(branches.size() - 1) + "/" + last().hop + ":" + last().print;
  }

  /** The same for each run of one step on one value, and for no other move. */
  String moveId() {
    return id + path(branches.size()) + "/" + hop;
  }

  private String path(int depth) {
    if (depth == 0) {
      return "";
    }
    StringBuilder path = new StringBuilder();
    for (Branch branch : branches.subList(0, depth)) {
      path.append('/').append(branch.hop).append(':').append(branch.print);
      path.append('.').append(branch.index);
    }
    return path.toString();
  }

  byte[] encode() {
    byte[] bytes = value;
    ByteArrayOutputStream encoded =
        new ByteArrayOutputStream(160 + (bytes == null ? 0 : bytes.length));
    try (DataOutputStream out = new DataOutputStream(encoded)) {
      out.writeUTF(id);
      out.writeUTF(origin);
      out.writeLong(deadline);
      out.writeLong(keep);
      out.writeInt(hop);
      out.writeInt(jumps);
      out.writeInt(branches.size());
      for (Branch branch : branches) {
        out.writeInt(branch.hop);
        out.writeLong(branch.print);
        out.writeInt(branch.index);
        out.writeInt(branch.count);
        out.writeLong(branch.since);
      }
      out.writeBoolean(bytes != null);
      if (bytes != null) {
        out.write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return encoded.toByteArray();
  }

  static Envelope decode(byte[] encoded) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(encoded))) {
      String id = in.readUTF();
      String origin = in.readUTF();
      long deadline = in.readLong();
      long keep = in.readLong();
      int hop = in.readInt();
      int jumps = in.readInt();
      int depth = in.readInt();
      List<Branch> branches = new ArrayList<>(Math.min(depth, 16));
      for (int i = 0; i < depth; i++) {
        branches.add(
            new Branch(in.readInt(), in.readLong(), in.readInt(), in.readInt(), in.readLong()));
      }
      byte[] value = null;
      if (in.readBoolean()) {
        value = new byte[in.available()]; // all of an array is there
        in.readFully(value);
      }
      return new Envelope(id, origin, deadline, keep, hop, jumps, List.copyOf(branches), value);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "a step's message can't be read: run one version everywhere", e);
    }
  }
}

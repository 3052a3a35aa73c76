/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value on its way. Immutable: nobody changes the bytes.
 *
 * @param id of what was submitted
 * @param origin the id of the member where
 * @param chosen whether the id is its caller's
 * @param deadline in milliseconds of the epoch; 0 for none
 * @param keep how long the result is kept, in milliseconds
 * @param hop how many steps it has gone in its branch
 * @param jumps how often it went back
 * @param branches of the fan-outs that it is in, the outermost first
 * @param before what its step made of it before it came to the step's queue
 * @param value encoded; null is null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Envelope(
    String id,
    String origin,
    boolean chosen,
    long deadline,
    long keep,
    int hop,
    int jumps,
    List<Branch> branches,
    Before before,
    byte @Nullable [] value) {
  /**
   * Of a value that ran on to its step, and failed there.
   *
   * @param attempts how many that were
   * @param gaveUp why it is to be a dead letter; null if it is to be tried again
   */
  record Before(int attempts, @Nullable String gaveUp) {
    static final Before NONE = new Before(0, null);
  }

  /**
   * One of the elements of a fan-out.
   *
   * @param hop of the value that was fanned out
   * @param print of all elements: a second run that makes others makes another group of them
   * @param since when it was fanned out, in milliseconds of the epoch
   */
  record Branch(int hop, long print, int index, int count, long since) {}

  Envelope next(byte @Nullable [] result, int moreJumps) {
    return moved(hop + 1, jumps + moreJumps, branches, result);
  }

  /** The same value at the same step. */
  Envelope with(Before before) {
    return new Envelope(id, origin, chosen, deadline, keep, hop, jumps, branches, before, value);
  }

  Envelope branch(long print, int index, int count, long since, byte @Nullable [] element) {
    List<Branch> more = new ArrayList<>(branches);
    more.add(new Branch(hop, print, index, count, since));
    return moved(hop + 1, jumps, List.copyOf(more), element);
  }

  /** The value whose elements these are, where it was fanned out. */
  Envelope joined() {
    Branch last = last();
    return moved(last.hop, jumps, branches.subList(0, branches.size() - 1), null);
  }

  /** Elsewhere on its way, where nothing has gone wrong with it yet. */
  private Envelope moved(int hop, int jumps, List<Branch> branches, byte @Nullable [] value) {
    return new Envelope(
        id, origin, chosen, deadline, keep, hop, jumps, branches, Before.NONE, value);
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
    return EnvelopeFormat.encode(this);
  }

  static Envelope decode(byte[] encoded) {
    return EnvelopeFormat.decode(encoded);
  }
}

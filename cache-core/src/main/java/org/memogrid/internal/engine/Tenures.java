/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.PrimitiveIterator;
import org.infinispan.commons.util.IntSet;

/**
 * How often the member with these files has lost each segment: a <i>tenure</i> is the time from one
 * loss to the next, and what was written in a former one counts no more. Not thread-safe.
 *
 * <ol>
 *   <li>A member owns a key's segment and has the entry in its files. It loses the segment.
 *   <li>The entry is removed by those that own it now.
 *   <li>The member is given the segment again, without the entry. Nothing in its files says that it
 *       was removed, and after a kill it would be put back.
 * </ol>
 *
 * <p>Invariant: a segment is not held again before its new tenure is on the disk. Who calls keeps
 * it: the engine uses no topology before the last one's losses are done.
 *
 * <p>What a member loses while it is cut off may be all that is left: the topologies of its side of
 * a split are none. So it counts for who puts back, until all is settled again.
 */
final class Tenures {
  /** That of what is written while the segment is not held: it never counts. */
  static final int NONE = 0;

  private static final int FIRST = 1;
  private static final byte FORMAT = 1;

  private final Path file;
  private final int[] present;

  /** The oldest that counts for who puts back. */
  private final int[] oldest;

  private final BitSet held = new BitSet();

  private Tenures(Path file, int[] present, int[] oldest) {
    this.file = file;
    this.present = present;
    this.oldest = oldest;
  }

  static Path file(Path life) {
    return life.resolve("tenures");
  }

  /** Of a life that begins, and holds nothing yet. */
  static Tenures begin(Path life, int segments) {
    int[] first = new int[segments];
    Arrays.fill(first, FIRST);
    return new Tenures(file(life), first, first.clone());
  }

  /**
   * Of a life that has ended, as they were then.
   *
   * @throws IOException if they can't be read, or are not as they were written
   */
  static Tenures read(Path life, int segments) throws IOException {
    Path file = file(life);
    if (!Files.exists(file)) {
      return begin(life, segments); // it lost nothing
    }
    ByteBuffer in = ByteBuffer.wrap(SmallFile.read(file));
    if (in.limit() != 1 + 2 * Integer.BYTES * segments || in.get() != FORMAT) {
      throw new IOException("it is not one of " + segments + " segments");
    }
    int[] present = new int[segments];
    int[] oldest = new int[segments];
    for (int segment = 0; segment < segments; segment++) {
      present[segment] = in.getInt();
      oldest[segment] = in.getInt();
    }
    return new Tenures(file, present, oldest);
  }

  /** In which what is written now is. */
  int of(int segment) {
    return held.get(segment) ? present[segment] : NONE;
  }

  boolean counts(int segment, int tenure) {
    return tenure == present[segment];
  }

  boolean mayBePutBack(int segment, int tenure) {
    return oldest[segment] <= tenure && tenure <= present[segment];
  }

  void take(IntSet segments) {
    for (PrimitiveIterator.OfInt each = segments.iterator(); each.hasNext(); ) {
      held.set(each.nextInt());
    }
  }

  /**
   * They are not held any more.
   *
   * @param cut whether this member is cut off
   * @return whether one of them was held, so that there is something to {@link #write}
   */
  boolean lose(IntSet segments, boolean cut) {
    boolean lost = false;
    for (PrimitiveIterator.OfInt each = segments.iterator(); each.hasNext(); ) {
      int segment = each.nextInt();
      if (held.get(segment)) {
        held.clear(segment);
        boolean settled = oldest[segment] == present[segment];
        present[segment]++;
        if (settled && !cut) {
          oldest[segment] = present[segment];
        }
        lost = true;
      }
    }
    return lost;
  }

  /**
   * All that is confirmed is where it belongs: nothing of a former tenure is needed any more.
   *
   * @return whether there is something to {@link #write}
   */
  boolean settle() {
    boolean changed = !Arrays.equals(oldest, present);
    System.arraycopy(present, 0, oldest, 0, present.length);
    return changed;
  }

  /** All that was written is about to go; what is held stays so. */
  void restart() {
    for (int segment = 0; segment < present.length; segment++) {
      present[segment]++;
    }
    var unused = settle();
  }

  void write() throws IOException {
    ByteBuffer out = ByteBuffer.allocate(1 + 2 * Integer.BYTES * present.length).put(FORMAT);
    for (int segment = 0; segment < present.length; segment++) {
      out.putInt(present[segment]).putInt(oldest[segment]);
    }
    Files.createDirectories(file.getParent());
    SmallFile.write(file, out.array());
  }
}

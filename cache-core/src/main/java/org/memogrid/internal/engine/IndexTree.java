/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One segment of the file store's index, as the store leaves it when it stops: a tree that leads
 * from a key to the place of its last record. Made at once from all that is in it, so each node is
 * written once; the store itself writes a node anew for each key that it adds to it.
 *
 * <pre>
 * file      magic (4), number of segments (4), place of the root (8), its length (2),
 *           end of the nodes (8), nothing (8), nodes, number of free blocks: 0 (4)
 * node      prefix length (2), prefix, kind (1), number of separators (2),
 *           [length (2), what follows the prefix], references: one more than separators
 * leaf      file (4), place (4), number of records (4)
 * inner     place of the node (8), its length (2)
 * </pre>
 *
 * A separator is greater than all keys before it, and at most the first one behind it. Keys are in
 * the order of signed bytes.
 */
final class IndexTree {
  private static final int MAGIC = 0x512ACEF2;
  private static final int HEAD = 34;
  private static final int NODE_HEAD = 5;
  private static final byte LEAVES = 1;
  private static final byte NODES = 2;
  private static final int LEAF = 12;
  private static final int INNER = 10;

  private final ByteArrayOutputStream nodes = new ByteArrayOutputStream();

  /** How long a node is made, so that one more key does not split it. */
  private final int room;

  private IndexTree(int longestNode) {
    this.room = longestNode / 3 * 2;
  }

  /** Where the last record of a key is. */
  static final class Leaf {
    private final byte[] key;
    private final int file;
    private final int offset;
    private final int records;

    /**
     * A key of the tree.
     *
     * @param offset its place in the file, or the complement of it if it is a removal
     * @param records how many records of the key there are in all files
     */
    Leaf(byte[] key, int file, int offset, int records) {
      this.key = key;
      this.file = file;
      this.offset = offset;
      this.records = records;
    }

    boolean isThere() {
      return offset >= 0;
    }

    private byte[] reference() {
      return ByteBuffer.allocate(LEAF).putInt(file).putInt(offset).putInt(records).array();
    }
  }

  /** A part of a node. */
  private static final class Child {
    /** Between this and the one before it; empty for the first of all. */
    final byte[] separator;

    final byte[] reference;

    Child(byte[] separator, byte[] reference) {
      this.separator = separator;
      this.reference = reference;
    }
  }

  /**
   * The file of a segment.
   *
   * @param leaves at least one, each key once, in order
   * @param segments how many the index has
   * @param longestNode how long the store lets a node become
   */
  static byte[] of(List<Leaf> leaves, int segments, int longestNode) {
    IndexTree tree = new IndexTree(longestNode);
    List<Child> level = new ArrayList<>(leaves.size());
    byte[] before = null;
    for (Leaf leaf : leaves) {
      level.add(
          new Child(before == null ? new byte[0] : between(before, leaf.key), leaf.reference()));
      before = leaf.key;
    }
    level = tree.level(level, LEAVES);
    while (level.size() > 1) {
      level = tree.level(level, NODES);
    }
    byte[] root = level.get(0).reference;
    byte[] nodes = tree.nodes.toByteArray();
    return ByteBuffer.allocate(HEAD + nodes.length + Integer.BYTES)
        .putInt(MAGIC)
        .putInt(segments)
        .put(root)
        .putLong((long) HEAD + nodes.length)
        .position(HEAD)
        .put(nodes)
        .array();
  }

  private static byte[] between(byte[] before, byte[] key) {
    return Arrays.copyOf(key, Arrays.mismatch(before, key) + 1);
  }

  /** Writes nodes of all these, and returns references to them. */
  private List<Child> level(List<Child> children, byte kind) {
    List<Child> above = new ArrayList<>();
    for (int from = 0; from < children.size(); ) {
      int to = endOfNode(children, from);
      if (to == children.size() - 1 && to - from > 2) {
        to--; // nobody is left alone
      }
      above.add(write(children.subList(from, to), kind));
      from = to;
    }
    return above;
  }

  /** At least two belong to a node, if there are as many: each level is shorter then. */
  private int endOfNode(List<Child> children, int from) {
    int reference = children.get(from).reference.length;
    int separators = 0;
    int to = from + 1;
    while (to < children.size()) {
      separators += children.get(to).separator.length;
      int count = to - from;
      int prefix = prefixOf(children.get(from + 1), children.get(to));
      int length = NODE_HEAD + prefix + separators + count * (2 - prefix) + (count + 1) * reference;
      if (count > 1 && length > room) {
        break;
      }
      to++;
    }
    return to;
  }

  /** What two separators begin with, and so all between them. */
  private static int prefixOf(Child first, Child last) {
    int mismatch = Arrays.mismatch(first.separator, last.separator);
    return mismatch < 0 ? first.separator.length : mismatch;
  }

  private Child write(List<Child> children, byte kind) {
    int separators = children.size() - 1;
    int prefix = separators == 0 ? 0 : prefixOf(children.get(1), children.get(separators));
    int length = NODE_HEAD + prefix;
    for (int i = 0; i <= separators; i++) {
      Child child = children.get(i);
      length += child.reference.length + (i == 0 ? 0 : 2 + child.separator.length - prefix);
    }
    ByteBuffer node = ByteBuffer.allocate(length).putShort((short) prefix);
    if (prefix > 0) {
      node.put(children.get(1).separator, 0, prefix);
    }
    node.put(kind).putShort((short) separators);
    for (Child child : children.subList(1, children.size())) {
      int rest = child.separator.length - prefix;
      node.putShort((short) rest).put(child.separator, prefix, rest);
    }
    children.forEach(child -> node.put(child.reference));
    long place = (long) HEAD + nodes.size();
    nodes.writeBytes(node.array());
    return new Child(
        children.get(0).separator,
        ByteBuffer.allocate(INNER).putLong(place).putShort((short) length).array());
  }
}

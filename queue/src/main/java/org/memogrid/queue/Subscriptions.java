/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which durable subscriptions a topic has: one entry. Immutable.
 *
 * <p>Invariant: a name is in one of the two at most. What is published goes to those of {@code
 * names} alone; who subscribes by a name that is in {@code leaving} first has its queue emptied.
 *
 * @param place where they are, if not in this entry: in the memory that all members share, of a
 *     topic that is kept on disk
 * @param names those that there are, oldest first
 * @param leaving those that are being removed, each with the id of the member that does it; {@link
 *     #NOBODY} if it failed
 */
record Subscriptions(@Nullable String place, List<String> names, Map<String, String> leaving) {
  static final Subscriptions NONE = new Subscriptions(null, List.of(), Map.of());
  static final String NOBODY = "";

  private static final int VERSION = 1;

  Subscriptions {
    names = List.copyOf(names);
    leaving = Map.copyOf(leaving);
  }

  /** They are elsewhere. */
  static Subscriptions at(String place) {
    return new Subscriptions(place, List.of(), Map.of());
  }

  boolean isEmpty() {
    return place == null && names.isEmpty() && leaving.isEmpty();
  }

  /** Itself if it has that one. */
  Subscriptions with(String name) {
    if (names.contains(name)) {
      return this;
    }
    List<String> more = new ArrayList<>(names);
    more.add(name);
    return new Subscriptions(place, more, leaving);
  }

  /** A member removes that one, whether there is one or not. */
  Subscriptions leaving(String name, String member) {
    List<String> fewer = new ArrayList<>(names);
    fewer.removeIf(name::equals);
    Map<String, String> more = new LinkedHashMap<>(leaving);
    more.put(name, member);
    return new Subscriptions(place, fewer, more);
  }

  /** It is removed. */
  Subscriptions without(String name) {
    Map<String, String> fewer = new LinkedHashMap<>(leaving);
    fewer.remove(name);
    return new Subscriptions(place, names, fewer);
  }

  // ---- how it is written

  byte[] write() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    Fields.Out fields = new Fields.Out(out);
    try {
      out.writeByte(VERSION);
      fields.textOrNull(place);
      fields.list(names, fields::text);
      fields.list(
          List.copyOf(leaving.entrySet()),
          each -> {
            fields.text(each.getKey());
            fields.text(each.getValue());
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not in memory
    }
    return bytes.toByteArray();
  }

  /**
   * @throws UncheckedIOException if it is of another version
   */
  static Subscriptions read(byte[] bytes) {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    Fields.In fields = new Fields.In(in);
    try {
      int version = in.readByte();
      if (version != VERSION) {
        throw Fields.unknown("a list of a topic's durable subscriptions", version);
      }
      String place = fields.textOrNull();
      List<String> names = fields.list(fields::text);
      Map<String, String> leaving = new LinkedHashMap<>();
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        leaving.put(fields.text(), fields.text());
      }
      return new Subscriptions(place, names, leaving);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

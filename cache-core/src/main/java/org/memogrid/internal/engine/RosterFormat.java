/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.memogrid.internal.recovery.Announcement;
import org.memogrid.internal.recovery.Epoch;
import org.memogrid.internal.recovery.Holding;
import org.memogrid.internal.recovery.Roster;

/**
 * Rosters and announcements as bytes. Holdings name a few members again and again, so names stand
 * once, in a table before them.
 */
final class RosterFormat {
  private RosterFormat() {}

  static void write(Roster roster, DataOutput out) throws IOException {
    Map<String, Integer> places = new LinkedHashMap<>();
    for (Holding each : roster.segments()) {
      each.owners().forEach(owner -> places.putIfAbsent(owner, places.size()));
      each.witnesses().forEach(witness -> places.putIfAbsent(witness, places.size()));
    }
    out.writeUTF(roster.lineage());
    writeNames(places.keySet(), out);
    out.writeInt(roster.segments().size());
    for (Holding each : roster.segments()) {
      out.writeLong(each.at().generation());
      out.writeInt(each.at().topology());
      writePlaces(each.owners(), places, out);
      writePlaces(each.witnesses(), places, out);
    }
  }

  static Roster readRoster(DataInput in) throws IOException {
    String lineage = in.readUTF();
    List<String> names = readNames(in);
    int segments = in.readInt();
    List<Holding> holdings = new ArrayList<>();
    for (int i = 0; i < segments; i++) {
      Epoch at = new Epoch(in.readLong(), in.readInt());
      holdings.add(new Holding(at, readPlaces(names, in), readPlaces(names, in)));
    }
    return new Roster(lineage, holdings);
  }

  static void write(Announcement announcement, DataOutput out) throws IOException {
    out.writeUTF(announcement.life());
    writeNames(announcement.lives(), out);
    out.writeLong(announcement.generation());
    out.writeBoolean(announcement.holds());
    write(announcement.roster(), out);
    writeNames(announcement.waived(), out);
  }

  static Announcement readAnnouncement(DataInput in) throws IOException {
    return new Announcement(
        in.readUTF(),
        Set.copyOf(readNames(in)),
        in.readLong(),
        in.readBoolean(),
        readRoster(in),
        new TreeSet<>(readNames(in)));
  }

  static void write(Map<String, String> names, DataOutput out) throws IOException {
    out.writeInt(names.size());
    for (Map.Entry<String, String> each : names.entrySet()) {
      out.writeUTF(each.getKey());
      out.writeUTF(each.getValue());
    }
  }

  static Map<String, String> readMap(DataInput in) throws IOException {
    int size = in.readInt();
    Map<String, String> names = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      names.put(in.readUTF(), in.readUTF());
    }
    return names;
  }

  private static void writeNames(Collection<String> names, DataOutput out) throws IOException {
    out.writeInt(names.size());
    for (String each : names) {
      out.writeUTF(each);
    }
  }

  private static List<String> readNames(DataInput in) throws IOException {
    int size = in.readInt();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      names.add(in.readUTF());
    }
    return names;
  }

  private static void writePlaces(List<String> names, Map<String, Integer> places, DataOutput out)
      throws IOException {
    out.writeShort(names.size());
    for (String each : names) {
      out.writeShort(places.getOrDefault(each, 0));
    }
  }

  private static List<String> readPlaces(List<String> names, DataInput in) throws IOException {
    int size = in.readUnsignedShort();
    List<String> read = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      read.add(names.get(in.readUnsignedShort()));
    }
    return read;
  }
}

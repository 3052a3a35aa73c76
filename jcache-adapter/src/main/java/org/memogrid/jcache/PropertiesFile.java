/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.io.BufferedReader;
import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;
import java.util.Properties;
import javax.cache.CacheException;
import org.jspecify.annotations.Nullable;

/** Reads a manager's properties, with the lines that the JDK's reader does not tell. */
final class PropertiesFile {
  private static final String CACHES = "caches.";

  private PropertiesFile() {}

  static void read(Reader reader, ManagerFile.Collected into) throws IOException {
    Lines lines = new Lines(reader);
    try {
      new Telling(into, lines).load(lines);
    } catch (IllegalArgumentException e) {
      throw new CacheException(into.at(lines.current()) + ": " + e.getMessage(), e);
    }
  }

  private static void take(String key, String value, int line, ManagerFile.Collected into) {
    if (!key.startsWith(CACHES)) {
      into.own(key, value.strip(), line);
      return;
    }
    int dot = key.lastIndexOf('.');
    if (dot < CACHES.length()) {
      throw new CacheException(
          into.at(line) + ": " + key + ": give caches.NAME.SETTING, such as caches.prices.mode");
    }
    into.cache(key.substring(CACHES.length(), dot), key.substring(dot + 1), value.strip(), line);
  }

  /** Hands on each property as it is read. */
  private static final class Telling extends Properties {
    private static final long serialVersionUID = 1L;

    private final transient ManagerFile.Collected into;
    private final transient Lines lines;

    Telling(ManagerFile.Collected into, Lines lines) {
      this.into = into;
      this.lines = lines;
    }

    @Override
    public synchronized @Nullable Object put(Object key, Object value) {
      take((String) key, (String) value, lines.current(), into);
      return null;
    }
  }

  /** Gives one line at a time, so that it knows which one its reader is at. */
  private static final class Lines extends FilterReader {
    private int count;
    private String line = "";
    private int at;

    private boolean ended;

    Lines(Reader in) {
      super(new BufferedReader(in));
    }

    /** Of what was read last: at a line's end the JDK asks for the next before it is done. */
    int current() {
      return ended ? count : count - 1;
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
      if (at == line.length()) {
        String next = ((BufferedReader) in).readLine();
        if (next == null) {
          ended = true;
          return -1;
        }
        line = next + '\n';
        at = 0;
        count++;
      }
      int given = Math.min(length, line.length() - at);
      line.getChars(at, at + given, buffer, offset);
      at += given;
      return given;
    }
  }
}

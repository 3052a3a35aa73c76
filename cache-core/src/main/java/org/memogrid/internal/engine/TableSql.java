/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a database says what is done with a table of entries. Tried with H2 and PostgreSQL; others
 * get what the standard has.
 *
 * <p>A row: the hash of the encoded key, the segment, when it ends (milliseconds since the epoch),
 * the key, the entry.
 */
final class TableSql {
  private static final String COLUMNS = "id, segment, ends, entry_key, entry";

  private final String table;
  private final String binary;
  private final @Nullable String upsert;

  private TableSql(String table, String binary, @Nullable String upsert) {
    this.table = table;
    this.binary = binary;
    this.upsert = upsert;
  }

  static TableSql of(Connection connection, String table) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName().toLowerCase(Locale.ROOT);
    String insert = "INSERT INTO " + table + " (" + COLUMNS + ") VALUES (?, ?, ?, ?, ?)";
    if (product.startsWith("postgresql")) {
      return new TableSql(
          table,
          "BYTEA",
          insert
              + " ON CONFLICT (id) DO UPDATE SET segment = EXCLUDED.segment, ends = EXCLUDED.ends,"
              + " entry_key = EXCLUDED.entry_key, entry = EXCLUDED.entry");
    }
    if (product.equals("h2")) {
      return new TableSql(
          table,
          "BINARY LARGE OBJECT",
          "MERGE INTO " + table + " (" + COLUMNS + ") KEY (id) VALUES (?, ?, ?, ?, ?)");
    }
    if (product.startsWith("mysql") || product.startsWith("mariadb")) {
      return new TableSql(
          table,
          "LONGBLOB",
          insert
              + " ON DUPLICATE KEY UPDATE segment = VALUES(segment), ends = VALUES(ends),"
              + " entry_key = VALUES(entry_key), entry = VALUES(entry)");
    }
    boolean microsoft = product.startsWith("microsoft");
    return new TableSql(table, microsoft ? "VARBINARY(MAX)" : "BLOB", null);
  }

  String create() {
    return "CREATE TABLE "
        + table
        + " (id VARCHAR(64) NOT NULL PRIMARY KEY, segment INTEGER NOT NULL, ends BIGINT NOT NULL,"
        + " entry_key "
        + binary
        + " NOT NULL, entry "
        + binary
        + " NOT NULL)";
  }

  /** Writes a row whether there is one of its id or not; null where two statements are needed. */
  @Nullable String upsert() {
    return upsert;
  }

  /** Its first four values are the others of the row, the last is the id. */
  String update() {
    return "UPDATE " + table + " SET segment = ?, ends = ?, entry_key = ?, entry = ? WHERE id = ?";
  }

  /** The same, and its very last value is when the row ended that it replaces. */
  String replace() {
    return update() + " AND ends = ?";
  }

  String insert() {
    return "INSERT INTO " + table + " (" + COLUMNS + ") VALUES (?, ?, ?, ?, ?)";
  }

  String load() {
    return "SELECT segment, ends, entry_key, entry FROM " + table + " WHERE id = ?";
  }

  /**
   * All rows that have not ended, of some segments.
   *
   * @param segments separated by commas; null for all
   */
  String scan(@Nullable String segments) {
    return "SELECT segment, ends, entry_key, entry FROM " + table + " WHERE " + living(segments);
  }

  String count(@Nullable String segments) {
    return "SELECT COUNT(*) FROM " + table + " WHERE " + living(segments);
  }

  private static String living(@Nullable String segments) {
    return "ends > ? AND " + (segments == null ? "segment >= 0" : "segment IN (" + segments + ")");
  }

  String anyRow() {
    return "SELECT id FROM " + table;
  }

  String delete() {
    return "DELETE FROM " + table + " WHERE id = ?";
  }

  String deleteEnded() {
    return delete() + " AND ends <= ?";
  }

  String purge() {
    return "DELETE FROM " + table + " WHERE ends <= ? AND segment >= 0";
  }

  String clear() {
    return "DELETE FROM " + table + " WHERE segment >= 0";
  }

  String drop() {
    return "DROP TABLE " + table;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which memos the cluster has and with which options, in a store that every member holds. A
 * definition stays as long as the cluster does. Thread-safe; all methods block.
 */
final class Definitions {
  static final String TRACKS = "trackDependencies";
  static final String SIZE = "maximumSize";
  static final String PERSIST = "persist";

  private static final String STORE = MemoId.RESERVED + "memos";
  private static final Logger LOG = LoggerFactory.getLogger(Definitions.class);
  private static final Pattern MODE = Pattern.compile("mode=(\\w+)");
  private static final Pattern MAXIMUM = Pattern.compile(SIZE + "=(\\d+)");
  private static final Pattern PERSISTED =
      Pattern.compile("^(.*?) " + PERSIST + "=(?:file:(.*)|table (\\S+) of (.*))$", Pattern.DOTALL);

  private final Node node;
  private final Versions versions = new Versions();

  Definitions(Node node) {
    this.node = node;
  }

  private Store store() {
    return node.store(STORE, CacheOptions.of(Mode.REPLICATED));
  }

  /**
   * Notes the options of a memo, unless others are there. Returns what it noted, null if they were
   * noted before.
   *
   * @throws IllegalStateException naming both
   */
  @Nullable Envelope agree(MemoId id, String options) {
    Envelope mine = Envelope.ofBytes(versions.next(), node.codec().encode(options));
    Envelope there = store().putIfAbsent(key(id), mine);
    String others = there == null ? options : (String) there.value(node.codec());
    if (!others.equals(options)) {
      throw new IllegalStateException(
          id
              + " has other options in this cluster: there "
              + others
              + ", here "
              + options
              + ": give the same on all members, or another version or name");
    }
    return there == null ? mine : null;
  }

  /** The memo could not be opened: what was noted for it must not bind others. */
  void takeBack(MemoId id, @Nullable Envelope mine) {
    try {
      if (mine != null) {
        var unused = store().remove(key(id), mine);
      }
    } catch (RuntimeException e) {
      LOG.warn("{}: its options stay noted, though it could not be opened", id, e);
    }
  }

  /** The options of the memo's own store. */
  CacheOptions storeOf(MemoId id) {
    Envelope there = store().get(key(id));
    return there == null
        ? CacheOptions.of(id.mode())
        : storeOf(id.mode(), (String) there.value(node.codec()));
  }

  /** The same of what {@link Plan#shared} says, on a member that may have no plan. */
  static CacheOptions storeOf(Mode mode, String options) {
    CacheOptions plain = CacheOptions.of(mode);
    Matcher persisted = PERSISTED.matcher(options);
    boolean isPersisted = persisted.find();
    Matcher size = MAXIMUM.matcher(isPersisted ? persisted.group(1) : options);
    CacheOptions sized = size.find() ? plain.maxEntries(Long.parseLong(size.group(1))) : plain;
    return isPersisted ? sized.persist(persist(persisted)) : sized;
  }

  private static Persist persist(Matcher persisted) {
    String directory = persisted.group(2);
    return directory == null
        ? Persist.jdbc(persisted.group(4), persisted.group(3))
        : Persist.file(Path.of(directory));
  }

  /** The memos whose results may depend on those of others. */
  List<MemoId> tracking() {
    List<MemoId> ids = new ArrayList<>();
    try (Stream<Map.Entry<Object, Envelope>> all = store().entries()) {
      all.forEach(
          entry -> {
            MemoId id = tracking((String) entry.getKey(), entry.getValue());
            if (id != null) {
              ids.add(id);
            }
          });
    }
    return ids;
  }

  private @Nullable MemoId tracking(String key, Envelope definition) {
    String options = (String) definition.value(node.codec());
    Matcher mode = MODE.matcher(options);
    if (!options.contains(TRACKS) || !mode.find()) {
      return null;
    }
    int name = key.indexOf('\n') + 1;
    int version = name + Integer.parseInt(key.substring(0, name - 1));
    return new MemoId(
        key.substring(name, version), key.substring(version), Mode.valueOf(mode.group(1)));
  }

  /** Unlike for unlike names and versions, whatever is in them. */
  private static String key(MemoId id) {
    return id.name().length() + "\n" + id.name() + id.version();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Map;
import javax.sql.DataSource;
import org.memogrid.cache.Persist;

/**
 * What this member gave a name, by which the options of a cache speak of it on all members.
 *
 * @param dataSources databases
 * @param sources loaders and their writers
 */
public record Resources(Map<String, DataSource> dataSources, Map<String, Persist> sources) {
  public static final Resources NONE = new Resources(Map.of(), Map.of());

  public Resources {
    dataSources = Map.copyOf(dataSources);
    sources = Map.copyOf(sources);
  }
}

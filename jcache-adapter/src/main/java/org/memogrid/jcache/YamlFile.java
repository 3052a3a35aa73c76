/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.io.Reader;
import java.util.Optional;
import javax.cache.CacheException;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads a manager's YAML, as text with lines: what a value means is not YAML's to say. */
final class YamlFile {
  private YamlFile() {}

  static void read(Reader reader, ManagerFile.Collected into) {
    try {
      Optional<Node> root =
          new Compose(LoadSettings.builder().setUseMarks(true).build()).composeReader(reader);
      if (root.isPresent() && !isEmpty(root.get())) {
        top(mapping(root.get(), "the file", into), into);
      }
    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().map(Mark::getLine).orElse(0) + 1;
      throw new CacheException(into.at(line) + ": this is no YAML: " + e.getProblem(), e);
    }
  }

  private static void top(MappingNode top, ManagerFile.Collected into) {
    for (NodeTuple tuple : top.getValue()) {
      String key = text(tuple.getKeyNode(), "a key", into);
      if (!key.equals("caches")) {
        into.own(key, text(tuple.getValueNode(), key, into), line(tuple.getKeyNode()));
      } else if (!isEmpty(tuple.getValueNode())) {
        caches(mapping(tuple.getValueNode(), key, into), into);
      }
    }
  }

  private static void caches(MappingNode caches, ManagerFile.Collected into) {
    for (NodeTuple tuple : caches.getValue()) {
      String name = text(tuple.getKeyNode(), "a cache's name", into);
      var unused = into.settings(name);
      if (isEmpty(tuple.getValueNode())) {
        continue;
      }
      for (NodeTuple setting : mapping(tuple.getValueNode(), name, into).getValue()) {
        String key = text(setting.getKeyNode(), "a setting's key", into);
        into.cache(name, key, text(setting.getValueNode(), key, into), line(setting.getKeyNode()));
      }
    }
  }

  private static boolean isEmpty(Node node) {
    return node.getTag().equals(Tag.NULL);
  }

  private static MappingNode mapping(Node node, String what, ManagerFile.Collected into) {
    if (node instanceof MappingNode mapping) {
      return mapping;
    }
    throw new CacheException(into.at(line(node)) + ": " + what + " must hold key: value lines");
  }

  private static String text(Node node, String what, ManagerFile.Collected into) {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw new CacheException(into.at(line(node)) + ": " + what + " must be one value");
  }

  private static int line(Node node) {
    return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
  }
}

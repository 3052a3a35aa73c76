/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The names by which pipelines are told apart on a cluster that they share. */
class DefinitionTest {
  @Test
  void aSlashInANameMakesTwoPipelinesShareNoResult() {
    List<String> keys =
        Stream.of(
                Definition.key("a", "b/c"),
                Definition.key("a/b", "c"),
                Definition.key("a%2Fb", "c"),
                Definition.key("a%252Fb", "c"))
            .toList();
    assertThat(keys).doesNotHaveDuplicates();
  }
}

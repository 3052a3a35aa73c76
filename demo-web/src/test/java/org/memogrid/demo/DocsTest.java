/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages say what is compiled and run, and link to what exists. */
class DocsTest {
  private static final Path ROOT = Path.of("..");

  /** The tests that have the examples; what needs a container or a database is where that is. */
  private static final List<Path> SNIPPETS =
      List.of(
          Path.of("src/test/java/org/memogrid/demo/SnippetsTest.java"),
          ROOT.resolve("cdi/src/test/java/org/memogrid/cdi/InjectionTest.java"),
          ROOT.resolve("examples/src/test/java/org/memogrid/examples/BankTest.java"),
          ROOT.resolve("examples/src/test/java/org/memogrid/examples/PricesTest.java"));

  private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]+)(#[^)]*)?\\)");

  static Stream<Path> pages() throws IOException {
    try (Stream<Path> root = Files.list(ROOT);
        Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(root, docs)
          .filter(page -> page.toString().endsWith(".md"))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyJavaExampleIsInTheSnippets(Path page) throws IOException {
    StringBuilder snippets = new StringBuilder();
    for (Path each : SNIPPETS) {
      snippets.append(squeezed(Files.readString(each)));
    }
    assertThat(matches(JAVA, page))
        .allSatisfy(block -> assertThat(snippets).contains(squeezed(block)));
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyLinkInsideTheRepositoryLeadsSomewhere(Path page) throws IOException {
    assertThat(matches(LINK, page))
        .filteredOn(link -> !link.startsWith("http"))
        .allSatisfy(link -> assertThat(page.resolveSibling(link)).exists());
  }

  @Test
  void theReadmeHasExamples() throws IOException {
    assertThat(matches(JAVA, ROOT.resolve("README.md"))).isNotEmpty();
  }

  private static List<String> matches(Pattern pattern, Path page) throws IOException {
    return pattern
        .matcher(Files.readString(page))
        .results()
        .map((MatchResult found) -> found.group(1))
        .toList();
  }

  /** How a line is broken and indented is the formatter's affair. */
  private static String squeezed(String text) {
    return text.replaceAll("\\s+", "");
  }
}

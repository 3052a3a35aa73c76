/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** docs/guarantees.md promises what is tested, and all of the contract that is tested. */
class GuaranteesTest {
  private static final Path PAGE = Path.of("..", "docs", "guarantees.md");
  private static final Pattern LINK =
      Pattern.compile(
          "\\[`(\\w+)#(\\w+)`\\]\\((\\.\\./[\\w-]+/src/test/java/[\\w/]+/\\1\\.java)\\)");
  private static final Pattern TEST =
      Pattern.compile(
          "@(?:Test|ParameterizedTest|TestFactory)\\b(?:\\([^()]*\\)|[^{}])*?\\bvoid (\\w+)\\(");

  @Test
  void eachLineNamesATestThatExists() throws IOException {
    List<String> errors = new ArrayList<>();
    List<String> lines = promises();
    for (String line : lines) {
      Matcher link = LINK.matcher(line);
      if (!link.find()) {
        errors.add("no test: " + line);
      } else {
        do {
          Path file = PAGE.resolveSibling(link.group(3));
          if (!Files.exists(file)) {
            errors.add("no such file: " + link.group());
          } else if (!isTest(file, link.group(1), link.group(2))) {
            errors.add("no such test: " + link.group());
          }
        } while (link.find());
      }
    }
    assertThat(errors).isEmpty();
    assertThat(lines).hasSizeGreaterThan(25);
  }

  @Test
  void eachTestOfTheContractHasALine() throws IOException {
    String page = Files.readString(PAGE);
    Set<String> untold = new TreeSet<>();
    for (Method method : CacheContractTest.class.getMethods()) {
      String name = method.getDeclaringClass().getSimpleName() + "#" + method.getName();
      if (AnnotationSupport.isAnnotated(method, Testable.class) && !page.contains(name)) {
        untold.add(name);
      }
    }
    assertThat(untold).isEmpty();
  }

  /** The rows of the page's tables, without their heads. */
  private static List<String> promises() throws IOException {
    try (Stream<String> lines = Files.lines(PAGE)) {
      return lines
          .filter(line -> line.startsWith("| "))
          .filter(line -> !line.startsWith("| Guarantee"))
          .collect(Collectors.toList());
    }
  }

  /**
   * By the class where it is on the class path, which knows inherited tests, else by the source.
   */
  private static boolean isTest(Path file, String type, String name) throws IOException {
    if (!file.toString().contains("/modes-tests/")) {
      return TEST.matcher(Files.readString(file)).results().anyMatch(t -> t.group(1).equals(name));
    }
    try {
      return Arrays.stream(Class.forName("org.memogrid.modes." + type).getDeclaredMethods())
          .filter(method -> method.getName().equals(name))
          .anyMatch(method -> AnnotationSupport.isAnnotated(method, Testable.class));
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}

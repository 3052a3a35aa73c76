/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsr107.tck.CachingTest;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * What came of one run of the JSR's tests, all of them but those of the annotations, in the JVM
 * that calls {@link #here()}.
 *
 * @param tests how many ended
 * @param failed the tests that failed, with the reason
 * @param excluded the tests that the JSR's harness left out, which it counts as passed
 */
record TckRun(int tests, TreeMap<String, String> failed, TreeSet<String> excluded)
    implements Serializable {
  private static final Pattern EXCLUSION = Pattern.compile("EXCLUDING TEST '(.+)'\\s+'(.+)'");

  static TckRun here() {
    Exclusions exclusions = new Exclusions();
    Logger.getLogger("").addHandler(exclusions);
    Results results = new Results();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(
                    DiscoverySelectors.selectClasspathRoots(Set.of(jarOf(CachingTest.class))))
                .filters(
                    ClassNameFilter.includeClassNamePatterns(".*Test"),
                    ClassNameFilter.excludeClassNamePatterns(".*\\.annotation\\..*"))
                .build(),
            results);
    return new TckRun(results.tests, results.failed, exclusions.found);
  }

  private static Path jarOf(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    URL jar = source.getLocation();
    try {
      return Path.of(jar.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the JSR's tests are at no path: " + jar, e);
    }
  }

  /** Told by one thread, the one that runs the tests. */
  private static final class Results implements TestExecutionListener {
    private final TreeMap<String, String> failed = new TreeMap<>();
    private int tests;

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isTest()) {
        tests++;
      }
      if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
        StringWriter reason = new StringWriter();
        result.getThrowable().ifPresent(e -> e.printStackTrace(new PrintWriter(reason)));
        failed.put(test.getUniqueId(), reason.toString());
      }
    }
  }

  /** Hears of the tests that the harness leaves out. */
  private static final class Exclusions extends Handler {
    private final TreeSet<String> found = new TreeSet<>();

    @Override
    public synchronized void publish(LogRecord message) {
      Matcher exclusion = EXCLUSION.matcher(String.valueOf(message.getMessage()));
      if (exclusion.find()) {
        found.add(exclusion.group(1) + "#" + exclusion.group(2));
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}

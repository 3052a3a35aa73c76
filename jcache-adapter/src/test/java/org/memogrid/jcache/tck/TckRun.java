/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsr107.tck.CachingTest;
import org.jsr107.tck.annotation.InterceptionCacheNameOnEachMethodTest;
import org.jsr107.tck.annotation.InterceptionUsingCacheConfigTest;
import org.jsr107.tck.annotation.InterceptionUsingDefaultCacheNameTest;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * What came of one run of the JSR's tests in the JVM that asks for it.
 *
 * @param tests how many ended
 * @param failed the tests that failed, with the reason
 * @param excluded the tests that the JSR's harness left out, which it counts as passed
 */
public record TckRun(int tests, TreeMap<String, String> failed, TreeSet<String> excluded)
    implements Serializable {
  private static final Pattern EXCLUSION = Pattern.compile("EXCLUDING TEST '(.+)'\\s+'(.+)'");

  /** How many tests of the annotations the release has. */
  public static final int ANNOTATION_TESTS = 12;

  /** Runs all but those of the annotations, which need a container. */
  static TckRun here() {
    return of(
        DiscoverySelectors.selectClasspathRoots(Set.of(jarOf(CachingTest.class))),
        ClassNameFilter.excludeClassNamePatterns(".*\\.annotation\\..*"));
  }

  /** Runs those of the annotations, in the container that a {@code BeanProvider} has. */
  public static TckRun annotations() {
    return of(
        List.of(
            DiscoverySelectors.selectClass(InterceptionCacheNameOnEachMethodTest.class),
            DiscoverySelectors.selectClass(InterceptionUsingCacheConfigTest.class),
            DiscoverySelectors.selectClass(InterceptionUsingDefaultCacheNameTest.class)),
        ClassNameFilter.includeClassNamePatterns(".*"));
  }

  private static TckRun of(List<? extends DiscoverySelector> which, ClassNameFilter filter) {
    Exclusions exclusions = new Exclusions();
    Logger log = Logger.getLogger("");
    log.addHandler(exclusions);
    Results results = new Results();
    try {
      LauncherFactory.create()
          .execute(
              LauncherDiscoveryRequestBuilder.request()
                  .selectors(which)
                  .filters(
                      EngineFilter.includeEngines("junit-vintage"),
                      ClassNameFilter.includeClassNamePatterns(".*Test"),
                      filter)
                  .build(),
              results);
    } finally {
      log.removeHandler(exclusions);
    }
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

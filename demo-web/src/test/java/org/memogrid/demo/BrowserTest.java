/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.testkit.FreePorts;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebDriver;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.support.ui.Wait;
import org.openqa.selenium.support.ui.WebDriverWait;

/**
 * The dashboard of two real nodes in a real browser. Skipped where Debian's chromium and
 * chromium-driver are not installed, except in continuous integration. Keeps screenshots in {@code
 * target/screenshots}.
 */
class BrowserTest {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path profile;

  @Test
  void whatIsComputedOnOnePageArrivesOnTheOtherAndAKilledNodeIsSeenToGoAndToComeBack()
      throws Exception {
    boolean installed = Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
    if ("true".equals(System.getenv("CI"))) {
      assertThat(installed).as("apt-get install chromium chromium-driver was done").isTrue();
    }
    assumeTrue(installed, "no browser: apt-get install chromium chromium-driver");
    try (FreePorts ports = FreePorts.take();
        DemoProcess a = node(ports, 0);
        DemoProcess b = node(ports, 1)) {
      a.awaitMembers(2);
      b.awaitMembers(2);
      ChromeDriver browser = browser();
      try {
        browser.get("http://127.0.0.1:" + (ports.base() + 51) + "/dashboard");
        String other = browser.getWindowHandle();
        until(browser, "members", "node-0", "node-1");
        browser.switchTo().newWindow(WindowType.TAB);
        browser.get("http://127.0.0.1:" + (ports.base() + 50) + "/dashboard");
        String first = browser.getWindowHandle();
        until(browser, "members", "node-0", "node-1");
        WebElement seconds = browser.findElement(By.id("t"));
        seconds.clear();
        seconds.sendKeys("1\n"); // by keyboard alone
        until(browser, "answers", "value=2", "run on this node");
        browser.findElement(By.cssSelector("#ask button")).click();
        until(browser, "answers", "hit");
        browser.findElement(By.cssSelector("#run button")).click();
        until(browser, "reversed", "ham → mah");
        until(browser, "flow", "seq", "reverse", "apply-str", "node-");
        until(browser, "received", "even", "odd");
        untilMatches(browser, "daemon-holder", "node-[01]");
        untilMatches(browser, "daemon-token", "\\d+");
        untilMatches(browser, "daemon-sent", "\\d+");
        untilMatches(browser, "job-holder", "node-[01]");
        untilMatches(browser, "job-token", "\\d+");
        untilMatches(browser, "job-next", "now|in \\d+ s");
        untilFigure(browser, "memo", "runs", "1");
        untilFigure(browser, "memo", "hits", "1");
        untilFigure(browser, "memo", "failures", "0");
        untilFigure(browser, "queue", "in / min", "[1-9]\\d*");
        untilFigure(browser, "queue", "out / min", "[1-9]\\d*");
        until(browser, "keys", "messages", "jobs");
        wait(browser, "not both nodes hold both counters")
            .until(page -> page.findElements(By.cssSelector("#counters tr .owns")).size() == 4);
        assertThat(findings(browser)).as("in the light").isEmpty();
        keep(browser, "dashboard-light", 1280, 1400);
        browser.executeCdpCommand(
            "Emulation.setEmulatedMedia",
            Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
        assertThat(browser.findElement(By.tagName("body")).getCssValue("background-color"))
            .as("dark")
            .isEqualTo("rgba(14, 18, 26, 1)");
        assertThat(findings(browser)).as("in the dark").isEmpty();
        keep(browser, "dashboard-dark", 1280, 1400);
        keep(browser, "dashboard-narrow", 360, 3200);
        assertThat(
                browser.executeScript(
                    "return [window.innerWidth, document.documentElement.scrollWidth]"))
            .as("a phone's width without scrolling sideways")
            .isEqualTo(List.of(360L, 360L));

        browser.switchTo().window(other);
        until(browser, "remembered", "1 → 2");
        a.kill();
        until(browser, "events", "node-0 left");
        wait(browser, "node-0 is still in members")
            .until(page -> !text(page, "members").contains("node-0"));
        until(browser, "daemon-holder", "node-1");
        browser.switchTo().window(first);
        until(browser, "state", "asking again");
        try (DemoProcess again = node(ports, 0)) {
          again.awaitMembers(2);
          until(browser, "state", "live");
          browser.switchTo().window(other);
          until(browser, "events", "node-0 joined");
        }
      } finally {
        browser.quit();
      }
    }
  }

  private ChromeDriver browser() {
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(DRIVER.toFile())
            .withTimeout(PATIENCE)
            .build();
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
        "--user-data-dir=" + profile);
    return new ChromeDriver(service, options);
  }

  private static void until(ChromeDriver browser, String id, String... texts) {
    for (String text : texts) {
      wait(browser, "no '" + text + "' in " + id).until(page -> text(page, id).contains(text));
    }
  }

  private static void untilMatches(ChromeDriver browser, String id, String pattern) {
    wait(browser, "no '" + pattern + "' in " + id).until(page -> text(page, id).matches(pattern));
  }

  /** Of several figures the one of that name. */
  private static void untilFigure(ChromeDriver browser, String id, String name, String pattern) {
    wait(browser, name + " in " + id + " is not " + pattern)
        .until(
            page ->
                page.findElements(By.cssSelector("#" + id + " div")).stream()
                    .filter(div -> div.findElement(By.tagName("dt")).getText().equals(name))
                    .anyMatch(div -> div.findElement(By.tagName("dd")).getText().matches(pattern)));
  }

  /** Waits also where the page takes away what is looked at, which it does once a second. */
  private static Wait<WebDriver> wait(ChromeDriver browser, String message) {
    return new WebDriverWait(browser, PATIENCE)
        .ignoring(StaleElementReferenceException.class)
        .withMessage(message);
  }

  /** Each input without a label, and each text that is hard to read on what is behind it. */
  @SuppressWarnings("unchecked")
  private static List<String> findings(ChromeDriver browser) throws IOException {
    try (InputStream script = BrowserTest.class.getResourceAsStream("findings.js")) {
      return (List<String>)
          requireNonNull(
              browser.executeScript(
                  new String(requireNonNull(script).readAllBytes(), StandardCharsets.UTF_8)));
    }
  }

  /** As it is read, whatever the lines. */
  private static String text(WebDriver page, String id) {
    return page.findElement(By.id(id)).getText().replaceAll("\\s+", " ");
  }

  /** A screenshot of a window of that size, whatever the real one's is. */
  private static void keep(ChromeDriver browser, String name, int width, int height)
      throws IOException {
    browser.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    File shot = browser.getScreenshotAs(OutputType.FILE);
    Path folder = Files.createDirectories(Path.of("target", "screenshots"));
    Files.copy(shot.toPath(), folder.resolve(name + ".png"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static DemoProcess node(FreePorts ports, int number) throws IOException {
    int base = ports.base();
    return DemoProcess.start(
        List.of("-Dmemogrid.demo.pace=10"),
        base + 50 + number,
        "--node-name",
        "node-" + number,
        "--cluster-name",
        "browser-" + base,
        "--cluster-port",
        Integer.toString(base));
  }
}

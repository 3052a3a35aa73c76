/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
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
import org.openqa.selenium.WebDriver;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
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
        until(browser, "daemon-holder", "node-");
        until(browser, "job-holder", "node-");
        until(browser, "keys", "messages", "jobs");
        keep(browser, "dashboard-light", 1280, 1400);
        browser.executeCdpCommand(
            "Emulation.setEmulatedMedia",
            Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
        assertThat(browser.findElement(By.tagName("body")).getCssValue("background-color"))
            .as("dark")
            .isEqualTo("rgba(14, 18, 26, 1)");
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
        assertThat(text(browser, "members")).doesNotContain("node-0");
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
        new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).build();
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
      new WebDriverWait(browser, PATIENCE)
          .withMessage(() -> "no '" + text + "' in " + id)
          .until(page -> text(page, id).contains(text));
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

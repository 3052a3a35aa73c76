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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.testkit.FreePorts;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
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
  void whatIsComputedOnOnePageArrivesOnTheOtherAndAKilledNodeIsSeenToGo() throws Exception {
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
        until(browser, "members", "node-0", "node-1");
        WebElement seconds = browser.findElement(By.id("t"));
        seconds.clear();
        seconds.sendKeys("1\n");
        until(browser, "answers", "value=2", "run on this node");
        browser.findElement(By.cssSelector("#ask button")).click();
        until(browser, "answers", "hit");
        keep(browser, "dashboard-light");
        browser.switchTo().window(other);
        until(browser, "remembered", "1 → 2");
        a.kill();
        until(browser, "events", "node-0 left");
        assertThat(browser.findElement(By.id("members")).getText()).doesNotContain("node-0");
        browser.manage().window().setSize(new Dimension(500, 1600));
        assertThat(
                (Boolean)
                    browser.executeScript(
                        "return document.documentElement.scrollWidth <= window.innerWidth"))
            .as("fits a narrow window")
            .isTrue();
        keep(browser, "dashboard-narrow");
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
          .until(page -> page.findElement(By.id(id)).getText().contains(text));
    }
  }

  private static void keep(ChromeDriver browser, String name) throws IOException {
    File shot = browser.getScreenshotAs(OutputType.FILE);
    Path folder = Files.createDirectories(Path.of("target", "screenshots"));
    Files.copy(shot.toPath(), folder.resolve(name + ".png"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static DemoProcess node(FreePorts ports, int number) throws IOException {
    int base = ports.base();
    return DemoProcess.start(
        base + 50 + number,
        "--node-name",
        "node-" + number,
        "--cluster-name",
        "browser-" + base,
        "--cluster-port",
        Integer.toString(base));
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application over HTTP. A request for {@code /example/} occupies its thread until it is
 * answered.
 */
final class DemoServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(DemoServlet.class);

  private static final int LONGEST_TEXT = 1_000;

  private final transient DemoApp app;

  DemoServlet(DemoApp app) {
    this.app = app;
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    response.setContentType("text/plain; charset=utf-8");
    response.setHeader("Cache-Control", "no-store");
    String path = request.getRequestURI();
    switch (path) {
      case "/count" -> response.getWriter().print(app.count(request.getSession()));
      case "/example", "/example/" -> example(request.getParameter("t"), response);
      case "/reverse" -> reverse(request.getParameter("text"), response);
      default -> response.getWriter().print(app.counters(path));
    }
  }

  private void example(@Nullable String given, HttpServletResponse response) throws IOException {
    Integer t = seconds(given == null ? "1" : given);
    if (t == null) {
      response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
      response
          .getWriter()
          .printf(
              "t is '%s': give whole seconds from 0 to %d, as in /example/?t=5\n",
              given, SlowIncrement.LONGEST_SECONDS);
      return;
    }
    try {
      boolean remembered = app.sleepy.peek(t).isPresent();
      SlowIncrement.forgetRunsOfThisThread();
      int value = app.sleepy.apply(t);
      response.setHeader(
          "Memo", remembered ? "hit" : SlowIncrement.ranInThisThread() ? "run" : "joined");
      response.getWriter().print("value=" + value + "\n");
    } catch (RuntimeException e) {
      log.warn("no value for t={}", t, e);
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
      response.getWriter().print("no value for t=" + t + ": " + e.getMessage() + "\n");
    }
  }

  private void reverse(@Nullable String text, HttpServletResponse response) throws IOException {
    if (text == null || text.length() > LONGEST_TEXT) {
      response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
      response
          .getWriter()
          .printf(
              "text is %s: give up to %d characters, as in /reverse?text=ham\n",
              text == null ? "missing" : "too long", LONGEST_TEXT);
      return;
    }
    try {
      DemoApp.Reversed reversed = app.reverse(text);
      reversed.nodes().forEach((step, node) -> response.setHeader("Step-" + step, node));
      response.getWriter().print(reversed.text() + "\n");
    } catch (Exception e) {
      log.warn("'{}' was not reversed", text, e);
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
      response.getWriter().print("not reversed: " + e.getMessage() + "\n");
    }
  }

  private static @Nullable Integer seconds(String given) {
    try {
      int t = Integer.parseInt(given);
      return t >= 0 && t <= SlowIncrement.LONGEST_SECONDS ? t : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /dashboard}, a page, and {@code /dashboard/events}, which tells it once a second what this
 * node knows. One snapshot serves all pages; a page that is slower than that misses some, and holds
 * nobody up.
 */
final class Dashboard extends Handler.Abstract implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Dashboard.class);

  private final Supplier<String> snapshot;
  private final String page = page();
  private final Set<Reader> readers = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "dashboard");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * @param snapshot JSON; called when somebody looks
   */
  Dashboard(Supplier<String> snapshot) {
    this.snapshot = snapshot;
    var unused = ticker.scheduleWithFixedDelay(this::tell, 1, 1, TimeUnit.SECONDS);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    switch (Request.getPathInContext(request)) {
      case "/dashboard", "/dashboard/" ->
          Health.write(response, callback, HttpStatus.OK_200, "text/html; charset=utf-8", page);
      case "/dashboard/events" -> {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        Reader reader = new Reader(response, callback);
        readers.add(reader);
        ticker.execute(() -> reader.tell(event()));
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Ends the pages' streams; the pages ask again, here or, behind a balancer, elsewhere. */
  @Override
  public void close() {
    ticker.shutdownNow();
    readers.forEach(Reader::end);
  }

  private void tell() {
    if (!readers.isEmpty()) {
      byte[] event = event();
      readers.forEach(reader -> reader.tell(event));
    }
  }

  private byte[] event() {
    try {
      return ("data: " + snapshot.get() + "\n\n").getBytes(StandardCharsets.UTF_8);
    } catch (RuntimeException e) {
      log.debug("no snapshot", e); // the cluster is on its way out, or the next one has it
      return ": nothing to say\n\n".getBytes(StandardCharsets.UTF_8);
    }
  }

  private static String page() {
    try (InputStream page = Dashboard.class.getResourceAsStream("dashboard.html")) {
      if (page == null) {
        throw new IllegalStateException("dashboard.html is not beside " + Dashboard.class);
      }
      return new String(page.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An open page. At most one write is under way; whoever sets {@code busy} may write. */
  private final class Reader {
    private final Response response;
    private final Callback callback;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile boolean ending;

    Reader(Response response, Callback callback) {
      this.response = response;
      this.callback = callback;
    }

    void tell(byte[] event) {
      if (busy.compareAndSet(false, true)) {
        response.write(false, ByteBuffer.wrap(event), Callback.from(this::told, this::gone));
      }
    }

    void end() {
      ending = true;
      endIfIdle();
    }

    private void told() {
      busy.set(false);
      if (ending) {
        endIfIdle();
      }
    }

    private void endIfIdle() {
      if (busy.compareAndSet(false, true)) {
        readers.remove(this);
        callback.succeeded();
      }
    }

    private void gone(Throwable why) {
      readers.remove(this);
      callback.failed(why);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /dashboard}, a page, and {@code /dashboard/events}, which tells it once a second what this
 * node knows. One snapshot serves all pages; a page that is slower than that misses some, and holds
 * nobody up. A new page gets the last one at once.
 *
 * <p>Invariants: snapshots are made and told on the ticker's thread alone, so {@code last} is what
 * all readers were told last. Who adds a reader looks at {@code closed} afterwards, who closes sets
 * it before it looks at the readers: each reader is ended by one of them.
 */
final class Dashboard extends Handler.Abstract implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Dashboard.class);

  /** Older than that, no page was open. */
  private static final Duration FRESH = Duration.ofSeconds(3);

  private final Supplier<String> snapshot;
  private final String page = page();
  private final Set<Reader> readers = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService ticker = DemoThreads.one("dashboard");
  private volatile boolean closed;
  private byte @Nullable [] last; // the ticker's
  private long lastAt;

  /**
   * @param snapshot JSON; called when somebody looks, and must not wait for anybody
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
        if (closed) {
          response.getHeaders().put(HttpHeader.RETRY_AFTER, 1);
          return Health.text(
              response,
              callback,
              HttpStatus.SERVICE_UNAVAILABLE_503,
              "this node stops: ask again, or ask another\n");
        }
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        open(new Reader(response, callback));
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private void open(Reader reader) {
    readers.add(reader);
    try {
      ticker.execute(() -> welcome(reader));
    } catch (RejectedExecutionException e) {
      log.debug("a page came while this node stops", e); // it is ended below
    }
    if (closed) {
      reader.end();
    }
  }

  /** Ends the pages' streams; the pages ask again, here or, behind a balancer, elsewhere. */
  @Override
  public void close() {
    closed = true;
    ticker.shutdownNow();
    readers.forEach(Reader::end);
  }

  /** A page needs no snapshot of its own, unless nobody looked for a while. */
  private void welcome(Reader reader) {
    byte[] event = last;
    if (event != null && System.nanoTime() - lastAt < FRESH.toNanos()) {
      reader.tell(event);
    } else {
      tell();
    }
  }

  private void tell() {
    if (readers.isEmpty()) {
      return;
    }
    try {
      byte[] event = ("data: " + snapshot.get() + "\n\n").getBytes(StandardCharsets.UTF_8);
      last = event;
      lastAt = System.nanoTime();
      readers.forEach(reader -> reader.tell(event));
    } catch (RuntimeException | Error e) { // thrown on, it would end the ticker for good
      log.debug("no snapshot", e); // the cluster is on its way out, or the next one has it
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
    private byte @Nullable [] lastTold; // the ticker's

    Reader(Response response, Callback callback) {
      this.response = response;
      this.callback = callback;
    }

    void tell(byte[] event) {
      if (event != lastTold && busy.compareAndSet(false, true)) {
        lastTold = event;
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

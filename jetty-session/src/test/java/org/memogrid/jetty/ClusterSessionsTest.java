/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.HouseKeeper;
import org.eclipse.jetty.session.NullSessionCacheFactory;
import org.eclipse.jetty.session.SessionHandler;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Store;
import org.memogrid.jetty.WebNode.Visitor;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Sessions over two nodes in this JVM, asked without stickiness, in each mode that shares them. */
@ParameterizedClass
@SuppressWarnings("NullAway.Init") // set before the tests of each mode
@EnumSource(names = {"DISTRIBUTED", "REPLICATED"})
class ClusterSessionsTest {
  private static TestCluster cluster;
  private static WebNode a;
  private static WebNode b;

  private final Visitor visitor = new Visitor();
  private final Mode mode;

  ClusterSessionsTest(Mode mode) {
    this.mode = mode;
  }

  @BeforeParameterizedClassInvocation
  static void start(Mode mode) {
    cluster =
        TestCluster.of(
            2,
            builder ->
                builder.allow(
                    Greeter.class.getName(), Interlude.class.getName(), Magpie.class.getName()));
    a = new WebNode(cluster.node(0), mode);
    b = new WebNode(cluster.node(1), mode);
  }

  @AfterParameterizedClassInvocation
  static void stop() {
    a.close();
    b.close();
    cluster.close();
  }

  @Test
  void aSessionGoesOnWhicheverNodeIsAsked() {
    assertThat(visitor.get(a, "/count")).isEqualTo("1");
    String cookie = visitor.cookie();
    assertThat(visitor.get(b, "/count")).isEqualTo("2");
    assertThat(visitor.get(b, "/count")).isEqualTo("3");
    assertThat(visitor.get(a, "/count")).isEqualTo("4");
    assertThat(visitor.cookie()).as("the id stays").isEqualTo(cookie);
    assertThat(new Visitor().get(b, "/count")).as("another's session").isEqualTo("1");
  }

  @Test
  void whatAResponseFollowsIsSeenByTheNextRequest() {
    for (int i = 1; i <= 200; i++) {
      assertThat(visitor.get(i % 2 == 0 ? a : b, "/count")).isEqualTo(Integer.toString(i));
    }
  }

  @Test
  void anAttributeOffTheAllowListIsRefusedWhereItIsSet() {
    a.page("/off", request -> set(request, "cart", new OffTheList("book")));
    visitor.get(a, "/count");
    HttpResponse<String> response = visitor.response(a, "/off");
    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.body())
        .contains("session attribute cart")
        .contains(OffTheList.class.getName())
        .contains("ClusterBuilder.allow(");
    assertThat(visitor.get(b, "/count")).as("the session is as it was").isEqualTo("2");
  }

  @Test
  void whatIsChangedInPlaceIsKept() {
    a.page("/begin", request -> set(request, "list", new ArrayList<>(List.of("one"))));
    b.page(
        "/add",
        request -> {
          list(request).add("two");
          return "";
        });
    a.page("/list", request -> list(request).toString());
    visitor.get(a, "/begin");
    visitor.get(b, "/add");
    assertThat(visitor.get(a, "/list")).isEqualTo("[one, two]");
  }

  /**
   * Again and again: what is written after the response is mostly there in time, and not always.
   */
  @RepeatedTest(30)
  void requestsShareNoObject() {
    a.page("/mutable", request -> set(request, "list", new ArrayList<String>()));
    CountDownLatch added = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    a.page(
        "/add-and-wait",
        request -> {
          list(request).add("mine");
          added.countDown();
          await(looked);
          return "";
        });
    a.page("/look", request -> list(request).toString());
    visitor.get(a, "/mutable");
    var adding = visitor.ask(a.port(), "/add-and-wait");
    await(added);
    assertThat(visitor.get(a, "/look")).isEqualTo("[]");
    looked.countDown();
    adding.join();
    assertThat(visitor.get(a, "/look")).isEqualTo("[mine]");
  }

  /** The last write per attribute, not per session: neither request undoes the other. */
  @Test
  void requestsThatOverlapOnTwoNodesKeepEachOthersAttributes() {
    CountDownLatch bothIn = new CountDownLatch(2);
    WebNode.Page setWhenBothAreIn =
        request -> {
          HttpSession session = request.getSession();
          assertThat(session.getAttribute("old")).isEqualTo("there");
          bothIn.countDown();
          await(bothIn);
          String name = request.getParameter("name");
          session.setAttribute(name, name + "'s");
          return "";
        };
    a.page("/both", setWhenBothAreIn).page("/old", request -> set(request, "old", "there"));
    b.page("/both", setWhenBothAreIn).page("/names", ClusterSessionsTest::attributes);
    visitor.get(a, "/old");
    List<CompletableFuture<HttpResponse<String>>> asked =
        List.of(visitor.ask(a.port(), "/both?name=x"), visitor.ask(b.port(), "/both?name=y"));
    asked.forEach(response -> assertThat(response.join().statusCode()).isEqualTo(200));
    assertThat(visitor.get(b, "/names")).isEqualTo("{old=there, x=x's, y=y's}");
  }

  @Test
  void anInvalidatedSessionIsGoneEverywhereAndComesNotBackFromARequestUnderWay() {
    CountDownLatch in = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    b.page(
        "/slow",
        request -> {
          HttpSession session = request.getSession();
          in.countDown();
          await(gone);
          session.setAttribute("late", "write");
          return "";
        });
    a.page(
        "/logout",
        request -> {
          request.getSession().invalidate();
          return "";
        });
    a.page("/has", ClusterSessionsTest::hasSession);
    b.page("/has", ClusterSessionsTest::hasSession);
    visitor.get(a, "/count");
    String cookie = visitor.cookie();
    var slow = visitor.ask(b.port(), "/slow");
    await(in);
    visitor.get(a, "/logout");
    gone.countDown();
    assertThat(slow.join().statusCode()).isEqualTo(200);
    for (WebNode node : List.of(a, b)) {
      assertThat(new Visitor().withCookie(cookie).get(node, "/has")).isEqualTo("no");
    }
  }

  @Test
  void aChangedIdKeepsTheSessionAndTheOldIdIsGone() {
    a.page("/login", HttpServletRequest::changeSessionId);
    b.page("/has", ClusterSessionsTest::hasSession);
    visitor.get(a, "/count");
    String before = visitor.cookie();
    visitor.get(a, "/login");
    assertThat(visitor.cookie()).isNotEqualTo(before);
    assertThat(visitor.get(b, "/count")).isEqualTo("2");
    assertThat(new Visitor().withCookie(before).get(b, "/has")).isEqualTo("no");
  }

  @Test
  void anExpiredSessionIsServedNowhereAndItsListenersHearOfItOnce() {
    String name = "expires-" + System.nanoTime();
    WebNode.Page brief =
        request -> {
          request.getSession().setMaxInactiveInterval(1);
          return set(request, "name", name);
        };
    a.page("/brief", brief).page("/has", ClusterSessionsTest::hasSession);
    b.page("/has", ClusterSessionsTest::hasSession);
    visitor.get(a, "/brief");
    String cookie = visitor.cookie();
    Await.until("the listener", () -> told(name) > 0);
    for (WebNode node : List.of(a, b)) {
      assertThat(new Visitor().withCookie(cookie).get(node, "/has")).isEqualTo("no");
    }
    Cache<String, byte[]> cache = cluster.node(1).cache("http-sessions");
    assertThat(cache.mode()).isEqualTo(mode);
    String id = cookie.substring(cookie.indexOf('=') + 1);
    assertThat(cache.entries().map(entry -> entry.getKey())).noneMatch(key -> key.endsWith(id));
    awaitRound();
    awaitRound();
    assertThat(told(name)).isEqualTo(1);
  }

  /**
   * 1. A request is under way with the session's first interval. 2. Another sets a longer one and
   * ends. 3. The first ends: the session keeps the longer life, and its entry does, too.
   */
  @Test
  void anIntervalSetDuringAnotherRequestHoldsForTheEntryToo() {
    CountDownLatch in = new CountDownLatch(1);
    CountDownLatch set = new CountDownLatch(1);
    a.page("/brief", request -> interval(request, 60));
    b.page(
        "/slow",
        request -> {
          request.getSession().setAttribute("slow", "write");
          in.countDown();
          await(set);
          return "";
        });
    a.page("/long", request -> interval(request, 3_600));
    a.page("/brief-again", request -> interval(request, 60));
    a.page("/names", ClusterSessionsTest::attributes);
    visitor.get(a, "/brief");
    var slow = visitor.ask(b.port(), "/slow");
    await(in);
    visitor.get(a, "/long");
    set.countDown();
    slow.join();
    String id = visitor.cookie().replaceFirst(".*=", "");
    assertThat(lifeOf(id)).isGreaterThan(Duration.ofMinutes(59));
    assertThat(visitor.get(a, "/names")).isEqualTo("{slow=write}");
    visitor.get(a, "/brief-again");
    assertThat(lifeOf(id)).isLessThan(Duration.ofMinutes(10));
  }

  private static String interval(HttpServletRequest request, int seconds) {
    request.getSession().setMaxInactiveInterval(seconds);
    return "";
  }

  /** How long the entry would still be there if nobody used the session. */
  private Duration lifeOf(String id) {
    Store store = cluster.node(0).unwrap(Node.class).store("http-sessions", CacheOptions.of(mode));
    try (var entries = store.entries()) {
      return entries
          .filter(entry -> entry.getKey().toString().endsWith(id))
          .map(entry -> Duration.ofMillis(entry.getValue().lifeLeft(System.currentTimeMillis())))
          .findFirst()
          .orElseThrow();
    }
  }

  /**
   * 1. A request asks for a new id, and the session is read. 2. Another request invalidates it. 3.
   * What is gone does not come back under the new id.
   */
  @Test
  void aSessionThatIsInvalidatedGetsNoNewId() {
    b.page("/name", request -> set(request, "interlude", new Interlude()));
    a.page(
        "/logout",
        request -> {
          request.getSession().invalidate();
          return "";
        });
    b.page("/has", ClusterSessionsTest::hasSession);
    visitor.get(b, "/name");
    String cookie = visitor.cookie();
    b.page(
        "/login",
        request -> {
          request.getSession();
          Interlude.next.set(() -> new Visitor().withCookie(cookie).get(a, "/logout"));
          return request.changeSessionId();
        });
    String id = visitor.get(b, "/login");
    assertThat(Interlude.next.get()).as("the logout came in between").isNull();
    assertThat(new Visitor().withCookie("JSESSIONID=" + id).get(b, "/has")).isEqualTo("no");
  }

  /**
   * 1. The scavenger reads an expired session to tell its listeners. 2. Its user comes back to that
   * node: there is no session. 3. The listeners are told once.
   */
  @Test
  void aRequestForASessionThatIsBeingScavengedFindsNone() {
    String name = "returns-" + System.nanoTime();
    a.page("/has", ClusterSessionsTest::hasSession);
    a.page(
        "/brief",
        request -> {
          request.getSession().setMaxInactiveInterval(3); // not over before next is set
          request.getSession().setAttribute("name", name);
          return set(request, "interlude", new Interlude());
        });
    visitor.get(a, "/brief");
    String cookie = visitor.cookie();
    AtomicReference<String> answer = new AtomicReference<>("nobody asked");
    Interlude.next.set(() -> answer.set(new Visitor().withCookie(cookie).get(a, "/has")));
    Await.until("the listener", () -> told(name) > 0);
    assertThat(answer.get()).isEqualTo("no");
    assertThat(told(name)).isEqualTo(1);
  }

  /**
   * 1. A request is under way when its session ends. 2. The scavenger reads the session. 3. The
   * request gives it a longer life, and ends. 4. The session is not removed, nobody is told.
   */
  @Test
  void aSessionThatIsRenewedWhileItIsScavengedStays() {
    String name = "renewed-" + System.nanoTime();
    CountDownLatch in = new CountDownLatch(1);
    CountDownLatch read = new CountDownLatch(1);
    a.page(
        "/brief",
        request -> {
          request.getSession().setMaxInactiveInterval(5); // not over before next is set
          request.getSession().setAttribute("name", name);
          return set(request, "interlude", new Interlude());
        });
    b.page("/has", ClusterSessionsTest::hasSession);
    b.page(
        "/renew",
        request -> {
          HttpSession session = request.getSession();
          in.countDown();
          await(read);
          session.setMaxInactiveInterval(3_600);
          return session.getId();
        });
    visitor.get(a, "/brief");
    var renewing = visitor.ask(b.port(), "/renew");
    await(in);
    Interlude.next.set(
        () -> {
          read.countDown();
          assertThat(renewing.join().statusCode()).isEqualTo(200);
        });
    Await.until("the scavenger", () -> Interlude.next.get() == null && renewing.isDone());
    awaitRound();
    assertThat(told(name)).isZero();
    assertThat(visitor.get(b, "/has")).isEqualTo("yes");
  }

  /** Until the scavenger has gone round once more. */
  private void awaitRound() {
    String next = "next-" + System.nanoTime();
    a.page(
        "/next",
        request -> {
          request.getSession().setMaxInactiveInterval(1);
          return set(request, "name", next);
        });
    new Visitor().get(a, "/next");
    Await.until("the next round", () -> told(next) > 0);
  }

  /**
   * 1. A request asks for a new id, and the session is read. 2. It can't be kept, here because of
   * what an attribute got hold of. 3. It is there under its old id.
   */
  @Test
  void aSessionThatCanNotBeKeptUnderItsNewIdKeepsTheOld() {
    a.page("/begin", request -> set(request, "magpie", new Magpie()));
    a.page(
        "/login",
        request -> {
          request.getSession();
          Magpie.steals.set(true);
          return request.changeSessionId();
        });
    visitor.get(a, "/count");
    visitor.get(a, "/begin");
    assertThat(succeeded(visitor.ask(a.port(), "/login"))).isFalse();
    assertThat(Magpie.steals).as("it came in between").isFalse();
    assertThat(visitor.get(b, "/count")).isEqualTo("2");
  }

  @Test
  void anAppsOwnInvalidationTellsItsListenersOnce() {
    String name = "logout-" + System.nanoTime();
    a.page("/name", request -> set(request, "name", name));
    b.page(
        "/end",
        request -> {
          request.getSession().invalidate();
          return "";
        });
    visitor.get(a, "/name");
    visitor.get(b, "/end");
    assertThat(told(name)).isEqualTo(1);
  }

  @Test
  void activationListenersAreCalledOnTheNodeThatServes() {
    a.page("/greet", request -> set(request, "greeter", new Greeter()));
    b.page("/greeted", request -> String.valueOf(greeter(request).activated));
    visitor.get(a, "/greet");
    int before = Greeter.passivations.get();
    assertThat(visitor.get(b, "/greeted")).isEqualTo("true");
    Await.until("the session's way back", () -> Greeter.passivations.get() > before);
  }

  /** The client is told 503 and keeps its cookie; the session is there when the cluster answers. */
  @Test
  void anErrorNeverLooksLikeAnExpiredSession() throws Exception {
    Cluster third = cluster.join();
    try (WebNode c = new WebNode(third, mode)) {
      c.page("/has", ClusterSessionsTest::hasSession);
      CountDownLatch in = new CountDownLatch(1);
      CountDownLatch closed = new CountDownLatch(1);
      c.page(
          "/lost-write",
          request -> {
            HttpSession session = request.getSession();
            in.countDown();
            await(closed);
            session.setAttribute("lost", "write");
            return "written";
          });
      visitor.get(a, "/count");
      assertThat(visitor.get(c, "/count")).isEqualTo("2");
      String cookie = visitor.cookie();
      var writing = visitor.ask(c.port(), "/lost-write");
      await(in);
      third.close();
      closed.countDown();
      assertThat(succeeded(writing)).as("a write that was lost").isFalse();
      for (String path : List.of("/count", "/has")) {
        HttpResponse<String> response = visitor.response(c, path);
        assertThat(response.statusCode()).as(path).isEqualTo(503);
        assertThat(response.headers().firstValue("Set-Cookie")).isEmpty();
      }
      assertThat(visitor.cookie()).isEqualTo(cookie);
      assertThat(visitor.get(b, "/count")).isEqualTo("3");
    } finally {
      cluster.leave(2);
    }
  }

  @Test
  void whatCannotWorkIsRefused() throws Exception {
    ClusterSessions sessions = ClusterSessions.on(cluster.node(0));
    assertThatThrownBy(() -> sessions.mode(Mode.INVALIDATED))
        .hasMessage("sessions in mode INVALIDATED are not shared: take DISTRIBUTED or REPLICATED");
    assertThatThrownBy(() -> sessions.scavengeEvery(Duration.ofMillis(5)))
        .hasMessage("the scavenge interval is PT0.005S: give at least a second");
    Server other = new Server();
    other.addBean(new NullSessionCacheFactory());
    assertThatThrownBy(() -> sessions.install(other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("remove that bean");
    Server slower = new Server();
    DefaultSessionIdManager ids = new DefaultSessionIdManager(slower);
    HouseKeeper keeper = new HouseKeeper();
    keeper.setIntervalSec(3_600);
    ids.setSessionHouseKeeper(keeper);
    slower.addBean(ids);
    assertThatThrownBy(() -> sessions.install(slower))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("every PT1H")
        .hasMessageContaining("scavengeEvery(...)");
    Server running = new Server();
    running.setHandler(new SessionHandler());
    running.start();
    try {
      assertThatThrownBy(() -> sessions.install(running))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith("install the cluster's before contexts start");
    } finally {
      running.stop();
    }
  }

  private static long told(String name) {
    return a.destroyed().stream().filter(name::equals).count()
        + b.destroyed().stream().filter(name::equals).count();
  }

  private static boolean succeeded(CompletableFuture<HttpResponse<String>> asked) {
    try {
      return asked.get(Await.LONG.toSeconds(), TimeUnit.SECONDS).statusCode() < 400;
    } catch (Exception connectionClosed) {
      return false;
    }
  }

  private static String set(HttpServletRequest request, String name, Object value) {
    request.getSession().setAttribute(name, value);
    return "";
  }

  private static String hasSession(HttpServletRequest request) {
    return request.getSession(false) == null ? "no" : "yes";
  }

  private static String attributes(HttpServletRequest request) {
    HttpSession session = request.getSession();
    java.util.TreeMap<String, Object> all = new java.util.TreeMap<>();
    session
        .getAttributeNames()
        .asIterator()
        .forEachRemaining(n -> all.put(n, session.getAttribute(n)));
    return all.toString();
  }

  @SuppressWarnings("unchecked")
  private static List<String> list(HttpServletRequest request) {
    return (List<String>) request.getSession().getAttribute("list");
  }

  private static Greeter greeter(HttpServletRequest request) {
    return (Greeter) request.getSession().getAttribute("greeter");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(Await.LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  record OffTheList(String item) {}

  /** An attribute that has something happen just when its session has been read. */
  static final class Interlude implements HttpSessionActivationListener {
    static final AtomicReference<@Nullable Runnable> next = new AtomicReference<>();

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      Runnable interlude = next.getAndSet(null);
      if (interlude != null) {
        interlude.run();
      }
    }
  }

  /** An attribute that takes something along that may not cross the wire. */
  static final class Magpie implements HttpSessionActivationListener {
    static final AtomicBoolean steals = new AtomicBoolean();

    private @Nullable Object loot;

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      if (steals.getAndSet(false)) {
        loot = new OffTheList("book");
      }
    }

    @Override
    public String toString() {
      return "has " + loot;
    }
  }

  /** An attribute that wants to know where it is. */
  static final class Greeter implements HttpSessionActivationListener {
    private static final AtomicInteger passivations = new AtomicInteger();

    private transient boolean activated;

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      activated = true;
    }

    @Override
    public void sessionWillPassivate(HttpSessionEvent event) {
      passivations.incrementAndGet();
    }
  }
}

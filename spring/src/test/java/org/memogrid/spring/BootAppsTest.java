/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * An application of Spring Boot that names Memogrid nowhere, in two JVMs: what it needs is found,
 * and the process's settings make the two one cluster.
 */
class BootAppsTest {
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableCaching
  static class ShopApp {
    @Bean
    Catalog catalog() {
      return new Catalog();
    }
  }

  private static Catalog catalog(NodeContext there) {
    ConfigurableApplicationContext app =
        there.kept(
            "app", () -> SpringApplication.run(ShopApp.class, "--spring.main.banner-mode=off"));
    return app.getBean(Catalog.class);
  }

  private static NodeProcess start(String name, int port) {
    return NodeProcess.start(
        "boot-" + name,
        "-Dmemogrid.cluster.name=boot-" + ProcessHandle.current().pid(),
        "-Dmemogrid.node.name=" + name,
        "-Dmemogrid.bind=127.0.0.1",
        "-Dmemogrid.port=" + port);
  }

  private static int runs(List<NodeProcess> apps) {
    return apps.stream().mapToInt(app -> app.call(there -> Catalog.RUNS.get())).sum();
  }

  @Test
  void aSynchronisedMethodRunsOnceForBothApplications() {
    try (FreePorts ports = FreePorts.take();
        NodeProcess one = start("one", ports.base());
        NodeProcess two = start("two", ports.base())) {
      List<NodeProcess> apps = List.of(one, two);
      for (NodeProcess app : apps) {
        app.run(there -> catalog(there));
      }
      assertThat(two.<Integer>call(there -> Cluster.shared().membership().members().size()))
          .isEqualTo(2);

      List<CompletableFuture<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        for (NodeProcess app : apps) {
          callers.add(app.callAsync(there -> catalog(there).price("apple")));
        }
      }
      Await.until("somebody asks the supplier", () -> runs(apps) > 0);
      for (NodeProcess app : apps) {
        app.run(there -> Catalog.SUPPLIER.countDown());
      }

      assertThat(callers).extracting(CompletableFuture::join).containsOnly(5);
      assertThat(runs(apps)).isEqualTo(1);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The configuration of HAProxy in front of the demo's nodes, all on the loopback address.
 *
 * <ul>
 *   <li>A cookie keeps a visitor on a node. A node that is down loses its visitors to the others,
 *       who have their sessions; who has no cookie is sent to the nodes in turn.
 *   <li>A node is down after two red health checks, half a second apart, or two failed answers.
 *       What it has under way is left alone: a node that drains finishes it.
 *   <li>A GET whose connection breaks, because the node was killed, is sent to another node, and so
 *       is one that is told 503, because the node has drained and takes no more. What may have an
 *       effect, a POST, is not: nobody knows whether it had it.
 *   <li>A second balancer on its port ends with an error. Left to itself HAProxy shares the port,
 *       and each of the two gets a part of the visitors.
 * </ul>
 *
 * @param port where the balancer listens; {@code /haproxy-status} there is its own page
 * @param nodes the HTTP ports of the nodes
 */
record HaproxyConfig(int port, List<Integer> nodes) {
  /** From {@code PORT NODE-PORT...}. */
  static HaproxyConfig parse(List<String> ports) {
    if (ports.size() < 2) {
      throw new DemoOptions.UsageException(
          "--haproxy-config needs its port and those of the nodes");
    }
    List<Integer> numbers =
        ports.stream().map(port -> DemoOptions.port("--haproxy-config", port, 1)).toList();
    return new HaproxyConfig(numbers.get(0), numbers.subList(1, numbers.size()));
  }

  String text() {
    String servers =
        nodes.stream()
            .map(
                node ->
                    "  server node-%1$d 127.0.0.1:%1$d cookie node-%1$d check\n".formatted(node))
            .collect(Collectors.joining());
    return """
        global
          maxconn 500
          noreuseport
        defaults
          mode http
          timeout connect 500ms
          timeout client 90s
          timeout server 90s
          timeout check 3s
          retries 3
          option redispatch 1
        frontend demo
          bind 127.0.0.1:%d
          stats enable
          stats uri /haproxy-status
          stats refresh 2s
          default_backend nodes
        backend nodes
          balance roundrobin
          cookie NODE insert indirect nocache httponly
          acl safe method GET HEAD
          http-request disable-l7-retry unless safe
          retry-on conn-failure empty-response 503
          option httpchk
          http-check send meth GET uri /health ver HTTP/1.1 hdr Host localhost
          http-check expect status 200
          default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1
          default-server observe layer4 error-limit 2 on-error mark-down
        """
            .formatted(port)
        + servers;
  }
}

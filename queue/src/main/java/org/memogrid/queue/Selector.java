/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which messages a listener wants, by their headers. It is data, not code: it is evaluated on the
 * member that dispatches the queue, which need not know the listener's classes. Immutable; equal
 * selectors are equal.
 *
 * <pre>{@code
 * Selector wanted = Selector.header("region").is("eu").and(Selector.header("test").isAbsent());
 * queue.listen(handler, Listen.concurrency(1).selector(wanted));
 * }</pre>
 */
public sealed interface Selector {
  /** Begins a condition on one header. */
  static Header header(String name) {
    return new Header(requireNonNull(name, "name"));
  }

  /** Whether a message with these headers is wanted. */
  boolean matches(Map<String, String> headers);

  /** Both. */
  default Selector and(Selector other) {
    return new All(List.of(this, requireNonNull(other, "other")));
  }

  /** Either. */
  default Selector or(Selector other) {
    return new Any(List.of(this, requireNonNull(other, "other")));
  }

  /** The opposite. */
  default Selector not() {
    return new Not(this);
  }

  /** A header by its name, to be completed to a condition. */
  record Header(String name) {
    /** The header is there and has that value. */
    public Selector is(String value) {
      return new In(name, Set.of(requireNonNull(value, "value")));
    }

    /** The header is there and has one of the values. */
    public Selector isIn(Set<String> values) {
      return new In(name, values);
    }

    /** The header is there. */
    public Selector isPresent() {
      return new Present(name);
    }

    /** The header is not there. */
    public Selector isAbsent() {
      return new Present(name).not();
    }
  }

  /** The header has one of some values. */
  record In(String name, Set<String> values) implements Selector {
    /** Copies the values. */
    public In {
      values = Set.copyOf(values);
    }

    @Override
    public boolean matches(Map<String, String> headers) {
      String value = headers.get(name);
      return value != null && values.contains(value);
    }
  }

  /** The header is there. */
  record Present(String name) implements Selector {
    @Override
    public boolean matches(Map<String, String> headers) {
      return headers.containsKey(name);
    }
  }

  /** All parts match. */
  record All(List<Selector> parts) implements Selector {
    /** Copies the parts. */
    public All {
      parts = List.copyOf(parts);
    }

    @Override
    public boolean matches(Map<String, String> headers) {
      return parts.stream().allMatch(part -> part.matches(headers));
    }
  }

  /** One of the parts matches. */
  record Any(List<Selector> parts) implements Selector {
    /** Copies the parts. */
    public Any {
      parts = List.copyOf(parts);
    }

    @Override
    public boolean matches(Map<String, String> headers) {
      return parts.stream().anyMatch(part -> part.matches(headers));
    }
  }

  /** The part does not match. */
  record Not(Selector part) implements Selector {
    @Override
    public boolean matches(Map<String, String> headers) {
      return !part.matches(headers);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import java.util.List;
import org.memogrid.internal.lease.LeaseSpec;

/**
 * On which of the members that offer a daemon it runs. It is asked when the daemon has none; one
 * that runs stays where it is, whoever comes. Immutable.
 */
public final class Placement {
  /** By a hash of daemon and member: daemons spread evenly, those of a lost member too. */
  public static final Placement SPREAD = new Placement(LeaseSpec.Order.SPREAD, List.of());

  /** On the member that has been in the cluster longest. */
  public static final Placement OLDEST = new Placement(LeaseSpec.Order.OLDEST, List.of());

  private final LeaseSpec.Order order;
  private final List<String> names;

  private Placement(LeaseSpec.Order order, List<String> names) {
    this.order = order;
    this.names = names;
  }

  /** On the first of these nodes, by name, that is there; if none is, as {@link #SPREAD}. */
  public static Placement preferred(String... nodeNames) {
    List<String> names = List.of(nodeNames);
    if (names.isEmpty()) {
      throw new IllegalArgumentException("preferred(): give at least one node name");
    }
    return new Placement(LeaseSpec.Order.PREFERRED, names);
  }

  LeaseSpec spec(int quorum) {
    return new LeaseSpec(order, names, quorum);
  }

  @Override
  public String toString() {
    return order + (names.isEmpty() ? "" : names.toString());
  }
}

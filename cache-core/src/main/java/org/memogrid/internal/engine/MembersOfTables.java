/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.Address;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** The members of a cluster have their tables together: those that are in one view. */
final class MembersOfTables implements Tables.Owner {
  private final EmbeddedCacheManager manager;
  private final Function<Address, Member> members;
  private final BooleanSupplier whole;
  private final Kin kin = new Kin(this::has);

  /**
   * @param whole false where others may go on that are not in the view
   */
  MembersOfTables(
      EmbeddedCacheManager manager, Function<Address, Member> members, BooleanSupplier whole) {
    this.manager = manager;
    this.members = members;
    this.whole = whole;
  }

  private boolean has(String member) {
    return view().stream().anyMatch(each -> Addresses.id(each).equals(member));
  }

  /** None before this member has joined, and once it has left. */
  private List<Address> view() {
    @Nullable List<Address> there = manager.getMembers();
    return there == null ? List.of() : there;
  }

  @Override
  public TableHold hold(Table table) {
    Member self = members.apply(manager.getAddress());
    String cluster = manager.getCacheManagerConfiguration().transport().clusterName();
    String name = "member " + self.name() + " of cluster '" + cluster + "'";
    return new TableHold(table, name, self.id(), kin);
  }

  @Override
  public boolean isLast() {
    return view().size() <= 1 && whole.getAsBoolean();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Topology;

/** The configuration of what one process keeps to itself. */
record SelfTopology(Member self) implements Topology {
  @Override
  public long id() {
    return 0;
  }

  @Override
  public Member coordinator() {
    return self;
  }

  @Override
  public List<Member> members() {
    return List.of(self);
  }

  @Override
  public Member home(Object key) {
    return self;
  }

  @Override
  public List<Member> owners(Object key) {
    return List.of(self);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.memogrid.modes.Grids.Setup;

/**
 * The contract of {@link org.memogrid.cache.Cache}, every line of it, for each mode on one, two and
 * three nodes, in one JVM and in JVMs of their own. The lines are in the themes that this class
 * puts together; docs/guarantees.md says what they mean to a user.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("org.memogrid.modes.Grids#setups")
class CacheContractTest
    implements ReadWriteContract,
        VisibilityContract,
        AtomicContract,
        FencingContract,
        ExpiryContract,
        CapacityContract,
        EventContract,
        MapViewContract,
        OpeningContract {
  private static final Grids GRIDS = new Grids();

  private final Fixture fixture;

  CacheContractTest(Setup setup) {
    fixture = new Fixture(setup, GRIDS.of(setup));
  }

  @Override
  public Fixture fixture() {
    return fixture;
  }

  @AfterEach
  void destroyCaches() {
    fixture.destroyAll();
  }

  @AfterAll
  static void stopGrids() {
    GRIDS.close();
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.modes.Grids.Place;
import org.memogrid.modes.Grids.Setup;

/**
 * Outside of transactions a transactional cache is a cache like any other: each call is a
 * transaction of its own. Limits and idle times it has none.
 */
@ParameterizedClass(name = "{0} {1}")
@MethodSource("setups")
class TransactionalContractTest
    implements ReadWriteContract,
        VisibilityContract,
        AtomicContract,
        FencingContract,
        EventContract,
        MapViewContract {
  private static final Grids GRIDS = new Grids();

  private final Fixture fixture;

  TransactionalContractTest(Setup setup, Locking locking) {
    fixture = new Fixture(setup, GRIDS.of(setup), options -> options.transactional(locking));
  }

  static Stream<Object[]> setups() {
    List<Object[]> setups = new ArrayList<>();
    for (Locking locking : Locking.values()) {
      for (Mode mode : List.of(Mode.LOCAL, Mode.REPLICATED, Mode.DISTRIBUTED)) {
        setups.add(new Object[] {new Setup(Place.ONE_JVM, 3, mode), locking});
      }
    }
    return setups.stream();
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

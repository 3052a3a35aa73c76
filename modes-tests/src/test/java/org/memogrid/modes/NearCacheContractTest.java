/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.memogrid.cache.Mode;
import org.memogrid.modes.Grids.Place;
import org.memogrid.modes.Grids.Setup;

/**
 * What one member sees of itself is the same with a near cache, whose copies outlive each of these
 * tests. What members see of each other is not: they see it later, so those themes are left out.
 */
class NearCacheContractTest implements ReadWriteContract, MapViewContract, FencingContract {
  private static final Setup SETUP = new Setup(Place.ONE_JVM, 3, Mode.DISTRIBUTED);
  private static final Grids GRIDS = new Grids();

  private final Fixture fixture =
      new Fixture(
          SETUP, GRIDS.of(SETUP), options -> options.nearCache(1_000, Duration.ofMinutes(10)));

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

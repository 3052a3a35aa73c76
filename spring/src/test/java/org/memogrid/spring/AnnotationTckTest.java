/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.memogrid.jcache.tck.TckRun;

/** The JSR's own tests of its annotations, under Spring. */
class AnnotationTckTest {
  @Test
  void allTestsPassAndReallyAskSpring() {
    int before = SpringBeans.ASKED.get();

    TckRun run = TckRun.annotations();

    assertThat(run.failed()).isEmpty();
    assertThat(run.tests()).isEqualTo(TckRun.ANNOTATION_TESTS);
    assertThat(run.excluded()).isEmpty();
    assertThat(SpringBeans.ASKED.get() - before).isGreaterThanOrEqualTo(TckRun.ANNOTATION_TESTS);
  }
}

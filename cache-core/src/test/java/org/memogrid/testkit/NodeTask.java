/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Work for a node in another JVM. It travels there by Java serialization, and its result comes
 * back: a lambda may capture what is serializable, records that are not {@link Serializable}
 * included. Both JVMs have the same class path, so any test class can send any work.
 */
@FunctionalInterface
public interface NodeTask<R extends @Nullable Object> extends Serializable {
  R run(NodeContext node) throws Exception;
}

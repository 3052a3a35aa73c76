/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What tests of clusters stand on: nodes in one JVM and in JVMs of their own, network cuts,
 * histories with their checkers, and waiting that has a deadline. Not part of the library.
 */
@NullMarked
package org.memogrid.testkit;

import org.jspecify.annotations.NullMarked;

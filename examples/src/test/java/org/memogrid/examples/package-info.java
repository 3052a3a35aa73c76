/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Libraries that speak JSR-107, each on two nodes: what a program changes to have a cluster. And a
 * pipeline over records, on two nodes.
 */
@NullMarked
package org.memogrid.examples;

import org.jspecify.annotations.NullMarked;

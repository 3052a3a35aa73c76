/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Jetty's HTTP sessions, kept by a cluster; {@link org.memogrid.jetty.ClusterSessions} installs it.
 */
@NullMarked
package org.memogrid.jetty;

import org.jspecify.annotations.NullMarked;

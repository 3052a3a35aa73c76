/* SPDX-License-Identifier: Apache-2.0 */
/** Messages, each handled by one member, and topics, each heard by all. */
@NullMarked
package org.memogrid.queue;

import org.jspecify.annotations.NullMarked;

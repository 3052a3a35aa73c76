/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** A packet and the queue it is about. */
record Addressed(String queue, Packet packet) {}

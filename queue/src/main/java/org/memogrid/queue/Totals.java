/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** What a queue counts since it began. */
final class Totals {
  long published;
  long handled;
  long redelivered;
  long buried;
  long dropped;

  Totals copy() {
    Totals copy = new Totals();
    copy.published = published;
    copy.handled = handled;
    copy.redelivered = redelivered;
    copy.buried = buried;
    copy.dropped = dropped;
    return copy;
  }
}

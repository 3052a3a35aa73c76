/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/** A listener's registration, ended by {@link #close()}. Closing it again does nothing. */
public interface Registration extends AutoCloseable {
  @Override
  void close();
}

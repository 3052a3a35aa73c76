/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** How a feature's messages are written: by hand, so that no class name crosses the wire. */
public interface WireFormat<M> {
  void write(M message, DataOutput out) throws IOException;

  M read(DataInput in) throws IOException;
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** Messages that are strings. */
final class Text implements WireFormat<String> {
  static final Text FORMAT = new Text();

  @Override
  public void write(String message, DataOutput out) throws IOException {
    out.writeUTF(message);
  }

  @Override
  public String read(DataInput in) throws IOException {
    return in.readUTF();
  }
}

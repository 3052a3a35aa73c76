/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.concurrent.atomic.AtomicInteger;
import org.memogrid.cluster.Codec;

/** Java serialization, counted: for tests of what is encoded when, not of the codec. */
public final class SerialCodec implements Codec {
  final AtomicInteger encodings = new AtomicInteger();
  final AtomicInteger decodings = new AtomicInteger();

  @Override
  public byte[] encode(Object object) {
    encodings.incrementAndGet();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          object.getClass().getName() + " can't be encoded: make it Serializable", e);
    }
    return bytes.toByteArray();
  }

  @Override
  public Object decode(byte[] bytes) {
    decodings.incrementAndGet();
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      return in.readObject();
    } catch (IOException | ClassNotFoundException e) {
      throw new IllegalArgumentException("these bytes can't be decoded", e);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.memogrid.cluster.Member;
import org.memogrid.internal.wire.WireException.Reason;

/**
 * A message as it crosses between members: kind, view id, request id unless one way, service unless
 * a reply, then what its format wrote. The body is read once.
 */
record Frame(
    Kind kind, Member from, long viewId, long requestId, String service, DataInputStream body) {
  /** What a frame is for; its code is part of the protocol. */
  enum Kind {
    SEND(0),
    REQUEST(1),
    REPLY(2),
    FAILURE(3),
    /** There is no such service, for a message that wants no reply. */
    MISSING(4);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  private static final Kind[] KINDS = Kind.values();
  private static final int TYPICAL_BYTES = 128;

  static Frame read(Member from, DataInputStream in) throws IOException {
    Kind kind = KINDS[in.readByte()];
    long viewId = in.readLong();
    long requestId = hasRequest(kind) ? in.readLong() : 0;
    String service = hasService(kind) ? in.readUTF() : "";
    return new Frame(kind, from, viewId, requestId, service, in);
  }

  static <M> byte[] message(
      Kind kind, long viewId, long requestId, String service, WireFormat<M> format, M message) {
    return bytes(kind, viewId, requestId, service, out -> format.write(message, out));
  }

  private static boolean hasRequest(Kind kind) {
    return kind != Kind.SEND && kind != Kind.MISSING;
  }

  private static boolean hasService(Kind kind) {
    return kind == Kind.SEND || kind == Kind.REQUEST || kind == Kind.MISSING;
  }

  static byte[] missing(long viewId, String service) {
    return bytes(Kind.MISSING, viewId, 0, service, out -> {});
  }

  static byte[] failure(long viewId, long requestId, Reason reason, String detail) {
    return bytes(
        Kind.FAILURE,
        viewId,
        requestId,
        "",
        out -> {
          out.writeUTF(reason.name());
          out.writeUTF(detail.length() > 4096 ? detail.substring(0, 4096) : detail);
        });
  }

  private static byte[] bytes(Kind kind, long viewId, long requestId, String service, Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(TYPICAL_BYTES);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(kind.code);
      out.writeLong(viewId);
      if (hasRequest(kind)) {
        out.writeLong(requestId);
      }
      if (hasService(kind)) {
        out.writeUTF(service);
      }
      body.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException("a message to service '" + service + "' can't be written", e);
    }
    return bytes.toByteArray();
  }

  /** Writes what follows the head. */
  private interface Body {
    void write(DataOutputStream out) throws IOException;
  }
}

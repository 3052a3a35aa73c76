/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.io.IOException;
import org.memogrid.cluster.Member;
import org.memogrid.internal.wire.WireException.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the frames of one service and hands them to its handler. Lets no exception out. */
final class Receiver<M> {
  private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);

  private final MemberWire wire;
  private final String service;
  private final WireFormat<M> format;
  private final Wire.Handler<M> handler;

  Receiver(MemberWire wire, String service, WireFormat<M> format, Wire.Handler<M> handler) {
    this.wire = wire;
    this.service = service;
    this.format = format;
    this.handler = handler;
  }

  void accept(Frame frame) {
    try {
      handler.onMessage(new Arrived<>(this, frame, format.read(frame.body())));
    } catch (IOException | RuntimeException | Error e) {
      LOG.error("service '{}' failed on a message of {}", service, frame.from(), e);
      if (frame.kind() == Frame.Kind.REQUEST) {
        wire.answer(
            frame,
            Frame.failure(wire.viewId(), frame.requestId(), Reason.HANDLER_FAILED, e.toString()));
      }
    }
  }

  private void reply(Frame request, M message) {
    if (request.kind() == Frame.Kind.REQUEST) {
      wire.answer(
          request,
          Frame.message(
              Frame.Kind.REPLY, wire.viewId(), request.requestId(), service, format, message));
    }
  }

  private record Arrived<M>(Receiver<M> receiver, Frame frame, M message)
      implements Wire.Incoming<M> {
    @Override
    public Member from() {
      return frame.from();
    }

    @Override
    public long viewId() {
      return frame.viewId();
    }

    @Override
    public boolean wantsReply() {
      return frame.kind() == Frame.Kind.REQUEST;
    }

    @Override
    public void reply(M reply) {
      receiver.reply(frame, reply);
    }
  }
}

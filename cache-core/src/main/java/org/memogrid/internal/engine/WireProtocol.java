/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.function.Supplier;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.Event;
import org.jgroups.Header;
import org.jgroups.Message;
import org.jgroups.View;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.stack.Protocol;
import org.jgroups.util.MessageBatch;
import org.jspecify.annotations.Nullable;

/**
 * The highest protocol of the channel: takes the wire's frames out of the stream of messages, and
 * looks at every view that passes. It is in the stack before the channel connects, so no frame
 * comes too early for it.
 *
 * <p>Frames are regular unicasts: delivered in order per sender, by one thread at a time.
 */
public final class WireProtocol extends Protocol {
  private static final short PROTOCOL_ID = 1701;
  private static final short HEADER_ID = 1701;

  static {
    ClassConfigurator.addProtocol(PROTOCOL_ID, WireProtocol.class);
    ClassConfigurator.add(HEADER_ID, Mark.class);
  }

  private final Upward upward;

  /** Where frames and views go. */
  interface Upward {
    void onFrame(Address from, byte[] bytes, int offset, int length);

    void onView(View view);
  }

  WireProtocol(Upward upward) {
    this.upward = upward;
    setId(PROTOCOL_ID);
  }

  void send(Address to, byte[] frame) {
    down_prot.down(new BytesMessage(to, frame).putHeader(id, Mark.INSTANCE));
  }

  @Override
  public @Nullable Object up(Event event) {
    if (event.getType() == Event.VIEW_CHANGE) {
      upward.onView(event.getArg());
    }
    return up_prot.up(event);
  }

  @Override
  public @Nullable Object up(Message message) {
    if (message.getHeader(id) == null) {
      return up_prot.up(message);
    }
    take(message);
    return null;
  }

  @Override
  public void up(MessageBatch batch) {
    for (var messages = batch.iterator(); messages.hasNext(); ) {
      Message message = messages.next();
      if (message.getHeader(id) != null) {
        messages.remove();
        take(message);
      }
    }
    if (!batch.isEmpty()) {
      up_prot.up(batch);
    }
  }

  private void take(Message message) {
    upward.onFrame(message.getSrc(), message.getArray(), message.getOffset(), message.getLength());
  }

  /** Says that a message is a frame. */
  public static final class Mark extends Header {
    private static final Mark INSTANCE = new Mark();

    /** For the channel, which makes headers by reflection. */
    public Mark() {}

    @Override
    public short getMagicId() {
      return HEADER_ID;
    }

    @Override
    public Supplier<? extends Header> create() {
      return () -> INSTANCE;
    }

    @Override
    public int serializedSize() {
      return 0;
    }

    @Override
    public void writeTo(java.io.DataOutput out) {}

    @Override
    public void readFrom(java.io.DataInput in) {}
  }
}

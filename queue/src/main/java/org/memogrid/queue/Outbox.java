/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** What the home has to say to each member, gathered until {@link #flush}. */
final class Outbox {
  private static final int BATCH_BYTES = 512 * 1024;

  private final Desk desk;
  private final Function<Member, Packet.@Nullable Step> lastStep;
  private Epoch epoch;
  private final Map<Member, Mail> mails = new LinkedHashMap<>();

  private static final class Mail {
    List<Packet.Delivery> deliveries = new ArrayList<>();
    int bytes;
    final List<Tag> settled = new ArrayList<>();
    final List<Long> taken = new ArrayList<>();
    final List<Packet.Refused> refused = new ArrayList<>();
  }

  /**
   * @param lastStep what went to a member as the backup
   */
  Outbox(Desk desk, Epoch epoch, Function<Member, Packet.@Nullable Step> lastStep) {
    this.desk = desk;
    this.epoch = epoch;
    this.lastStep = lastStep;
  }

  /** Goes on as another reign. */
  void reign(Epoch next) {
    flush();
    epoch = next;
  }

  private Mail mail(Member member) {
    return mails.computeIfAbsent(member, m -> new Mail());
  }

  void deliver(Member member, Packet.Delivery delivery) {
    Mail mail = mail(member);
    mail.deliveries.add(delivery);
    mail.bytes += delivery.letter().size();
    if (mail.bytes > BATCH_BYTES) {
      sendDeliveries(member, mail);
    }
  }

  void settled(Member member, Tag tag) {
    mail(member).settled.add(tag);
  }

  void taken(Member member, long number) {
    mail(member).taken.add(number);
  }

  void refused(Member member, Packet.Refused refused) {
    mail(member).refused.add(refused);
  }

  void flush() {
    if (mails.isEmpty()) {
      return;
    }
    mails.forEach(
        (member, mail) -> {
          sendDeliveries(member, mail);
          if (!mail.settled.isEmpty()) {
            desk.send(member, new Packet.Settled(epoch, List.copyOf(mail.settled)));
          }
          if (!mail.taken.isEmpty() || !mail.refused.isEmpty()) {
            desk.send(
                member,
                new Packet.Enqueued(epoch, List.copyOf(mail.taken), List.copyOf(mail.refused)));
          }
        });
    mails.clear();
  }

  private void sendDeliveries(Member member, Mail mail) {
    if (!mail.deliveries.isEmpty()) {
      desk.send(member, new Packet.Deliver(epoch, lastStep.apply(member), mail.deliveries));
      mail.deliveries = new ArrayList<>();
      mail.bytes = 0;
    }
  }
}

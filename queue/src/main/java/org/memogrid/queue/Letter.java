/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/**
 * A message as it was published. Immutable: nobody changes the bytes of the body.
 *
 * <p>Its id is the publishing member and a number that this member counts.
 */
final class Letter {
  final String producer;
  final long number;
  final long publishedAt;
  final Traits traits;
  final byte[] body;

  Letter(String producer, long number, long publishedAt, Traits traits, byte[] body) {
    this.producer = producer;
    this.number = number;
    this.publishedAt = publishedAt;
    this.traits = traits;
    this.body = body;
  }

  /** One that was given up and is wanted all the same: neither delayed nor ended by its times. */
  Letter atOnceAndForEver() {
    return new Letter(producer, number, publishedAt, traits.atOnceAndForEver(), body);
  }

  /** What it takes on the wire and in memory, about. */
  int size() {
    return body.length + 112 + 32 * traits.headers().size();
  }

  @Override
  public String toString() {
    return producer + "/" + number;
  }
}

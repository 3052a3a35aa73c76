/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import org.memogrid.cluster.Member;

/** Which member is first for an id, the same on all that know the same members. */
final class Scores {
  private Scores() {}

  static long of(String id, Member member) {
    return mix(hash(id) ^ mix(hash(member.id())));
  }

  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }

  private static long mix(long x) {
    long z = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}

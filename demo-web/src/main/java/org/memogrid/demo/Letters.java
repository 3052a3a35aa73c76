/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What the steps of {@code reverse-a-string} do. */
final class Letters {
  private Letters() {}

  static List<String> of(String text) {
    return new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
  }

  static List<String> reversed(List<String> letters) {
    List<String> reversed = new ArrayList<>(letters);
    Collections.reverse(reversed);
    return reversed;
  }

  static String join(List<String> letters) {
    return String.join("", letters);
  }
}

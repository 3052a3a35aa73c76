/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

/** What a class is called on the wire. */
final class ClassNames {
  private ClassNames() {}

  /** The class that stands for a class: for a constant with a body, its enum. */
  static Class<?> registered(Class<?> type) {
    Class<?> parent = type.getSuperclass();
    return parent != null && parent.isEnum() ? parent : type;
  }

  /** Arrays of primitives and of the JDK's values need no allowance. */
  static boolean isOfValues(Class<?> type) {
    Class<?> element = type;
    while (element.isArray()) {
      element = element.getComponentType();
    }
    return element.isPrimitive()
        || JdkClasses.isListed(element.getName())
        || (type != element && JdkClasses.isElement(element.getName()));
  }

  /** The innermost element of an array's name; the name itself otherwise. */
  static String element(String name) {
    int dimensions = 0;
    while (dimensions < name.length() && name.charAt(dimensions) == '[') {
      dimensions++;
    }
    boolean ofObjects =
        dimensions > 0
            && name.length() > dimensions + 2
            && name.charAt(dimensions) == 'L'
            && name.endsWith(";");
    return ofObjects ? name.substring(dimensions + 1, name.length() - 1) : name;
  }

  /** Whether it is the name of an array of primitives. */
  static boolean isOfPrimitives(String name) {
    int last = name.length() - 1;
    return last > 0
        && name.lastIndexOf('[') == last - 1
        && name.chars().limit(last).allMatch(c -> c == '[')
        && "ZBCSIJFD".indexOf(name.charAt(last)) >= 0;
  }
}

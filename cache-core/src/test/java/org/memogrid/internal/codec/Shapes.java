/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Classes of a user, of all kinds, without annotations. */
final class Shapes {
  private Shapes() {}

  enum Side {
    BUY,
    SELL {
      @Override
      public String toString() {
        return "sell!";
      }
    }
  }

  record Price(String symbol, long cents, Side side) {}

  record Order(int id, Price price, List<Price> history, Map<String, Object> more) {}

  record Empty() {}

  record Positive(int value) {
    Positive {
      if (value <= 0) {
        throw new IllegalStateException("not positive: " + value);
      }
    }
  }

  record Everything(
      boolean a, byte b, short c, char d, int e, long f, float g, double h, @Nullable Object i) {}

  record Holder(@Nullable Object held) {}

  static class Animal {
    private final String name;

    Animal(String name) {
      this.name = name;
    }

    String name() {
      return name;
    }
  }

  /** Has no constructor without arguments, a field that hides another, and a transient one. */
  static final class Dog extends Animal {
    private final String name;
    private final @Nullable Price price;
    transient int cached = 7;

    Dog(String kind, String name, @Nullable Price price) {
      super(kind);
      this.name = name;
      this.price = price;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Dog dog
          && name().equals(dog.name())
          && name.equals(dog.name)
          && Objects.equals(price, dog.price);
    }

    @Override
    public int hashCode() {
      return name.hashCode();
    }
  }

  static final class Node {
    final int number;
    @Nullable Node next;
    final List<Node> others = new ArrayList<>();

    Node(int number) {
      this.number = number;
    }
  }

  /** Runs when somebody initialises or makes it. */
  static final class Trap {
    static {
      System.setProperty("memogrid.test.trap", "sprung");
    }

    final int value = 1;
  }

  static final class Tags extends ArrayList<String> {
    private static final long serialVersionUID = 1L;
  }

  static final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Makes a part of itself anew when Java reads it. */
  static class Sealed implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int value;
    transient int twice;

    Sealed(int value) {
      this.value = value;
      this.twice = 2 * value;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      twice = 2 * value;
    }
  }

  static final class Stamped extends Sealed {
    private static final long serialVersionUID = 1L;

    Stamped() {
      super(1);
    }
  }

  record Alias(int value) implements Serializable {
    private Object writeReplace() {
      return value;
    }
  }

  static final class Packed implements Externalizable {
    private static final long serialVersionUID = 1L;

    @Override
    public void writeExternal(ObjectOutput out) {}

    @Override
    public void readExternal(ObjectInput in) {}
  }
}

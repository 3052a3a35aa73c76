/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Objects as one line of text, for the pipe between a test and its nodes. Java serialization, with
 * one addition: a record that is not serializable travels as its components, so that the library's
 * records need not be serializable for the tests' sake.
 */
final class Frames {
  private Frames() {}

  static String write(@Nullable Object object) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new Writer(bytes)) {
      out.writeObject(object);
    } catch (IOException e) {
      throw new UncheckedIOException("can't send " + object + " to another JVM", e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  static @Nullable Object read(String line) {
    byte[] bytes = Base64.getDecoder().decode(line);
    try (ObjectInputStream in = new Reader(new ByteArrayInputStream(bytes))) {
      return in.readObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class Writer extends ObjectOutputStream {
    Writer(OutputStream out) throws IOException {
      super(out);
      enableReplaceObject(true);
    }

    @Override
    protected Object replaceObject(Object object) {
      return object instanceof Record record && !(object instanceof Serializable)
          ? RecordForm.of(record)
          : object;
    }
  }

  private static final class Reader extends ObjectInputStream {
    Reader(InputStream in) throws IOException {
      super(in);
      enableResolveObject(true);
    }

    @Override
    protected Object resolveObject(Object object) {
      return object instanceof RecordForm form ? form.toRecord() : object;
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record RecordForm(Class<?> type, Class<?>[] types, @Nullable Object[] values)
      implements Serializable {
    @SuppressWarnings("AvoidObjectArrays")
    static RecordForm of(Record record) {
      RecordComponent[] components = record.getClass().getRecordComponents();
      Class<?>[] types = new Class<?>[components.length];
      @Nullable Object[] values = new @Nullable Object[components.length];
      try {
        for (int i = 0; i < components.length; i++) {
          types[i] = components[i].getType();
          var accessor = components[i].getAccessor();
          accessor.setAccessible(true);
          values[i] = accessor.invoke(record);
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("can't take " + record.getClass() + " apart", e);
      }
      return new RecordForm(record.getClass(), types, values);
    }

    Object toRecord() {
      try {
        Constructor<?> constructor = type.getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return constructor.newInstance(values);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("can't build " + type + Arrays.toString(values), e);
      }
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.io.Output;
import java.io.Externalizable;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.objenesis.instantiator.ObjectInstantiator;
import org.objenesis.strategy.StdInstantiatorStrategy;

/**
 * What the objects of a class consist of, and how they are taken apart and made. Found once per
 * class; immutable.
 *
 * @param schema the fields' names as they are written ahead of the first object of a message
 * @param maker of a record, from its fields; null for a plain class
 * @param blank makes a plain object without fields; null for a record
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Layout(
    Class<?> type,
    String[] names,
    MethodHandle[] getters,
    MethodHandle[] setters,
    @Nullable Object[] defaults,
    byte[] schema,
    @Nullable MethodHandle maker,
    @Nullable ObjectInstantiator<?> blank) {
  private static final ClassValue<Layout> LAYOUTS =
      new ClassValue<>() {
        @Override
        protected Layout computeValue(Class<?> type) {
          return new Inspection(type).layout();
        }
      };

  /**
   * @throws RefusedException if objects of the class are more than their fields
   */
  static Layout of(Class<?> type) {
    return LAYOUTS.get(type);
  }

  private record Inspection(Class<?> type) {
    Layout layout() {
      refuseIf(type.isHidden() || type.isSynthetic(), "it is a lambda: use a class with a name");
      refuseIf(type.isInterface() || Modifier.isAbstract(type.getModifiers()), "it has no objects");
      List<Field> fields = fields();
      String own = ownSerialization();
      refuseIf(
          own != null,
          "it has a serialization of its own ("
              + own
              + "), so its fields are not all that it is: put a record of what it holds");
      String[] names = names(fields);
      try {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        MethodHandle[] getters = new MethodHandle[names.length];
        MethodHandle[] setters = new MethodHandle[type.isRecord() ? 0 : names.length];
        Object[] defaults = new Object[names.length];
        for (int i = 0; i < names.length; i++) {
          Field field = fields.get(i);
          field.setAccessible(true);
          getters[i] =
              lookup
                  .unreflectGetter(field)
                  .asType(MethodType.methodType(Object.class, Object.class));
          defaults[i] = Array.get(Array.newInstance(field.getType(), 1), 0);
          if (!type.isRecord()) {
            setters[i] =
                lookup
                    .unreflectSetter(field)
                    .asType(MethodType.methodType(void.class, Object.class, Object.class));
          }
        }
        return new Layout(
            type,
            names,
            getters,
            setters,
            defaults,
            schema(names),
            type.isRecord() ? maker(lookup, fields) : null,
            type.isRecord() ? null : new StdInstantiatorStrategy().newInstantiatorOf(type));
      } catch (InaccessibleObjectException | ReflectiveOperationException e) {
        throw refusal("its module doesn't open it (" + e.getMessage() + ")");
      }
    }

    /** The method by which Java would write or read it, or null: then its fields are all of it. */
    private @Nullable String ownSerialization() {
      if (!Serializable.class.isAssignableFrom(type)) {
        return null;
      }
      if (Externalizable.class.isAssignableFrom(type)) {
        return "Externalizable";
      }
      for (Class<?> c = type; c != null; c = c.getSuperclass()) {
        for (Method method : c.getDeclaredMethods()) {
          boolean inherited = c == type || !Modifier.isPrivate(method.getModifiers());
          boolean replaces = isHook(method, "writeReplace") || isHook(method, "readResolve");
          boolean streams =
              isHook(method, "writeObject", ObjectOutputStream.class)
                  || isHook(method, "readObject", ObjectInputStream.class);
          if ((streams && !type.isRecord()) || (replaces && inherited)) {
            return c.getSimpleName() + "." + method.getName();
          }
        }
      }
      return null;
    }

    private static boolean isHook(Method method, String name, Class<?>... parameters) {
      return method.getName().equals(name)
          && Arrays.equals(method.getParameterTypes(), parameters)
          && !Modifier.isStatic(method.getModifiers());
    }

    /** Of a record as declared; otherwise those of the ancestors first, sorted by name. */
    private List<Field> fields() {
      if (type.isRecord()) {
        return Stream.of(type.getRecordComponents()).map(c -> field(c.getName())).toList();
      }
      List<Field> all = new ArrayList<>();
      for (Class<?> c = type; c != null; c = c.getSuperclass()) {
        List<Field> own = new ArrayList<>();
        for (Field field : c.getDeclaredFields()) {
          int modifiers = field.getModifiers();
          if (!Modifier.isStatic(modifiers) && !Modifier.isTransient(modifiers)) {
            refuseIf(
                field.isSynthetic(),
                "it holds on to what surrounds it: make it a static or a top-level class");
            refuseIf(
                c.getClassLoader() == null,
                "it inherits state from " + c.getName() + ": hold one in a field instead");
            own.add(field);
          }
        }
        own.sort(Comparator.comparing(Field::getName));
        all.addAll(0, own);
      }
      return all;
    }

    private Field field(String name) {
      try {
        return type.getDeclaredField(name);
      } catch (NoSuchFieldException e) {
        throw new AssertionError("a record has a field for each component", e);
      }
    }

    /** A name that an ancestor has as well is told apart by its class. */
    private static String[] names(List<Field> fields) {
      String[] names = fields.stream().map(Field::getName).toArray(String[]::new);
      for (int i = 0; i < names.length; i++) {
        String name = fields.get(i).getName();
        if (fields.stream().filter(f -> f.getName().equals(name)).count() > 1) {
          names[i] = fields.get(i).getDeclaringClass().getSimpleName() + "." + name;
        }
      }
      return names;
    }

    private static byte[] schema(String[] names) {
      Output out = new Output(64, -1);
      out.writeVarInt(names.length, true);
      for (String name : names) {
        out.writeString(name);
      }
      return out.toBytes();
    }

    private MethodHandle maker(MethodHandles.Lookup lookup, List<Field> fields)
        throws ReflectiveOperationException {
      Class<?>[] types = fields.stream().map(Field::getType).toArray(Class[]::new);
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return lookup
          .unreflectConstructor(constructor)
          .asSpreader(Object[].class, types.length)
          .asType(MethodType.methodType(Object.class, Object[].class));
    }

    private void refuseIf(boolean is, String reason) {
      if (is) {
        throw refusal(reason);
      }
    }

    private RefusedException refusal(String reason) {
      return new RefusedException(type.getName() + " can't cross the wire: " + reason);
    }
  }

  @Override
  public String toString() {
    return type.getName() + Arrays.toString(names);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.memogrid.internal.store.HashMix.mix;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/** Hashes the objects of one class by the fields they have. */
final class FieldsHasher implements KeyHasher {
  private static final MethodType TO_OBJECT = MethodType.methodType(Object.class, Object.class);

  private final int nameHash;
  private final MethodHandle[] fields;

  private FieldsHasher(int nameHash, MethodHandle[] fields) {
    this.nameHash = nameHash;
    this.fields = fields;
  }

  /** Null if the fields are not ours to read: a class of the JDK, or of a closed module. */
  static @Nullable FieldsHasher of(Class<?> type) {
    if (type.isHidden() || type.isInterface()) {
      return null;
    }
    List<MethodHandle> fields = new ArrayList<>();
    for (Class<?> c = type; c != Object.class && c != Record.class; c = c.getSuperclass()) {
      if (isOfJdk(c)) {
        return null;
      }
      try {
        addFields(c, type.isRecord(), fields);
      } catch (InaccessibleObjectException | IllegalAccessException e) {
        return null;
      }
    }
    return new FieldsHasher(type.getName().hashCode(), fields.toArray(MethodHandle[]::new));
  }

  private static boolean isOfJdk(Class<?> type) {
    String module = type.getModule().getName();
    return module != null && (module.startsWith("java.") || module.startsWith("jdk."));
  }

  /** In the order of their names, since the order of reflection is not specified. */
  private static void addFields(Class<?> type, boolean isRecord, List<MethodHandle> to)
      throws IllegalAccessException {
    Field[] declared = type.getDeclaredFields();
    Arrays.sort(declared, Comparator.comparing(Field::getName));
    for (Field field : declared) {
      int modifiers = field.getModifiers();
      boolean compared = !Modifier.isStatic(modifiers) && !Modifier.isTransient(modifiers);
      if (compared && (isRecord || !field.isSynthetic())) {
        field.setAccessible(true);
        to.add(MethodHandles.lookup().unreflectGetter(field).asType(TO_OBJECT));
      }
    }
  }

  @Override
  public int hash(Object part, Codec codec, int depth) {
    int hash = nameHash;
    for (MethodHandle field : fields) {
      hash = 31 * hash + KeyHash.of(read(field, part), codec, depth + 1);
    }
    return mix(hash);
  }

  private static @Nullable Object read(MethodHandle field, Object owner) {
    try {
      return (Object) field.invokeExact(owner);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a field getter throws nothing checked", e);
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.util.MapReferenceResolver;
import java.util.ArrayList;
import java.util.List;

/**
 * Which objects were met before in a message. Values of the JDK are not remembered. An object that
 * is made from its parts, such as a record, can't be one of them: that is refused when writing,
 * since no reader could rebuild it.
 */
final class References extends MapReferenceResolver {
  private final List<Object> beingWritten = new ArrayList<>();

  /** The object's parts are being written, until {@link #exit}. */
  void enter(Object whole) {
    beingWritten.add(whole);
  }

  void exit() {
    beingWritten.remove(beingWritten.size() - 1);
  }

  void exitAll() {
    beingWritten.clear();
  }

  @Override
  public int getWrittenId(Object object) {
    int id = super.getWrittenId(object);
    if (id != -1) {
      for (int i = beingWritten.size() - 1; i >= 0; i--) {
        if (beingWritten.get(i) == object) {
          throw new RefusedException(
              "an object of "
                  + object.getClass().getName()
                  + " contains itself: only plain classes and mutable collections may");
        }
      }
    }
    return id;
  }

  @Override
  @SuppressWarnings("rawtypes")
  public Object getReadObject(Class type, int id) {
    Object object = super.getReadObject(type, id);
    if (object == null) {
      throw new KryoException("a reference to what is not there yet");
    }
    return object;
  }

  @Override
  @SuppressWarnings("rawtypes")
  public boolean useReferences(Class type) {
    return !JdkClasses.isValue(type) && !Enum.class.isAssignableFrom(type);
  }
}

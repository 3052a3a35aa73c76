/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Registration;
import com.esotericsoftware.kryo.io.Output;
import com.esotericsoftware.kryo.util.DefaultClassResolver;
import org.jspecify.annotations.Nullable;

/**
 * Classes by number if they are the JDK's, by name otherwise, and none that is not allowed. The
 * numbers are constants in the source: no order of registration decides them.
 */
final class GuardedClassResolver extends DefaultClassResolver {
  private final AllowList allowed;

  GuardedClassResolver(AllowList allowed) {
    this.allowed = allowed;
  }

  @Override
  @SuppressWarnings("rawtypes")
  protected void writeName(Output output, Class type, Registration registration) {
    super.writeName(output, registration.getType(), registration);
  }

  /** Called before the class of that name is loaded. */
  @Override
  @SuppressWarnings("rawtypes")
  protected @Nullable Class getTypeByName(@Nullable String name) {
    if (name == null) {
      throw new KryoException("a class without a name");
    }
    Class<?> known = super.getTypeByName(name);
    if (known != null) {
      return known;
    }
    String element = ClassNames.element(name);
    boolean isArray = name.startsWith("[");
    if (!(isArray && (JdkClasses.isElement(element) || ClassNames.isOfPrimitives(name)))
        && !JdkClasses.isListed(element)) {
      allowed.check(element);
    }
    return null;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Default;
import jakarta.enterprise.inject.UnsatisfiedResolutionException;
import jakarta.enterprise.inject.spi.AfterBeanDiscovery;
import jakarta.enterprise.inject.spi.AfterDeploymentValidation;
import jakarta.enterprise.inject.spi.Bean;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.enterprise.inject.spi.BeforeBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.enterprise.inject.spi.ProcessBean;
import jakarta.enterprise.inject.spi.ProcessInjectionPoint;
import jakarta.enterprise.util.Nonbinding;
import jakarta.enterprise.util.TypeLiteral;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import javax.cache.CacheManager;
import javax.cache.annotation.CachePut;
import javax.cache.annotation.CacheRemove;
import javax.cache.annotation.CacheRemoveAll;
import javax.cache.annotation.CacheResult;
import org.memogrid.memo.Memo;

/** How the container finds this module; of no use to programs. */
public final class MemogridExtension implements Extension {
  /** The JSR's annotations, which know an older CDI than the container does. */
  private static final List<Class<? extends Annotation>> BINDINGS =
      List.of(CacheResult.class, CachePut.class, CacheRemove.class, CacheRemoveAll.class);

  private static final List<Class<?>> BEANS =
      List.of(
          Grid.class,
          Producers.class,
          Lookup.class,
          Leases.class,
          ResultInterceptor.class,
          PutInterceptor.class,
          RemoveInterceptor.class,
          RemoveAllInterceptor.class);

  private final List<InjectionPoint> memos = new ArrayList<>();
  private boolean hasManager;

  /** For the container. */
  public MemogridExtension() {}

  void onStart(@Observes BeforeBeanDiscovery start) {
    for (Class<? extends Annotation> binding : BINDINGS) {
      start
          .configureInterceptorBinding(binding)
          .methods()
          .forEach(member -> member.add(Nonbinding.Literal.INSTANCE));
    }
    for (Class<?> bean : BEANS) {
      start.addAnnotatedType(bean, bean.getName());
    }
  }

  void onBean(@Observes ProcessBean<?> found) {
    Bean<?> bean = found.getBean();
    hasManager |=
        bean.getTypes().contains(CacheManager.class)
            && bean.getQualifiers().contains(Default.Literal.INSTANCE);
  }

  <T> void onMemo(@Observes ProcessInjectionPoint<T, Memo<?, ?>> found) {
    memos.add(found.getInjectionPoint());
  }

  void onBeans(@Observes AfterBeanDiscovery discovered) {
    if (!hasManager) {
      discovered
          .<CacheManager>addBean()
          .types(CacheManager.class, Object.class)
          .scope(ApplicationScoped.class)
          .beanClass(MemogridExtension.class)
          .produceWith(beans -> beans.select(Grid.class).get().openManager());
    }
  }

  /** A memo without a function is an error of the application, and seen before it runs. */
  void onEnd(@Observes AfterDeploymentValidation validated, BeanManager manager) {
    Set<Bean<?>> functions =
        manager.getBeans(new TypeLiteral<Function<?, ?>>() {}.getType(), Any.Literal.INSTANCE);
    for (InjectionPoint point : memos) {
      Clustered wanted = Grid.find(point.getQualifiers());
      if (wanted != null
          && functions.stream().noneMatch(bean -> Grid.isNamed(bean, wanted.value()))) {
        validated.addDeploymentProblem(
            new UnsatisfiedResolutionException(Grid.noFunction(wanted.value(), point)));
      }
    }
  }
}

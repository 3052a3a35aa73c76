/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The features on one member, which start from the lowest layer up and stop from the highest down.
 */
final class Features {
  private static final Logger LOG = LoggerFactory.getLogger(Features.class);

  private final List<Feature> found = new ArrayList<>();
  private final List<Feature> started = new ArrayList<>();

  Features() {
    this(ServiceLoader.load(Feature.class, Feature.class.getClassLoader()));
  }

  Features(Iterable<Feature> features) {
    features.forEach(found::add);
    found.sort(Comparator.comparing(Feature::layer)); // the class path's order is anybody's
  }

  void start(Node node) {
    for (Feature feature : found) {
      started.add(feature);
      feature.start(node);
    }
  }

  void stop() {
    for (int i = started.size() - 1; i >= 0; i--) {
      Feature feature = started.get(i);
      try {
        feature.stop();
      } catch (RuntimeException | Error e) {
        LOG.error("feature {} failed to stop", feature.getClass().getName(), e);
      }
    }
    started.clear();
  }

  <F extends Feature> F get(Class<F> type) {
    for (Feature feature : found) {
      if (type.isInstance(feature)) {
        return type.cast(feature);
      }
    }
    throw new IllegalStateException(
        "no feature "
            + type.getName()
            + " on this member: add the module that brings it, with its META-INF/services, to the"
            + " class path");
  }
}

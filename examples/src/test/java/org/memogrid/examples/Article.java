/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import jakarta.persistence.Cacheable;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import org.hibernate.annotations.Cache;
import org.hibernate.annotations.CacheConcurrencyStrategy;

/**
 * An entity that Hibernate keeps in the cluster. A change takes it out of the cache, and the next
 * reader puts in what the database has; Hibernate's {@code READ_WRITE} would lock inside one JVM.
 */
@Entity
@Cacheable
@Cache(usage = CacheConcurrencyStrategy.NONSTRICT_READ_WRITE, region = "articles")
@SuppressWarnings("NullAway.Init") // Hibernate does that
class Article {
  @Id private String sku;
  private int price;

  Article() {}

  Article(String sku, int price) {
    this.sku = sku;
    this.price = price;
  }

  String sku() {
    return sku;
  }

  int price() {
    return price;
  }

  void price(int price) {
    this.price = price;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import jakarta.transaction.TransactionManager;

/** A JTA manager of this process, whose log is below {@code target}. */
final class Narayana {
  static {
    String log = "target/narayana/" + ProcessHandle.current().pid();
    System.setProperty("ObjectStoreEnvironmentBean.objectStoreDir", log);
    System.setProperty("ObjectStoreEnvironmentBean.communicationStore.objectStoreDir", log);
    System.setProperty("ObjectStoreEnvironmentBean.stateStore.objectStoreDir", log);
    System.setProperty(
        "CoreEnvironmentBean.nodeIdentifier", Long.toString(ProcessHandle.current().pid()));
  }

  private Narayana() {}

  static TransactionManager manager() {
    return com.arjuna.ats.jta.TransactionManager.transactionManager();
  }
}

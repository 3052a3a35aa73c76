/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import jakarta.transaction.TransactionManager;

/** A JTA manager of this process, whose log is below {@code target}. */
final class Narayana {
  /** The system property for the name of one that comes back with its log in another process. */
  static final String NODE = "memogrid.test.narayana";

  static {
    String node =
        System.getProperty(
            NODE, Long.toString(ProcessHandle.current().pid())); // of at most 28 bytes
    String log = "target/narayana/" + node;
    System.setProperty("ObjectStoreEnvironmentBean.objectStoreDir", log);
    System.setProperty("ObjectStoreEnvironmentBean.communicationStore.objectStoreDir", log);
    System.setProperty("ObjectStoreEnvironmentBean.stateStore.objectStoreDir", log);
    System.setProperty("CoreEnvironmentBean.nodeIdentifier", node);
  }

  private Narayana() {}

  static TransactionManager manager() {
    return com.arjuna.ats.jta.TransactionManager.transactionManager();
  }
}

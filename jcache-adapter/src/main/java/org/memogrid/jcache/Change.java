/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/** What was there, and whether it was changed. */
record Change(@Nullable Envelope before, boolean done) {}

/* SPDX-License-Identifier: Apache-2.0 */
/** Steps joined by queues, each run on any member, with an answer for the caller. */
@NullMarked
package org.memogrid.pipeline;

import org.jspecify.annotations.NullMarked;

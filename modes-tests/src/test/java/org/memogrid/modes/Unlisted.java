/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

/** A class of a user that is not on the allow list. */
record Unlisted(int number) {}

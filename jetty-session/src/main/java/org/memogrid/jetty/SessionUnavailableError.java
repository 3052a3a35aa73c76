/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpStatus;

/**
 * The cluster could not say what a session holds, or could not keep what a request changed. The
 * request fails with status 503 and its session stays as it was; the cause says why.
 *
 * <p>It is an {@link Error} because of what Jetty's session manager does with an exception of a
 * store: it logs it and goes on as if there were no such session, so a failure would log the user
 * out, or drop what the request wrote.
 */
public final class SessionUnavailableError extends Error implements HttpException {
  private static final long serialVersionUID = 1L;

  SessionUnavailableError(String message, Throwable cause) {
    super(message, cause);
  }

  /** 503: the client may try again, here or on another node. */
  @Override
  public int getCode() {
    return HttpStatus.SERVICE_UNAVAILABLE_503;
  }

  @Override
  public String getReason() {
    return "the session is not available";
  }
}

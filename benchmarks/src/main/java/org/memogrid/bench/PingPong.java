/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * Some bytes over a plain TCP connection of the loopback and back: what a round trip costs at
 * least, and so the measure of all others.
 */
final class PingPong implements AutoCloseable {
  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private final byte[] message;

  private PingPong(Socket socket, int bytes) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
    this.message = new byte[bytes];
    socket.setTcpNoDelay(true);
  }

  /** Answers the first that connects, in a thread of its own. */
  static void answer(int port, int bytes) throws IOException {
    ServerSocket server = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
    Thread answering =
        new Thread(
            () -> {
              try (server;
                  PingPong peer = new PingPong(server.accept(), bytes)) {
                peer.echo();
              } catch (EOFException over) {
                // the other process has ended
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            "ping-pong");
    answering.setDaemon(true);
    answering.start();
  }

  static PingPong with(int port, int bytes) throws IOException {
    return new PingPong(new Socket(InetAddress.getLoopbackAddress(), port), bytes);
  }

  private void echo() throws IOException {
    while (true) {
      in.readFully(message);
      out.write(message);
    }
  }

  /** There and back; the answer. */
  byte[] trip() throws IOException {
    out.write(message);
    in.readFully(message);
    return message;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

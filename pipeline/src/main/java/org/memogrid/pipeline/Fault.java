/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was thrown, as it travels.
 *
 * @param thrown itself, on the member where it was; null elsewhere
 */
record Fault(String type, String text, List<Frame> frames, @Nullable Throwable thrown) {
  private static final int FRAMES = 24;
  private static final int TEXT = 8_192;

  /** A line of a stack trace. */
  record Frame(String type, String method, String file, int line) {}

  static Fault of(Throwable thrown) {
    StackTraceElement[] trace = thrown.getStackTrace();
    List<Frame> frames =
        List.of(trace).subList(0, Math.min(trace.length, FRAMES)).stream()
            .map(
                at ->
                    new Frame(
                        at.getClassName(),
                        at.getMethodName(),
                        String.valueOf(at.getFileName()),
                        at.getLineNumber()))
            .toList();
    return new Fault(thrown.getClass().getName(), text(thrown), frames, thrown);
  }

  /** Also of one whose own text fails: somebody waits for it. */
  static String text(Throwable thrown) {
    try {
      String text = thrown.toString();
      return text.length() > TEXT ? text.substring(0, TEXT) + "..." : text;
    } catch (RuntimeException | Error e) {
      return thrown.getClass().getName();
    }
  }

  /** What it takes on the wire, about. */
  int size() {
    int size = type.length() + text.length();
    for (Frame at : frames) {
      size += 10 + at.type.length() + at.method.length() + at.file.length();
    }
    return size;
  }

  Throwable toThrow() {
    if (thrown != null) {
      return thrown;
    }
    return new RemoteFailure(
        type,
        text,
        frames.stream()
            .map(at -> new StackTraceElement(at.type, at.method, at.file, at.line))
            .toArray(StackTraceElement[]::new));
  }

  void write(DataOutput out) throws IOException {
    out.writeUTF(type);
    writeText(text, out);
    out.writeByte(frames.size());
    for (Frame at : frames) {
      out.writeUTF(at.type);
      out.writeUTF(at.method);
      out.writeUTF(at.file);
      out.writeInt(at.line);
    }
  }

  static Fault read(DataInput in) throws IOException {
    String type = in.readUTF();
    String text = readText(in);
    Frame[] frames = new Frame[in.readByte()];
    for (int i = 0; i < frames.length; i++) {
      frames[i] = new Frame(in.readUTF(), in.readUTF(), in.readUTF(), in.readInt());
    }
    return new Fault(type, text, List.of(frames), null);
  }

  static void writeText(String text, DataOutput out) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static String readText(DataInput in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    if (bytes.length == 0) {
      return "";
    }
    in.readFully(bytes);
    return new String(bytes, UTF_8);
  }
}

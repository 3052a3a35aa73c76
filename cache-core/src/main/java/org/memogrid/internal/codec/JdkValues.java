/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.net.URI;
import java.util.BitSet;
import java.util.Date;
import java.util.Locale;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** How the JDK's values are written that Kryo has no way for, or a way too trusting. */
@SuppressWarnings("JavaUtilDate")
final class JdkValues {
  static final Serializer<UUID> UUIDS =
      of(
          (out, id) -> {
            out.writeLong(id.getMostSignificantBits());
            out.writeLong(id.getLeastSignificantBits());
          },
          in -> new UUID(in.readLong(), in.readLong()));

  static final Serializer<Locale> LOCALES =
      of(
          (out, locale) -> out.writeString(locale.toLanguageTag()),
          in -> Locale.forLanguageTag(in.readString()));

  static final Serializer<URI> URIS =
      of((out, uri) -> out.writeString(uri.toString()), in -> URI.create(in.readString()));

  static final Serializer<Date> DATES =
      of((out, date) -> out.writeLong(date.getTime()), in -> new Date(in.readLong()));

  static final Serializer<BitSet> BIT_SETS =
      of(
          (out, bits) -> {
            byte[] bytes = bits.toByteArray();
            out.writeVarInt(bytes.length, true);
            out.writeBytes(bytes);
          },
          in -> BitSet.valueOf(in.readBytes(in.readVarInt(true))));

  static final Serializer<boolean[]> BOOLEANS =
      of(
          (out, booleans) -> {
            out.writeVarInt(booleans.length, true);
            out.writeBooleans(booleans, 0, booleans.length);
          },
          in -> in.readBooleans(in.readVarInt(true)));

  private JdkValues() {}

  /** Something of which there is one. */
  static <T> Serializer<T> only(T one) {
    return of((out, value) -> {}, in -> one);
  }

  private static <T> Serializer<T> of(BiConsumer<Output, T> writer, Function<Input, T> reader) {
    return new Serializer<>(false, true) {
      @Override
      public void write(Kryo engine, Output out, T value) {
        writer.accept(out, value);
      }

      @Override
      public T read(Kryo engine, Input in, Class<? extends T> type) {
        return reader.apply(in);
      }
    };
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoOptionsTest {
  @Test
  void thePortAloneIsEnough() {
    assertThat(parse("--port", "8080"))
        .isEqualTo(
            new DemoOptions(
                8080,
                "node-8080",
                "memogrid-demo",
                7800,
                List.of(),
                Duration.ZERO,
                DemoOptions.App.CLUSTER,
                null));
  }

  @Test
  void everyOptionIsTaken() {
    assertThat(
            parse(
                "--seeds", "10.0.0.1:7800,[::1]:7801",
                "--cluster-port", "7900",
                "--cluster-name", "blue",
                "--node-name", "a",
                "--drain", "2",
                "--app", "cluster",
                "--data", "below/here",
                "--port", "0"))
        .isEqualTo(
            new DemoOptions(
                0,
                "a",
                "blue",
                7900,
                List.of("10.0.0.1:7800", "[::1]:7801"),
                Duration.ofSeconds(2),
                DemoOptions.App.CLUSTER,
                Path.of("below", "here")));
  }

  @Test
  void theFirstDemoMayBeChosen() {
    assertThat(parse("--port", "0", "--app", "counter").app()).isEqualTo(DemoOptions.App.COUNTER);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--prot 8080                     | unknown option --prot",
        "8080                            | unknown option 8080",
        "--port                          | --port needs a value",
        "--app counters                  | --app is counters: give cluster or counter",
        "--port --node-name              | --port needs a value",
        "--port 65536                    | --port is 65536: give a number from 0 to 65535",
        "--port eighty                   | --port is eighty: give a number from 0 to 65535",
        "--port 1 --port 2               | --port is given twice: 1 and 2",
        "--port 1 --cluster-port 0       | --cluster-port is 0: give a number from 1 to 65535",
        "--port 1 --seeds a              | --seeds has 'a': give HOST:PORT, separated by commas",
        "--port 1 --seeds a:1,           | --seeds has '': give HOST:PORT, separated by commas",
        "--port 1 --seeds a:x            | the port in --seeds a:x is x: give a number",
        "--port 1 --drain 61             | --drain is 61: give a number from 0 to 60",
        "--port 1 --data                 | --data needs a value",
        "--port 1 --data a --data b      | --data is given twice: a and b",
        "--port 1 --data a --app counter | --data is given, but --app counter keeps nothing",
        "--node-name a                   | --port is missing",
      })
  void aBadLineIsRefusedWithWhatToChange(String line, String message) {
    assertThatThrownBy(() -> parse(line.split(" ")))
        .isInstanceOf(DemoOptions.UsageException.class)
        .hasMessageStartingWith(message);
  }

  private static DemoOptions parse(String... args) {
    return DemoOptions.parse(List.of(args));
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.WindowStore;

/** NPS counts by region over 1 h, each minute: `Nps BOOTSTRAP IN OUT GROUP STATE_DIR hopping|panes`. */
public class Nps {
  static final ObjectMapper JSON = new ObjectMapper();
  static final Duration HOUR = Duration.ofHours(1), MINUTE = Duration.ofMinutes(1);
  static final Duration GRACE = Duration.ofSeconds(10);

  /** Promoters, passives and detractors, as text: `1,0,0`. */
  static String add(String one, String other) {
    String[] a = one.split(","), b = other.split(",");
    return (Long.parseLong(a[0]) + Long.parseLong(b[0]))
        + "," + (Long.parseLong(a[1]) + Long.parseLong(b[1]))
        + "," + (Long.parseLong(a[2]) + Long.parseLong(b[2]));
  }

  static String category(JsonNode answer) {
    int score = answer.get("score").asInt();
    return score >= 9 ? "1,0,0" : score >= 7 ? "0,1,0" : "0,0,1";
  }

  static JsonNode parse(byte[] value) {
    try {
      return JSON.readTree(value);
    } catch (java.io.IOException error) {
      throw new java.io.UncheckedIOException(error);
    }
  }

  static KTable<Windowed<String>, String> sums(
      KGroupedStream<String, String> answers, TimeWindows windows) {
    return answers
        .windowedBy(windows)
        .aggregate(
            () -> "0,0,0",
            (region, one, sum) -> add(sum, one),
            Materialized.<String, String, WindowStore<Bytes, byte[]>>with(
                Serdes.String(), Serdes.String()));
  }

  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    Serde<String> text = Serdes.String();
    StreamsBuilder builder = new StreamsBuilder();
    KGroupedStream<String, String> answers =
        builder
            .stream(
                arguments[1],
                Consumed.with(text, Serdes.ByteArray())
                    .withTimestampExtractor(
                        (record, before) ->
                            Instant.parse(parse((byte[]) record.value()).get("at").asText())
                                .toEpochMilli()))
            .mapValues(value -> category(parse(value)))
            .groupByKey(Grouped.with(text, text));
    TimeWindows hour = TimeWindows.ofSizeAndGrace(HOUR, GRACE).advanceBy(MINUTE);
    KTable<Windowed<String>, String> sums =
        arguments[5].equals("hopping")
            ? sums(answers, hour)
            : sums(
                sums(answers, TimeWindows.ofSizeAndGrace(MINUTE, GRACE))
                    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                    .toStream()
                    .selectKey((window, sum) -> window.key())
                    .groupByKey(Grouped.with(text, text)),
                hour);
    sums.toStream()
        .map((window, sum) -> new KeyValue<>(window.key() + "|" + window.window().end(), sum))
        .to(arguments[2], Produced.with(text, text));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}

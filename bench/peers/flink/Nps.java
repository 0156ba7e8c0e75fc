import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** NPS counts by region over 1 h, each minute: `Nps BOOTSTRAP IN OUT GROUP`; one JVM, exactly once. */
public class Nps {
  static final String IN =
      """
      CREATE TABLE answers (
        `at` TIMESTAMP_LTZ(3), score INT, dims ROW<region STRING>,
        WATERMARK FOR `at` AS `at` - INTERVAL '1' SECOND
      ) WITH (
        'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
        'properties.group.id' = '%s', 'properties.isolation.level' = 'read_committed',
        'scan.startup.mode' = 'earliest-offset', 'format' = 'json',
        'json.timestamp-format.standard' = 'ISO-8601'
      )""";
  static final String OUT =
      """
      CREATE TABLE sums (`value` STRING) WITH (
        'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
        'properties.transaction.timeout.ms' = '600000', 'format' = 'raw',
        'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '%s'
      )""";
  static final String QUERY =
      """
      INSERT INTO sums
      SELECT CONCAT(dims.region, '|',
               CAST(1000 * UNIX_TIMESTAMP(DATE_FORMAT(window_end, 'yyyy-MM-dd HH:mm:ss')) AS STRING),
               '|', CAST(SUM(IF(score >= 9, 1, 0)) AS STRING),
               ',', CAST(SUM(IF(score BETWEEN 7 AND 8, 1, 0)) AS STRING),
               ',', CAST(SUM(IF(score < 7, 1, 0)) AS STRING))
      FROM TABLE(HOP(TABLE answers, DESCRIPTOR(`at`), INTERVAL '1' MINUTE, INTERVAL '1' HOUR))
      GROUP BY dims.region, window_start, window_end""";

  public static void main(String[] arguments) {
    Configuration settings = new Configuration();
    settings.setString("execution.checkpointing.interval", "1 s");
    settings.setString("table.local-time-zone", "UTC");
    settings.setString("parallelism.default", "2");
    TableEnvironment table =
        TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(settings).build());
    table.executeSql(IN.formatted(arguments[1], arguments[0], arguments[3]));
    table.executeSql(OUT.formatted(arguments[2], arguments[0], arguments[3]));
    table.executeSql(QUERY);
  }
}

// A participant in Java: ships, and calls shipments back. It does not ship to the moon.
//
// Reading the command, noting what was done, answering and committing the offset are one Kafka
// transaction: all of it happened, exactly once, or none of it. What was done is a record of a
// compacted topic, which has as many partitions as the command topic; whoever gets a partition of
// commands reads the same partition of that topic first. If anything fails the process ends, and the
// next one begins where the last transaction was committed. See ../README.md.
//
//   java -cp 'LIBS/*' Shipping.java BOOTSTRAP_SERVERS COMMAND_TOPIC DONE_TOPIC NAME

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Shipping implements ConsumerRebalanceListener {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String brokers, commands, done;
    private final Map<String, JsonNode> shipments = new HashMap<>(); // By idempotency key.
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaProducer<byte[], byte[]> producer;
    private volatile boolean stopping;

    private Shipping(String brokers, String commands, String done, String name) {
        this.brokers = brokers;
        this.commands = commands;
        this.done = done;
        consumer = reader(Map.of("group.id", commands, "group.instance.id", name));
        producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", brokers, "transactional.id", commands + "-" + name,
                   "transaction.timeout.ms", 10000),
            new ByteArraySerializer(), new ByteArraySerializer());
    }

    private KafkaConsumer<byte[], byte[]> reader(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(more);
        settings.put("bootstrap.servers", brokers);
        settings.put("isolation.level", "read_committed"); // Java's default is another.
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("session.timeout.ms", 10000);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** The work itself: what is kept for a command, of which `answer` is what the flow is told. */
    private JsonNode handle(String undone, byte[] command) {
        ObjectNode shipment = JSON.createObjectNode();
        ObjectNode answer = shipment.putObject("answer");
        try {
            JsonNode order = JSON.readTree(command);
            shipment.put("orderId", order.required("orderId").asText());
            if (undone != null) { // Perhaps there is nothing to call back, and that is fine.
                boolean shipped = shipments.containsKey(undone)
                    && shipments.get(undone).at("/answer/ok").asBoolean();
                shipment.put("undone", undone).put("calledBack", shipped);
                answer.put("ok", true);
            } else if (order.path("address").asText().equals("Moon")) {
                answer.put("ok", false).put("error", "NoCarrier").put("reason", "no carrier goes there");
            } else {
                answer.put("ok", true).put("trackingId", "T-" + order.get("orderId").asText());
            }
        } catch (IOException | IllegalArgumentException error) { // It would fail again for ever.
            answer.put("ok", false).put("error", "validation").put("reason", error.getMessage());
        }
        return shipment;
    }

    private void answer(ConsumerRecord<byte[], byte[]> command) throws IOException {
        String key = header(command, "idempotency-key");
        String replyTopic = header(command, "reply-topic");
        if (key == null) {
            return; // Not of baton.
        }
        if (!shipments.containsKey(key)) {
            shipments.put(key, handle(header(command, "baton-undo-of"), command.value()));
            producer.send(new ProducerRecord<>(done, command.partition(), key.getBytes(),
                                               JSON.writeValueAsBytes(shipments.get(key))));
        }
        if (replyTopic != null) { // Otherwise nobody waits.
            ProducerRecord<byte[], byte[]> reply = new ProducerRecord<>(
                replyTopic, command.key(), JSON.writeValueAsBytes(shipments.get(key).get("answer")));
            command.headers().headers("correlation-id").forEach(reply.headers()::add);
            producer.send(reply);
        }
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value());
    }

    private void run() throws IOException {
        producer.initTransactions(); // Ends what the last process of this name left open.
        consumer.subscribe(List.of(commands), this);
        while (!stopping) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(500));
            if (records.isEmpty()) {
                continue;
            }
            Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
            producer.beginTransaction();
            for (ConsumerRecord<byte[], byte[]> command : records) {
                answer(command);
                next.put(new TopicPartition(command.topic(), command.partition()),
                         new OffsetAndMetadata(command.offset() + 1));
            }
            // Refused if the partitions have another owner by now: then nothing has happened.
            producer.sendOffsetsToTransaction(next, consumer.groupMetadata());
            producer.commitTransaction();
        }
    }

    /** Learn what the former owners have done. */
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        // Waits until no transaction of a former owner is pending: it counts, or will never.
        consumer.committed(Set.copyOf(partitions));
        Map<TopicPartition, OffsetSpec> parts = new HashMap<>();
        partitions.forEach(
            part -> parts.put(new TopicPartition(done, part.partition()), OffsetSpec.latest()));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers));
             KafkaConsumer<byte[], byte[]> table = reader(Map.of())) {
            // The very ends, not the ends of what is committed: behind an open transaction of
            // somebody who died there may be committed ones.
            var ends = admin.listOffsets(parts).all().get();
            table.assign(parts.keySet());
            table.seekToBeginning(parts.keySet());
            while (parts.keySet().stream()
                   .anyMatch(part -> table.position(part) < ends.get(part).offset())) {
                for (ConsumerRecord<byte[], byte[]> record : table.poll(Duration.ofMillis(100))) {
                    shipments.put(new String(record.key()), JSON.readTree(record.value()));
                }
            }
        } catch (IOException | ExecutionException | InterruptedException error) {
            throw new IllegalStateException("cannot read " + done, error);
        }
    }

    /** Only what is owned is known: another owner goes on with the rest. */
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        shipments.clear(); // All partitions are given back before new ones come (range assignor).
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            System.err.println("usage: Shipping BOOTSTRAP_SERVERS COMMAND_TOPIC DONE_TOPIC NAME");
            System.exit(2);
        }
        Shipping shipping = new Shipping(args[0], args[1], args[2], args[3]);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { // SIGTERM: finish the turn.
            shipping.stopping = true;
            try {
                main.join();
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        }));
        try (shipping.consumer; shipping.producer) {
            shipping.run();
        }
    }
}

"""The servers of the tests do what the other tests take for granted."""

import os
import sys
import tempfile
import unittest
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import process
import resp
import servers
import wait

# Its first thread ends by itself (system call 60 is `exit`); the other goes on until it is told.
FIRST_THREAD_ENDS = """
import ctypes, platform, sys, threading
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
"""


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def create_topic(brokers, name):
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.create_topics([NewTopic(name, 1, 1)]).values():
        future.result(30)


def produce(brokers, topic, value):
    producer = Producer({"bootstrap.servers": brokers, "acks": "all"})
    failures = []
    producer.produce(topic, value, on_delivery=lambda error, _: error and failures.append(error))
    producer.flush(30)
    if failures:
        raise KafkaException(failures[0])


def first_value(brokers, topic):
    """The value of the first record that a reader of committed records sees."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "none",
                         "isolation.level": "read_committed"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = wait.until(lambda: consumer.poll(1.0), 30, f"a record of {topic}")
        return message.value()
    finally:
        consumer.close()


class SharedServers(unittest.TestCase):
    def test_kafka_takes_and_gives_a_record(self):
        brokers, topic = os.environ["KAFKA_BROKERS"], f"servers-{uuid.uuid4()}"
        create_topic(brokers, topic)
        produce(brokers, topic, b"value")
        self.assertEqual(first_value(brokers, topic), b"value")

    def test_kafka_creates_no_topic_by_its_name(self):
        producer = Producer({"bootstrap.servers": os.environ["KAFKA_BROKERS"],
                             "topic.metadata.propagation.max.ms": 0})
        errors = []
        producer.produce(f"absent-{uuid.uuid4()}", b"value",
                         on_delivery=lambda error, _: errors.append(error.code()))
        producer.flush(30)
        self.assertEqual(errors, [KafkaError.UNKNOWN_TOPIC_OR_PART])

    def test_redis_answers(self):
        host, _, port = os.environ["REDIS_URL"].split("/")[2].partition(":")
        with resp.Client(host, int(port)) as redis:
            self.assertEqual(redis("PING"), b"PONG")


class Processes(unittest.TestCase):
    def test_process_is_alive_until_its_last_thread_has_ended(self):
        # A server that is killed may hold its port a little longer than its first thread lives.
        with tempfile.TemporaryDirectory() as directory:
            reader, writer = os.pipe()
            one = process.Process("one", [sys.executable, "-c", FIRST_THREAD_ENDS],
                                  os.path.join(directory, "log"), lambda: state(one.pid) == "Z")
            one.start(30, outlive=False, stdin=reader)
            self.assertTrue(one.alive())
            os.close(reader)
            os.close(writer)
            wait.until(lambda: not one.alive(), 30, "the end of the last thread")


class OwnServers(unittest.TestCase):
    def test_killed_broker_comes_back_on_its_port_with_its_records(self):
        with tempfile.TemporaryDirectory() as directory, servers.Kafka(directory) as kafka:
            port, topic = kafka.port, "kept"
            create_topic(kafka.address, topic)
            produce(kafka.address, topic, b"before")
            kafka.kill9()
            with self.assertRaises(OSError):
                kafka.is_ready()
            kafka.restart()
            self.assertEqual(kafka.port, port)
            self.assertEqual(first_value(kafka.address, topic), b"before")

    def test_killed_redis_comes_back_with_its_keys(self):
        with tempfile.TemporaryDirectory() as directory, servers.Redis(directory) as redis:
            redis.command("SET", "key", "value")
            wait.until(lambda: b"aof_pending_bio_fsync:0" in redis.command("INFO", "persistence"),
                       10, "the key on disk")
            redis.kill9()
            redis.restart()
            self.assertEqual(redis.command("GET", "key"), b"value")

    def test_frozen_redis_answers_after_it_is_thawed(self):
        with tempfile.TemporaryDirectory() as directory, servers.Redis(directory) as redis:
            redis.sigstop()
            with self.assertRaises(TimeoutError), \
                    resp.Client("127.0.0.1", redis.port, timeout_s=0.3) as client:
                client("PING")
            redis.sigcont()
            self.assertEqual(redis.command("PING"), b"PONG")


if __name__ == "__main__":
    unittest.main()

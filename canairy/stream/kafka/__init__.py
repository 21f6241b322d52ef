"""The broker port on Apache Kafka, by kafka-python; nothing outside this package imports the client."""

from canairy.stream.kafka.channel import KafkaChannel
from canairy.stream.kafka.producer import KafkaProducer
from canairy.stream.kafka.reader import KafkaReader

__all__ = ["KafkaChannel", "KafkaProducer", "KafkaReader"]

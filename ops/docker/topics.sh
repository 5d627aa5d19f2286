#!/bin/bash
# Create the topics which the services of workflows/estate.yaml share with baton, if they are absent.
set -euo pipefail

for topic in orders.created orders.confirmed orders.rejected \
    inventory.commands inventory.replies payments.commands payments.replies \
    shipping.commands shipping.replies; do
    /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:9092 --create --if-not-exists \
        --topic "$topic" --partitions 4 --replication-factor 1
done

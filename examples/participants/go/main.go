// A participant in Go: captures and refunds payments, up to 500.
//
// What was done and the answer to it are one line of a journal, which is on the disk before anybody is
// answered: that line is the payment. Started again, it reads the journal and knows what it has done.
// The offset is committed when the broker has acknowledged the answer. See ../README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"
)

type answer struct {
	Ok        bool   `json:"ok"`
	PaymentID string `json:"paymentId,omitempty"`
	Error     string `json:"error,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// handle does the work of one command: the effect is the entry that it gives.
func handle(done *journal, key, undone string, command []byte) entry {
	var order struct {
		OrderID string  `json:"orderId"`
		Amount  float64 `json:"amount"`
	}
	if err := json.Unmarshal(command, &order); err != nil {
		return entry{Key: key, Answer: answer{Error: "validation", Reason: err.Error()}}
	}
	switch {
	case undone != "": // Refunds what that command captured: perhaps nothing, and that is fine.
		return entry{Key: key, Order: order.OrderID, Undone: undone,
			Amount: -done.entries[undone].Amount, Answer: answer{Ok: true}}
	case order.Amount > 500:
		return entry{Key: key, Order: order.OrderID,
			Answer: answer{Error: "Declined", Reason: "above the limit of the card"}}
	}
	return entry{Key: key, Order: order.OrderID, Amount: order.Amount,
		Answer: answer{Ok: true, PaymentID: "P-" + order.OrderID}}
}

// answers does what is new among the records, and gives the reply to each that awaits one.
func answers(done *journal, records []*kgo.Record) (replies []*kgo.Record, err error) {
	for _, record := range records {
		headers := map[string]string{}
		for _, header := range record.Headers {
			headers[header.Key] = string(header.Value)
		}
		key := headers["idempotency-key"]
		if key == "" {
			log.Printf("%s/%d/%d is not of baton, passed over", record.Topic, record.Partition, record.Offset)
			continue
		}
		if _, known := done.entries[key]; !known {
			if err := done.add(handle(done, key, headers["baton-undo-of"], record.Value)); err != nil {
				return nil, err
			}
		}
		if headers["reply-topic"] == "" {
			continue // Nobody waits.
		}
		value, err := json.Marshal(done.entries[key].Answer)
		if err != nil {
			return nil, err
		}
		replies = append(replies, &kgo.Record{Topic: headers["reply-topic"], Key: record.Key, Value: value,
			Headers: []kgo.RecordHeader{{Key: "correlation-id", Value: []byte(headers["correlation-id"])}}})
	}
	return replies, done.sync()
}

func run(ctx context.Context, brokers, topic, file string) error {
	done, err := openJournal(file)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers), kgo.ConsumerGroup(topic), kgo.InstanceID(topic+"-1"),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll())
	if err != nil {
		return err
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 500)
		fetches.EachError(func(topic string, partition int32, err error) {
			if ctx.Err() == nil {
				log.Printf("%s/%d: %v", topic, partition, err) // The client tries again.
			}
		})
		replies, err := answers(done, fetches.Records())
		if err != nil {
			return err
		}
		// What was taken is finished, also when it is time to stop.
		if err := client.ProduceSync(context.Background(), replies...).FirstErr(); err != nil {
			return fmt.Errorf("an answer was not delivered: %w", err)
		}
		if err := client.CommitRecords(context.Background(), fetches.Records()...); err != nil {
			log.Printf("offsets not committed: %v", err) // Whoever gets the commands answers once more.
		}
		client.AllowRebalance()
	}
	return nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintf(os.Stderr, "usage: %s BOOTSTRAP_SERVERS COMMAND_TOPIC JOURNAL_FILE\n", os.Args[0])
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

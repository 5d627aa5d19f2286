package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

// An entry says what was done for an idempotency key, and what was answered.
type entry struct {
	Key    string  `json:"key"`
	Order  string  `json:"order,omitempty"`
	Undone string  `json:"undone,omitempty"`
	Amount float64 `json:"amount"` // Captured; below zero: refunded.
	Answer answer  `json:"answer"`
}

// A journal is a file of entries, one a line. One process writes it: the lock says so. Where several
// run, let a unique key in their common database decide instead.
type journal struct {
	file    *os.File
	entries map[string]entry
	dirty   bool
}

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// A last line without its end was being written when the power failed: nobody was answered yet.
	whole := int64(bytes.LastIndexByte(text, '\n') + 1)
	if err := file.Truncate(whole); err != nil {
		return nil, err
	}
	if _, err := file.Seek(whole, 0); err != nil {
		return nil, err
	}
	done := &journal{file: file, entries: map[string]entry{}, dirty: true}
	for number, line := range bytes.Split(text[:whole], []byte("\n")) {
		var one entry
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number+1, err)
		}
		done.entries[one.Key] = one
	}
	// What another life has written may not be on the disk yet, and will be answered from now on.
	return done, done.sync()
}

// add writes an entry; it counts when sync has returned.
func (done *journal) add(one entry) error {
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	done.entries[one.Key] = one
	done.dirty = true
	_, err = done.file.Write(append(line, '\n'))
	return err
}

// sync returns when all entries are on the disk.
func (done *journal) sync() error {
	if !done.dirty {
		return nil
	}
	done.dirty = false
	return done.file.Sync()
}

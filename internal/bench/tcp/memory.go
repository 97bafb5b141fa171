package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ediport/ediport/internal/bench/measure"
)

const (
	// memoryRounds is the most that are needed: the figure hardly varies.
	memoryRounds = 2

	// firstMessage is what each idle connection has exchanged once.
	firstMessage = 1 << 10
)

const (
	freshKiB = "KiB/connection, fresh"
	usedKiB  = "KiB/connection, after a message"
)

// measureMemory holds many connections open on which nothing happens.
func measureMemory(ctx context.Context, p *plan) (*measure.Sheet, error) {
	sheet := newSheet("Resident memory of idle connections",
		measure.Column{Name: freshKiB, Digits: 2, Ratio: true},
		measure.Column{Name: usedKiB, Digits: 2, Ratio: true})
	what := fmt.Sprintf("%d idle", p.idle)
	progress("memory, " + what)
	for range min(p.rounds, memoryRounds) {
		// New servers for each round: what a process has used once it seldom
		// gives back.
		err := p.inTurns(ctx, 1, func(s *peer) error {
			fresh, used, err := s.memory(ctx, p.idle)
			sheet.Add(what, s.kind, fresh, used)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return sheet, nil
}

// memory returns KiB for each of n connections: fresh, and after a message.
func (s *peer) memory(ctx context.Context, n int) (fresh, used float64, err error) {
	x := measure.Echo(firstMessage)
	if err := s.warm(ctx, x); err != nil {
		return 0, 0, err
	}
	empty, err := s.resident()
	if err != nil {
		return 0, 0, err
	}
	descriptors, err := s.Descriptors()
	if err != nil {
		return 0, 0, err
	}
	clients, err := measure.DialAll(ctx, s.Dialer, n)
	if err != nil {
		return 0, 0, err
	}
	defer clients.Close()
	if err := s.accepted(ctx, descriptors+n); err != nil {
		return 0, 0, err
	}
	dialled, err := s.resident()
	if err != nil {
		return 0, 0, err
	}
	if err := clients.Once(x); err != nil {
		return 0, 0, err
	}
	exchanged, err := s.resident()
	each := func(rss int64) float64 { return float64(rss-empty) / float64(n) / (1 << 10) }
	return each(dialled), each(exchanged), err
}

// warm has the server serve one client, so that what it needs once for all is
// not taken for a part of the connections.
func (s *peer) warm(ctx context.Context, x measure.Exchange) error {
	clients, err := measure.DialAll(ctx, s.Dialer, 1)
	if err != nil {
		return err
	}
	defer clients.Close()
	return clients.Once(x)
}

// resident is the memory of the server when it rests.
func (s *peer) resident() (int64, error) {
	if err := s.Settle(); err != nil {
		return 0, err
	}
	return s.RSS()
}

// accepted waits until the server has so many descriptors open: a client
// is connected when the kernel has put it into the backlog.
func (s *peer) accepted(ctx context.Context, descriptors int) error {
	for {
		n, err := s.Descriptors()
		if err != nil || n >= descriptors {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

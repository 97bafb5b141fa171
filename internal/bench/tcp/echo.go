package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/ediport/ediport/internal/bench/measure"
)

// Columns that the aims name.
const (
	cpuPerMessage = "CPU µs/message"
	perSecond     = "messages/s"
)

// measureEcho has every connection wait for its answer before it sends again.
func measureEcho(ctx context.Context, p *plan) (*measure.Sheet, error) {
	sheet := newSheet("Echo, closed loop",
		measure.Column{Name: cpuPerMessage, Digits: 2, Ratio: true},
		measure.Column{Name: perSecond, Ratio: true})
	for _, size := range p.sizes {
		for _, n := range p.conns {
			what := fmt.Sprintf("%s × %d", octets(size), n)
			progress("echo " + what)
			err := p.inTurns(ctx, p.rounds, func(s *peer) error {
				cpu, t, err := s.loop(ctx, n, measure.Echo(size), p.slice)
				sheet.Add(what, s.kind, measure.Micros(t.Each(cpu)), t.PerSecond())
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
		}
	}
	return sheet, nil
}

// loop puts the load of n connections on a server, and returns the CPU time
// that it cost. The first quarter of the load is not counted: buffers grow then.
func (s *peer) loop(ctx context.Context, n int, x measure.Exchange, d time.Duration) (time.Duration, measure.Throughput, error) {
	var t measure.Throughput
	clients, err := measure.DialAll(ctx, s.Dialer, n)
	if err != nil {
		return 0, t, err
	}
	defer clients.Close()
	if _, err := clients.Loop(x, d/4); err != nil {
		return 0, t, err
	}
	cpu, err := s.cost(func() (err error) {
		t, err = clients.Loop(x, d)
		return err
	})
	return cpu, t, err
}

// cost is the CPU time that a load costs the server.
func (s *peer) cost(load func() error) (time.Duration, error) {
	if err := s.Settle(); err != nil {
		return 0, err
	}
	before, err := s.CPU()
	if err != nil {
		return 0, err
	}
	if err := load(); err != nil {
		return 0, err
	}
	after, err := s.CPU()
	return after - before, err
}

// octets is a size as people write it.
func octets(n int) string {
	if n >= 1<<10 && n%(1<<10) == 0 {
		return strconv.Itoa(n>>10) + " KiB"
	}
	return strconv.Itoa(n) + " B"
}

// progress says on standard error what is measured now.
func progress(what string) { fmt.Fprintln(os.Stderr, "measuring", what) }

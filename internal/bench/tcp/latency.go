package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ediport/ediport/internal/bench/measure"
)

// What the messages of the latency measurement are.
const (
	latencySize  = 128
	latencyConns = 100

	// latencySlices is how many slices one round takes: 99.9 % needs many
	// messages.
	latencySlices = 4
)

const p99 = "p99 µs"

// measureLatency sends at a fixed rate, whatever the server does.
func measureLatency(ctx context.Context, p *plan) (*measure.Sheet, error) {
	sheet := newSheet("Latency at a fixed rate, open loop",
		measure.Column{Name: "p50 µs", Ratio: true},
		measure.Column{Name: p99, Ratio: true},
		measure.Column{Name: "p99.9 µs", Ratio: true},
		measure.Column{Name: cpuPerMessage, Digits: 1, Ratio: true},
		measure.Column{Name: "generator late, p99 µs"})
	what := fmt.Sprintf("%s × %d, %d/s", octets(latencySize), latencyConns, p.rate)
	progress("latency " + what)
	return sheet, p.inTurns(ctx, p.rounds, func(s *peer) error {
		cpu, l, err := s.paced(ctx, p.rate, latencySlices*p.slice)
		if err != nil {
			return err
		}
		each := measure.Throughput{Messages: int64(len(l.Answers))}.Each(cpu)
		sheet.Add(what, s.kind,
			measure.Micros(measure.Percentile(l.Answers, 50)),
			measure.Micros(measure.Percentile(l.Answers, 99)),
			measure.Micros(measure.Percentile(l.Answers, 99.9)),
			measure.Micros(each),
			measure.Micros(measure.Percentile(l.Sends, 99)))
		return nil
	})
}

// paced puts the load of a fixed rate on a server.
func (s *peer) paced(ctx context.Context, rate int, d time.Duration) (time.Duration, measure.Latencies, error) {
	var l measure.Latencies
	clients, err := measure.DialAll(ctx, s.Dialer, latencyConns)
	if err != nil {
		return 0, l, err
	}
	defer clients.Close()
	x := measure.Echo(latencySize)
	if err := clients.Once(x); err != nil {
		return 0, l, err
	}
	cpu, err := s.cost(func() (err error) {
		l, err = clients.Paced(x, rate, d)
		return err
	})
	return cpu, l, err
}

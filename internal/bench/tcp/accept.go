package main

import (
	"context"
	"fmt"

	"github.com/ediport/ediport/internal/bench/measure"
)

// acceptDialers is how many clients come at once.
const acceptDialers = 4

const visitsPerSecond = "connections/s"

// measureAccept has clients come and go.
func measureAccept(ctx context.Context, p *plan) (*measure.Sheet, error) {
	sheet := newSheet("Accept rate",
		measure.Column{Name: visitsPerSecond, Ratio: true},
		measure.Column{Name: "CPU µs/connection", Digits: 1, Ratio: true})
	cases := []struct {
		what string
		x    measure.Exchange
	}{
		{"connect, close", measure.Exchange{}},
		{"connect, 32 B, close", measure.Echo(32)},
	}
	for _, c := range cases {
		progress("accept: " + c.what)
		err := p.inTurns(ctx, p.rounds, func(s *peer) error {
			var t measure.Throughput
			cpu, err := s.cost(func() (err error) {
				t, err = measure.Visits(ctx, s.Dialer, c.x, acceptDialers, p.slice)
				return err
			})
			sheet.Add(c.what, s.kind, t.PerSecond(), measure.Micros(t.Each(cpu)))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.what, err)
		}
	}
	return sheet, nil
}

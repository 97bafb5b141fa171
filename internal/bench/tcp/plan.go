package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ediport/ediport/internal/bench/measure"
)

// A part is one of the measurements.
type part struct {
	name    string
	measure func(context.Context, *plan) (*measure.Sheet, error)
}

// parts are in the order of the report.
var parts = []part{
	{"echo", measureEcho},
	{"latency", measureLatency},
	{"memory", measureMemory},
	{"accept", measureAccept},
}

// A plan says what is measured, and for how long.
type plan struct {
	quick        bool
	only, kinds  words
	sizes, conns numbers
	rounds       int
	slice        time.Duration // of one kind, in one round of one case
	rate         int           // messages a second for latency
	idle         int           // connections for memory
	limit        time.Duration
}

// The full run takes about 12 minutes, the quick one less than 2.
const (
	fullRounds, quickRounds = 5, 2
	fullSlice, quickSlice   = time.Second, 250 * time.Millisecond
	fullIdle, quickIdle     = 1 << 20, 3000 // as many as descriptors allow; see spare
	spare                   = 2000          // descriptors that idle connections leave
)

// planFlags makes the flags of a plan; complete fills in what they leave open.
func planFlags(flags *flag.FlagSet) *plan {
	p := &plan{
		kinds: slices.Clone(order),
		sizes: numbers{32, 1 << 10, 64 << 10},
		conns: numbers{1, 100, 1000},
	}
	for _, part := range parts {
		p.only = append(p.only, part.name)
	}
	flags.BoolVar(&p.quick, "quick", false, "fewer and shorter rounds, fewer idle connections")
	flags.Var(&p.only, "only", "the `parts` to measure")
	flags.Var(&p.kinds, "kinds", "the `kinds` of servers")
	flags.Var(&p.sizes, "sizes", "the `octets` of echoed messages")
	flags.Var(&p.conns, "conns", "the `numbers` of connections of echo")
	flags.IntVar(&p.rounds, "rounds", 0, "rounds of each case (5; quick 2)")
	flags.DurationVar(&p.slice, "slice", 0, "time of a kind in one round (1s; quick 250ms)")
	flags.IntVar(&p.rate, "rate", 8000, "messages a second for latency")
	flags.IntVar(&p.idle, "idle", 0, "idle connections for memory (what the descriptors allow; quick 3000)")
	flags.DurationVar(&p.limit, "limit", 30*time.Minute, "ends the run, done or not")
	return p
}

// complete checks the plan and fills in what no flag has set.
func (p *plan) complete() error {
	p.rounds = either(p.rounds, p.quick, quickRounds, fullRounds)
	p.slice = either(p.slice, p.quick, quickSlice, fullSlice)
	p.idle = either(p.idle, p.quick, quickIdle, fullIdle)
	limit, err := measure.DescriptorLimit()
	if err != nil {
		return err
	}
	p.idle = min(p.idle, limit-spare)

	for _, kind := range p.kinds {
		if _, known := kinds[kind]; !known {
			return fmt.Errorf("unknown kind %q: there are %s", kind, strings.Join(order, ", "))
		}
	}
	for _, name := range p.only {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("unknown part %q", name)
		}
	}
	least := slices.Min(slices.Concat(p.sizes, p.conns, numbers{p.rounds, p.rate, p.idle, int(p.slice)}))
	if least < 1 || p.rate > int(time.Second) {
		return fmt.Errorf("sizes, numbers, times and rates are at least 1, and rates at most 1e9; got %d", least)
	}
	return nil
}

// either is what was set, or else the default of the quick or the full run.
func either[T comparable](set T, quick bool, forQuick, forFull T) T {
	var zero T
	switch {
	case set != zero:
		return set
	case quick:
		return forQuick
	}
	return forFull
}

// words and numbers are flags with commas.
type (
	words   []string
	numbers []int
)

func (w words) String() string       { return strings.Join(w, ",") }
func (w words) has(name string) bool { return slices.Contains(w, name) }

// Set implements [flag.Value].
func (w *words) Set(text string) error {
	*w = strings.Split(text, ",")
	return nil
}

func (n numbers) String() string {
	var texts []string
	for _, v := range n {
		texts = append(texts, strconv.Itoa(v))
	}
	return strings.Join(texts, ",")
}

// Set implements [flag.Value].
func (n *numbers) Set(text string) error {
	*n = nil
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		*n = append(*n, v)
	}
	return nil
}

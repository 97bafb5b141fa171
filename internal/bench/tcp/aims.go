package main

import (
	"io"
	"math"
	"strings"

	"github.com/ediport/ediport/internal/bench/measure"
)

// An aim is a bound for a figure of ediport in all cases with that prefix.
type aim struct {
	part, prefix, kind, column string

	ratio   bool // of the ratio to the base, not the value
	atLeast bool
	bound   float64
}

var aims = []aim{
	{part: "echo", prefix: "32 B", kind: "ediport", column: cpuPerMessage, ratio: true, bound: 1.05},
	{part: "echo", prefix: "1 KiB", kind: "ediport", column: cpuPerMessage, ratio: true, bound: 1.05},
	{part: "echo", prefix: "64 KiB", kind: "ediport", column: cpuPerMessage, ratio: true, bound: 0.4},
	{part: "latency", kind: "ediport", column: p99, ratio: true, bound: 1},
	{part: "memory", kind: "ediport", column: freshKiB, bound: 0.6},
	{part: "memory", kind: "ediport", column: usedKiB, bound: 0.6},
	{part: "memory", kind: "ediport-tls", column: freshKiB, bound: 19},
	{part: "memory", kind: "ediport-tls", column: usedKiB, bound: 19},
	{part: "accept", kind: "ediport", column: visitsPerSecond, ratio: true, atLeast: true, bound: 0.9},
}

// writeAims writes which aims the sheets meet.
func writeAims(w io.Writer, sheets map[string]*measure.Sheet) error {
	var lines [][]string
	for _, a := range aims {
		if sheet := sheets[a.part]; sheet != nil {
			lines = append(lines, a.lines(sheet)...)
		}
	}
	return measure.Table(w, "Aims", []string{"case", "kind", "figure", "measured", "aim", "met"}, lines)
}

// lines has a line for each case that the aim is for and that was measured.
func (a aim) lines(sheet *measure.Sheet) (lines [][]string) {
	for _, what := range sheet.Cases(a.kind) {
		got := a.figure(sheet, what)
		if !strings.HasPrefix(what, a.prefix) || math.IsNaN(got) {
			continue
		}
		lines = append(lines, []string{what, a.kind, a.name(), measure.Number(got, 2), a.text(), a.verdict(got)})
	}
	return lines
}

func (a aim) figure(sheet *measure.Sheet, what string) float64 {
	if a.ratio {
		return sheet.Ratio(what, a.kind, a.column)
	}
	return sheet.Value(what, a.kind, a.column)
}

func (a aim) name() string {
	if a.ratio {
		return a.column + ", ratio"
	}
	return a.column
}

func (a aim) text() string {
	if a.atLeast {
		return "≥ " + measure.Number(a.bound, 2)
	}
	return "≤ " + measure.Number(a.bound, 2)
}

func (a aim) verdict(got float64) string {
	if a.atLeast && got >= a.bound || !a.atLeast && got <= a.bound {
		return "yes"
	}
	return "no"
}

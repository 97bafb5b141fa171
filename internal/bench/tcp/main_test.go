package main

import (
	"context"
	"flag"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/bench/measure"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test's own program the servers of its tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		main()
		return
	}
	os.Exit(m.Run())
}

// tiny is a plan that takes a moment.
func tiny() *plan {
	return &plan{
		kinds: order, sizes: numbers{32, 64 << 10}, conns: numbers{3},
		rounds: 1, slice: 20 * time.Millisecond, rate: 2000, idle: 20,
	}
}

func TestEveryPartMeasuresEveryKind(t *testing.T) {
	t.Parallel()
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			if part.name == "memory" && runtime.GOOS != "linux" {
				t.Skip("needs /proc")
			}
			sheet, err := part.measure(t.Context(), tiny())
			require.NoError(t, err)
			for _, kind := range order {
				cases := sheet.Cases(kind)
				require.NotEmpty(t, cases, kind)
				for _, what := range cases {
					assert.False(t, math.IsNaN(sheet.Value(what, kind, sheet.Columns[0].Name)), "%s of %s", what, kind)
				}
			}
			var b strings.Builder
			require.NoError(t, writeAims(&b, map[string]*measure.Sheet{part.name: sheet}))
			assert.Contains(t, b.String(), "| ediport |")
		})
	}
}

func TestPartsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := tiny()
	p.kinds = words{"bare"}
	err := p.inTurns(ctx, 1, func(s *peer) error {
		time.AfterFunc(p.slice, cancel)
		_, _, err := s.loop(ctx, 2, measure.Echo(1), time.Minute)
		return err
	})
	assert.ErrorContains(t, err, "bare")
}

// TestKindsEcho speaks with each server in this process.
func TestKindsEcho(t *testing.T) {
	t.Parallel()
	require.Len(t, order, len(kinds))
	for _, name := range order {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, err := kinds[name].serve("127.0.0.1:0")
			require.NoError(t, err)
			d := &measure.Dialer{Addr: addr}
			if kinds[name].tls {
				d.Open = measure.OpenTLS
			}
			clients, err := measure.DialAll(t.Context(), d, 3)
			require.NoError(t, err)
			defer clients.Close()
			for _, size := range []int{1, 4 << 10, 64 << 10, 200_000} {
				require.NoError(t, clients.Once(measure.Echo(size)))
			}
			assert.True(t, strings.HasPrefix(addr, "127.0.0.1:"), "nobody outside can reach %s", addr)
			assert.Equal(t, kinds[name].tls, kinds[base(name)].tls)

			_, err = kinds[name].serve(addr)
			assert.Error(t, err, "the port is taken")
			_, err = kinds[name].serve("no address")
			assert.Error(t, err)
		})
	}
}

func TestChildOfUnknownKind(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, child("nginx", ""), "nginx")
	_, err := begin(t.Context(), "nginx")
	assert.ErrorContains(t, err, "nginx")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args   string
		rounds int
		slice  time.Duration
		fails  string
	}{
		{"", fullRounds, fullSlice, ""},
		{"-quick", quickRounds, quickSlice, ""},
		{"-quick -rounds 9 -slice 3s", 9, 3 * time.Second, ""},
		{"-only echo,accept -kinds bare,ediport -sizes 1,2 -conns 5", fullRounds, fullSlice, ""},
		{"-kinds bare,nginx", 0, 0, "nginx"},
		{"-only lunch", 0, 0, "lunch"},
		{"-sizes 32,x", 0, 0, "invalid"},
		{"-sizes 0", 0, 0, "at least 1"},
		{"-conns -1", 0, 0, "at least 1"},
		{"-rate 0", 0, 0, "at least 1"},
		{"-rate 2000000000", 0, 0, "at most"},
		{"-idle -5", 0, 0, "at least 1"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			flags := flag.NewFlagSet("tcp", flag.ContinueOnError)
			flags.SetOutput(new(strings.Builder))
			p := planFlags(flags)
			err := flags.Parse(strings.Fields(test.args))
			if err == nil {
				err = p.complete()
			}
			if test.fails != "" {
				assert.ErrorContains(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.rounds, p.rounds)
			assert.Equal(t, test.slice, p.slice)
		})
	}
}

func TestFlagsReadBack(t *testing.T) {
	t.Parallel()
	var w words
	require.NoError(t, w.Set("a,b"))
	assert.Equal(t, "a,b", w.String())
	assert.True(t, w.has("b"))
	assert.False(t, w.has("a,b"))
	var n numbers
	require.NoError(t, n.Set("1,20"))
	assert.Equal(t, "1,20", n.String())
	assert.Error(t, n.Set(""))
	assert.Equal(t, []string{"32 B", "1 KiB", "64 KiB", "1500 B"}, []string{octets(32), octets(1 << 10), octets(64 << 10), octets(1500)})
}

func TestAims(t *testing.T) {
	t.Parallel()
	sheet := newSheet("Echo", measure.Column{Name: "µs"})
	sheet.Add("32 B × 1", "bare", 10)
	sheet.Add("32 B × 1", "ediport", 11)
	sheet.Add("64 KiB × 1", "ediport", 11)
	ratio := aim{prefix: "32 B", kind: "ediport", column: "µs", ratio: true, bound: 1.05}
	assert.Equal(t, [][]string{{"32 B × 1", "ediport", "µs, ratio", "1.10", "≤ 1.05", "no"}}, ratio.lines(sheet))
	ratio.atLeast = true
	assert.Equal(t, [][]string{{"32 B × 1", "ediport", "µs, ratio", "1.10", "≥ 1.05", "yes"}}, ratio.lines(sheet))
	value := aim{prefix: "64", kind: "ediport", column: "µs", bound: 11}
	assert.Equal(t, [][]string{{"64 KiB × 1", "ediport", "µs", "11.00", "≤ 11.00", "yes"}}, value.lines(sheet))
	value.ratio = true
	assert.Empty(t, value.lines(sheet), "the base was not measured")
}

// TestAimsNameWhatThereIs would panic at a column that no sheet has.
func TestAimsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, a := range aims {
		assert.Contains(t, kinds, a.kind)
		assert.Contains(t, []string{"echo", "latency", "memory", "accept"}, a.part)
	}
}

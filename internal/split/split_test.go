package split_test

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/ediport/ediport/internal/split"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWholeStreams(t *testing.T) {
	t.Parallel()
	const whole, part = true, false
	for name, c := range map[string]struct {
		mode    split.Mode
		packets []string
		want    []piece
	}{
		"raw":                  {split.Mode{}, []string{"a\r\n"}, []piece{{"a\r\n", whole}}},
		"nothing":              {split.Mode{}, nil, nil},
		"records":              {split.Mode{RecordLength: 3}, []string{"1", "2345", "67"}, []piece{{"123", whole}, {"456", whole}}},
		"records before lines": {split.Mode{RecordLength: 2, SingleLine: true, EOL: "\n"}, []string{"\n\r\na"}, []piece{{"\n\r", whole}, {"\na", whole}}},
		"EOL":                  {split.Mode{EOL: "\r\n", MaxLine: 9}, []string{"a\r", "\n\r\nb"}, []piece{{"a", whole}, {"", whole}, {"b", part}}},
		"EOL of NULs":          {split.Mode{EOL: "\x00\x00", MaxLine: 9}, []string{"a\x00b\x00\x00c\x00", "\x00"}, []piece{{"a\x00b", whole}, {"c", whole}}},
		"EOL within itself":    {split.Mode{EOL: "aab", MaxLine: 9}, []string{"aa", "a", "ab"}, []piece{{"aa", whole}}},
		"the first EOL counts": {split.Mode{EOL: "abab", MaxLine: 9}, []string{"ababab"}, []piece{{"", whole}, {"ab", part}}},

		"CR, LF and CRLF":        {split.Mode{SingleLine: true, MaxLine: 9}, []string{"a\rb\nc\r\nd\n\re"}, []piece{{"a", whole}, {"b", whole}, {"c", whole}, {"d", whole}, {"", whole}, {"e", part}}},
		"CR and LF apart":        {split.Mode{SingleLine: true, MaxLine: 9}, []string{"a\r", "\n", "b\r", "\n"}, []piece{{"a", whole}, {"b", whole}}},
		"one LF per CR":          {split.Mode{SingleLine: true, MaxLine: 9}, []string{"\r", "\n\n"}, []piece{{"", whole}, {"", whole}}},
		"single line before EOL": {split.Mode{SingleLine: true, EOL: "x", MaxLine: 9}, []string{"axb\r"}, []piece{{"axb", whole}}},

		"longer than MaxLine":       {split.Mode{EOL: "\r\n", MaxLine: 3}, []string{"abcdefgh\r\n"}, []piece{{"abc", part}, {"def", part}, {"gh", whole}}},
		"end at MaxLine":            {split.Mode{EOL: "\r\n", MaxLine: 3}, []string{"abc", "\r", "\nabc\r\n"}, []piece{{"abc", whole}, {"abc", whole}}},
		"nearly an end at MaxLine":  {split.Mode{EOL: "\r\n", MaxLine: 3}, []string{"abc", "\r", "d"}, []piece{{"abc", part}, {"\rd", part}}},
		"the stream ends there":     {split.Mode{EOL: "\r\n", MaxLine: 3}, []string{"abc\r"}, []piece{{"abc", part}, {"\r", part}}},
		"single line at MaxLine":    {split.Mode{SingleLine: true, MaxLine: 3}, []string{"abc", "\r\nd"}, []piece{{"abc", whole}, {"d", part}}},
		"single line over MaxLine":  {split.Mode{SingleLine: true, MaxLine: 3}, []string{"abcd\n"}, []piece{{"abc", part}, {"d", whole}}},
		"EOL longer than MaxLine":   {split.Mode{EOL: "--end--", MaxLine: 2}, []string{"ab--e", "nd--c--end-"}, []piece{{"ab", whole}, {"c-", part}, {"-e", part}, {"nd", part}, {"-", part}}},
		"negative lengths mean raw": {split.Mode{RecordLength: -1, MaxLine: -1}, []string{"ab"}, []piece{{"ab", whole}}},
		"MaxLine is at least 1":     {split.Mode{SingleLine: true, MaxLine: -5}, []string{"ab\n"}, []piece{{"a", part}, {"b", whole}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var packets [][]byte
			for _, p := range c.packets {
				packets = append(packets, []byte(p))
			}
			assert.Equal(t, c.want, real(t, []step{{mode: c.mode}}, packets))
		})
	}
}

func TestTheModeChangesBetweenPieces(t *testing.T) {
	t.Parallel()
	lines := split.Mode{SingleLine: true, MaxLine: 80}
	for name, c := range map[string]struct {
		steps   []step
		packets []string
		want    []piece
	}{
		"a line says how long a record is": {
			[]step{{lines, 1}, {split.Mode{RecordLength: 4}, 1}, {lines, 1}},
			[]string{"LEN 4\r\n", "\n\r\n\rOK", "\r\n"},
			[]piece{{"LEN 4", true}, {"\n\r\n\r", true}, {"OK", true}},
		},
		"the LF of a CRLF belongs to the old mode": {
			[]step{{lines, 1}, {split.Mode{}, 1}},
			[]string{"RAW\r", "\n", "\n\n"},
			[]piece{{"RAW", true}, {"\n\n", true}},
		},
		"what was searched for one end is searched again for the other": {
			[]step{{split.Mode{EOL: "--", MaxLine: 4}, 1}, {split.Mode{EOL: "+", MaxLine: 99}, 1}},
			[]string{"abcdef+ghijkl"},
			[]piece{{"abcd", false}, {"ef", true}, {"ghijkl", false}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var packets [][]byte
			for _, p := range c.packets {
				packets = append(packets, []byte(p))
			}
			assert.Equal(t, c.want, real(t, c.steps, packets))
		})
	}
}

func TestALineComesAtOnceOnCR(t *testing.T) {
	t.Parallel()
	var s split.Splitter
	m := split.Mode{SingleLine: true, MaxLine: 80}
	p, used, ok := s.Next(m, []byte("a\r"))
	require.True(t, ok)
	assert.Equal(t, "a", string(p.Data))
	assert.Equal(t, 2, used)
	_, used, ok = s.Next(m, nil)
	assert.False(t, ok, "no octet comes")
	assert.Zero(t, used)
	_, used, ok = s.Next(m, []byte("\n"))
	assert.False(t, ok, "the LF is no empty line")
	assert.Equal(t, 1, used)
	_, used, ok = s.Next(m, []byte("\n"))
	assert.True(t, ok, "the next one is")
	assert.Equal(t, 1, used)
}

func TestNeed(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 1, split.Mode{EOL: "", MaxLine: 80}.Need())
	assert.Equal(t, 7, split.Mode{RecordLength: 7, EOL: "\n", MaxLine: 80}.Need())
	assert.Equal(t, 81, split.Mode{SingleLine: true, EOL: "abc", MaxLine: 80}.Need())
	assert.Equal(t, 83, split.Mode{EOL: "abc", MaxLine: 80}.Need())
	assert.Equal(t, 2, split.Mode{SingleLine: true}.Need())
}

func TestAForgottenResetDoesNotPanic(t *testing.T) {
	t.Parallel()
	var s split.Splitter
	_, _, ok := s.Next(split.Mode{EOL: "\n", MaxLine: 80}, []byte("0123456789"))
	require.False(t, ok)
	_, _, ok = s.Next(split.Mode{SingleLine: true, MaxLine: 80}, []byte("0"))
	assert.False(t, ok)
}

func TestASplitterIsSmallAndCutsWithoutAllocations(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(split.Splitter{}), uintptr(16))
	end := strings.Repeat("=", 32) // a longer one is copied for the search
	data := bytes.Repeat([]byte("line"+end), 10)
	for _, m := range []split.Mode{{}, {RecordLength: 3}, {SingleLine: true, MaxLine: 10}, {EOL: end, MaxLine: 300}} {
		assert.Zero(t, testing.AllocsPerRun(10, func() { drain(m, data) }), "%+v", m)
	}
}

// drain cuts all of data and returns the number of pieces.
func drain(m split.Mode, data []byte) (pieces int) {
	var s split.Splitter
	for {
		_, used, ok := s.Next(m, data)
		data = data[used:]
		if !ok {
			return pieces
		}
		pieces++
	}
}

package measure

import (
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample has two rounds of a machine that was half as fast in the second.
func sample() *Sheet {
	s := &Sheet{
		Title:   "Echo",
		Columns: []Column{{"µs", 1, true}, {"late", 0, false}},
		Base:    func(string) string { return "bare" },
	}
	s.Add("32 B", "bare", 10, 1)
	s.Add("32 B", "own", 11, 2)
	s.Add("32 B", "bare", 20, 3)
	s.Add("32 B", "own", 26, 4)
	s.Add("1 KiB", "own", 5, 6)
	return s
}

func TestSheet(t *testing.T) {
	t.Parallel()
	s := sample()
	assert.Equal(t, 15.0, s.Value("32 B", "bare", "µs"))
	assert.Equal(t, 18.5, s.Value("32 B", "own", "µs"))
	assert.InDelta(t, 1.2, s.Ratio("32 B", "own", "µs"), 1e-9, "the median of 1.1 and 1.3")
	assert.Equal(t, 1.0, s.Ratio("32 B", "bare", "µs"))
	assert.Equal(t, []string{"32 B", "1 KiB"}, s.Cases("own"))
	assert.Empty(t, s.Cases("other"))

	assert.True(t, math.IsNaN(s.Value("32 B", "other", "µs")))
	assert.True(t, math.IsNaN(s.Ratio("1 KiB", "own", "µs")), "the base was not measured")
	assert.Panics(t, func() { s.Value("32 B", "own", "ms") })
}

func TestRatioToNothing(t *testing.T) {
	t.Parallel()
	s := &Sheet{Columns: []Column{{Name: "µs"}}, Base: func(string) string { return "bare" }}
	s.Add("", "bare", 0)
	s.Add("", "own", 1)
	assert.True(t, math.IsNaN(s.Ratio("", "own", "µs")))
}

func TestSheetAsMarkdown(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, sample().Write(&b))
	assert.Equal(t, `
## Echo

| case | kind | µs | ratio | late |
|---|---|---|---|---|
| 32 B | bare | 15.0 | 1.00 | 2 |
| 32 B | own | 18.5 | 1.20 | 3 |
| 1 KiB | own | 5.0 | - | 6 |
`, b.String())

	r, w := io.Pipe()
	require.NoError(t, r.CloseWithError(errDoor))
	assert.ErrorIs(t, sample().Write(w), errDoor)
}

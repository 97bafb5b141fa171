package measure

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchedule(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	for _, test := range []struct {
		clients, rate int
		d             time.Duration
		rounds        int
		last          time.Duration // of the last message, from the beginning
	}{
		{100, 8000, time.Second, 80, 999_875 * time.Microsecond},
		{1, 1000, time.Second, 1000, 999 * time.Millisecond},
		{3, 10, time.Second, 3, 800 * time.Millisecond},
		{1000, 10, time.Second, 1, 99900 * time.Millisecond}, // each client sends at least once
	} {
		s := newSchedule(begin, test.clients, test.rate, test.d)
		assert.Equal(t, test.rounds, s.rounds)
		assert.Equal(t, begin, s.due(0, 0))
		assert.Equal(t, begin.Add(test.last), s.due(test.clients-1, s.rounds-1))
	}
}

func TestPaced(t *testing.T) {
	t.Parallel()
	got, err := dial(t, server(t, echo), 5).Paced(Echo(128), 1000, 50*time.Millisecond)
	require.NoError(t, err)
	require.Len(t, got.Answers, 50)
	require.Len(t, got.Sends, 50)
	assert.True(t, slices.IsSorted(got.Answers))
	assert.True(t, slices.IsSorted(got.Sends))
	assert.Positive(t, got.Answers[0])
	assert.GreaterOrEqual(t, got.Sends[0], time.Duration(0), "nothing is sent before it is due")
}

// TestPacedCountsFromWhenAMessageWasDue has a server that answers nothing until
// it has everything: a closed loop would wait for ever, and one that counted
// from the sending of the next would see one slow answer only.
func TestPacedCountsFromWhenAMessageWasDue(t *testing.T) {
	t.Parallel()
	const messages, rate = 20, 1000
	got, err := dial(t, server(t, func(c net.Conn) {
		all := make([]byte, messages)
		if _, err := io.ReadFull(c, all); err == nil {
			_, _ = c.Write(all)
		}
	}), 1).Paced(Echo(1), rate, messages*time.Second/rate)
	require.NoError(t, err)
	require.Len(t, got.Answers, messages)
	for i, took := range got.Answers {
		assert.GreaterOrEqual(t, took, time.Duration(i)*time.Second/rate, "answer %d", i)
	}
}

func TestSleepUntil(t *testing.T) {
	t.Parallel()
	due := time.Now().Add(time.Millisecond)
	sleepUntil(due)
	assert.False(t, time.Now().Before(due))
	sleepUntil(due.Add(-time.Hour))
}

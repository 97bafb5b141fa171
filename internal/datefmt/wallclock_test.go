package datefmt

import (
	"testing"
	"time"
	_ "time/tzdata" // the test needs Berlin on every system

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWallClockKeepsTheTextOfALeftOutHour(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, text := range []string{
		"2026-03-29 02:30:00", // left out when summer time begins
		"2026-10-25 02:30:00", // shown twice when it ends
		"2026-03-29 01:59:59",
		"2026-03-29 03:00:00",
	} {
		date, err := time.Parse(time.DateTime, text)
		require.NoError(t, err)
		assert.Equal(t, text, wallClock(date, berlin).Format(time.DateTime))
	}
}

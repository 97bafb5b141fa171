package oftp

import (
	"sync"
	"time"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/oftpwire"
)

// A stampClock gives each file that is sent a stamp of its own. The counter of
// RFC 5024 (0001 to 9999 within a second) is the fraction of the second, so that
// several processes of one originator rarely meet.
type stampClock struct {
	mu   sync.Mutex
	last time.Time
}

// stamps is shared by all servers and clients of the process: several of them
// often act for one originator.
var stamps stampClock

// tick is the resolution of stamps; 0000 is not a counter.
const tick = time.Second / 10_000

// next returns a stamp later than any before.
func (c *stampClock) next() oftpwire.Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := time.Now().Truncate(tick)
	if !t.After(c.last) {
		t = c.last.Add(tick)
	}
	if t.Nanosecond() == 0 {
		t = t.Add(tick)
	}
	c.last = t
	return stampOf(t, int(time.Duration(t.Nanosecond())/tick))
}

func stampOf(t time.Time, counter int) oftpwire.Stamp {
	date, clock := datefmt.ToStamp(t, counter)
	return oftpwire.Stamp{Date: date, Time: clock}
}

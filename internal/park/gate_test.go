package park

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWhatEndsAWait(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		deadline, limit time.Duration // 0: none
		ready           time.Duration // 0: never
		want            error
		after           time.Duration
	}{
		{"ready", 0, 0, 2 * time.Second, nil, 2 * time.Second},
		{"deadline", time.Second, 0, 0, os.ErrDeadlineExceeded, time.Second},
		{"limit", 0, time.Second, 0, os.ErrDeadlineExceeded, time.Second},
		{"deadline before limit", time.Second, time.Minute, 0, os.ErrDeadlineExceeded, time.Second},
		{"limit before deadline", time.Minute, time.Second, 0, os.ErrDeadlineExceeded, time.Second},
		{"ready before both", time.Minute, time.Hour, time.Second, nil, time.Second},
		{"deadline has passed", -time.Second, 0, 0, os.ErrDeadlineExceeded, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, began, ready := new(gate).init(), time.Now(), false
				if tt.deadline != 0 {
					g.read.setDeadline(began.Add(tt.deadline))
				}
				if tt.ready != 0 {
					time.AfterFunc(tt.ready, func() {
						g.mu.Lock()
						ready = true
						g.mu.Unlock()
						g.read.rouse()
					})
				}
				g.mu.Lock()
				defer g.mu.Unlock()
				assert.Equal(t, tt.want, g.read.wait(tt.limit, func() bool { return ready }))
				assert.Equal(t, tt.after, time.Since(began))
			})
		})
	}
}

func TestEarlier(t *testing.T) {
	t.Parallel()
	never, soon, late := time.Time{}, time.Unix(1, 0), time.Unix(2, 0)
	for _, tt := range []struct{ a, b, want time.Time }{
		{never, never, never}, {never, soon, soon}, {soon, never, soon}, {soon, late, soon}, {late, soon, soon},
	} {
		assert.Equal(t, tt.want, earlier(tt.a, tt.b))
	}
}

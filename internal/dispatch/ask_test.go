package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ediport/ediport/internal/dispatch"
	"github.com/stretchr/testify/assert"
)

func TestAskInsideAQueue(t *testing.T) {
	t.Parallel()
	type world struct {
		pump *dispatch.Pump
		gone chan struct{}
	}
	cases := []struct {
		name string
		act  func(w world)
		runs bool // whether the handler runs
		want bool
		took time.Duration
	}{
		{"answered", func(w world) { w.pump.DoEvents(0) }, true, true, 0},
		{"gone", func(w world) { close(w.gone) }, false, false, 0},
		{"nobody", func(world) {}, false, false, dispatch.AnswerLimit},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := world{dispatch.NewPump(), make(chan struct{})}
				w.pump.Queue(true)
				lane := w.pump.NewLane(w.gone, func(any, []byte) {})
				ran, begin, done := false, time.Now(), make(chan bool)
				go func() { done <- lane.Ask(func() { ran = true }) }()
				synctest.Wait()
				c.act(w)
				assert.Equal(t, c.want, <-done)
				assert.Equal(t, c.took, time.Since(begin))
				w.pump.DoEvents(0) // what was withdrawn does not run later
				assert.Equal(t, c.runs, ran)
			})
		})
	}
}

func TestAskWaitsForAHandlerThatHasBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pump, gone := dispatch.NewPump(), make(chan struct{})
		pump.Queue(true)
		lane := pump.NewLane(gone, func(any, []byte) {})
		answer := make(chan bool)
		go func() { answer <- lane.Ask(func() { close(gone); time.Sleep(time.Hour) }) }()
		synctest.Wait()
		begin := time.Now()
		go pump.DoEvents(0)
		assert.True(t, <-answer)
		assert.Equal(t, time.Hour, time.Since(begin))
	})
}

func TestAskOfAPanic(t *testing.T) {
	t.Parallel()
	told := false
	lane := dispatch.NewPump().NewLane(nil, func(any, []byte) { told = true })
	assert.False(t, lane.Ask(func() { panic("no answer") }))
	assert.True(t, told)
}

package dispatch_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ediport/ediport/internal/dispatch"
	"github.com/stretchr/testify/assert"
)

func noPanic(t *testing.T) func(any, []byte) {
	return func(v any, _ []byte) { t.Errorf("handler panicked: %v", v) }
}

func TestEventsRunWhereTheyOccur(t *testing.T) {
	t.Parallel()
	l := dispatch.NewPump().NewLane(nil, noPanic(t))
	ran := 0
	l.Tell(func() { ran++ })
	assert.True(t, l.Ask(func() { ran++; l.Tell(func() { ran++ }) }), "events nest")
	l.End(func() { ran++ })
	assert.Equal(t, 4, ran)

	l.Tell(func() { ran++ })
	l.End(func() { ran++ })
	assert.False(t, l.Ask(func() { ran++ }))
	assert.Equal(t, 4, ran, "nothing comes after the last event")
}

func TestAPanicIsStoppedAndTold(t *testing.T) {
	t.Parallel()
	var told any
	l := dispatch.NewPump().NewLane(nil, func(v any, stack []byte) {
		told = v
		assert.Contains(t, string(stack), "TestAPanicIsStoppedAndTold")
	})
	assert.False(t, l.Ask(func() { panic("oops") }))
	assert.Equal(t, "oops", told)
	assert.True(t, l.Ask(func() {}), "the lane goes on")
}

func TestQueuedEventsRunInsideDoEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := dispatch.NewPump()
		p.Queue(true)
		a, b := p.NewLane(nil, noPanic(t)), p.NewLane(nil, noPanic(t))
		var got []string
		say := func(s string) func() { return func() { got = append(got, s) } }
		a.Tell(say("a1"))
		a.Tell(say("a2"))
		b.Tell(say("b1"))
		answered := false
		go func() { answered = b.Ask(say("b2")) }()
		synctest.Wait()
		assert.Empty(t, got)

		p.DoEvents(time.Second)
		synctest.Wait()
		assert.Equal(t, []string{"a1", "b1", "a2", "b2"}, got)
		assert.True(t, answered)

		begin := time.Now()
		p.DoEvents(time.Second)
		assert.Equal(t, time.Second, time.Since(begin), "DoEvents waits when nothing is queued")

		go func() { time.Sleep(time.Millisecond); a.Tell(say("a3")) }()
		p.DoEvents(time.Hour)
		assert.Equal(t, "a3", got[len(got)-1], "and wakes when something is")
	})
}

func TestAQuestionNobodyAnswersIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := dispatch.NewPump()
		p.Queue(true)
		l := p.NewLane(nil, noPanic(t))
		begin := time.Now()
		assert.False(t, l.Ask(func() { t.Error("ran after it was refused") }))
		assert.Equal(t, dispatch.AnswerLimit, time.Since(begin))
		p.DoEvents(0)

		gone := make(chan struct{})
		l = p.NewLane(gone, noPanic(t))
		go func() { time.Sleep(time.Second); close(gone) }()
		begin = time.Now()
		assert.False(t, l.Ask(func() { t.Error("ran after its connection ended") }))
		assert.Equal(t, time.Second, time.Since(begin))
		p.DoEvents(0)
	})
}

func TestAHandlerThatRunsIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := dispatch.NewPump()
		p.Queue(true)
		l := p.NewLane(nil, noPanic(t))
		var order []string
		go func() {
			assert.True(t, l.Ask(func() { time.Sleep(time.Minute); order = append(order, "asked") }))
		}()
		go p.DoEvents(time.Second)
		synctest.Wait()
		l.End(func() { order = append(order, "end") })
		p.DoEvents(time.Hour)
		synctest.Wait()
		assert.Equal(t, []string{"asked", "end"}, order)
	})
}

func TestDoEventsInsideAHandler(t *testing.T) {
	t.Parallel()
	p := dispatch.NewPump()
	p.Queue(true)
	a, b := p.NewLane(nil, noPanic(t)), p.NewLane(nil, noPanic(t))
	var got []string
	a.Tell(func() {
		p.DoEvents(0)
		got = append(got, "a1")
	})
	a.Tell(func() { got = append(got, "a2") })
	b.Tell(func() { got = append(got, "b") })
	p.DoEvents(0)
	assert.Equal(t, []string{"b", "a1", "a2"}, got, "a lane never overtakes its own handler")
}

func TestAFullLaneHoldsItsConnectionBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := dispatch.NewPump()
		p.Queue(true)
		l := p.NewLane(nil, noPanic(t))
		told := 0
		go func() {
			for range dispatch.LaneLimit + 10 {
				l.Tell(func() {})
				told++
			}
		}()
		synctest.Wait()
		assert.Equal(t, dispatch.LaneLimit, told)
		p.DoEvents(0)
		synctest.Wait()
		p.DoEvents(0)
		assert.Equal(t, dispatch.LaneLimit+10, told)
	})
}

func TestTheEndFreesAWaitingConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := dispatch.NewPump()
		p.Queue(true)
		gone := make(chan struct{})
		l := p.NewLane(gone, noPanic(t))
		for range dispatch.LaneLimit {
			l.Tell(func() {})
		}
		told, last := false, false
		go l.Tell(func() { told = true })
		synctest.Wait()
		close(gone)
		synctest.Wait()
		l.End(func() { last = told })
		p.DoEvents(0)
		assert.True(t, last, "and no event is lost")
	})
}

func TestSwitchingBackKeepsTheOrder(t *testing.T) {
	t.Parallel()
	p := dispatch.NewPump()
	l := p.NewLane(nil, noPanic(t))
	var got []int
	p.Queue(true)
	l.Tell(func() { got = append(got, 1) })
	p.Queue(false)
	l.Tell(func() { got = append(got, 2) })
	assert.Empty(t, got)
	p.DoEvents(0)
	l.Tell(func() { got = append(got, 3) })
	assert.Equal(t, []int{1, 2, 3}, got)
}

// Many lanes, many pumping goroutines: every event runs once, in order, and
// never beside another of its lane.
func TestManyLanesManyPumps(t *testing.T) {
	t.Parallel()
	const lanes, events, pumps = 20, 200, 4
	p := dispatch.NewPump()
	p.Queue(true)
	var producers, consumers sync.WaitGroup
	var left atomic.Int64
	left.Store(lanes * events)
	for range lanes {
		l := p.NewLane(nil, noPanic(t))
		var inside atomic.Int32
		next := 0
		producers.Go(func() {
			for i := range events {
				l.Tell(func() {
					assert.EqualValues(t, 1, inside.Add(1))
					assert.Equal(t, i, next)
					next++
					inside.Add(-1)
					left.Add(-1)
				})
			}
		})
	}
	for range pumps {
		consumers.Go(func() {
			for left.Load() > 0 {
				p.DoEvents(time.Millisecond)
			}
		})
	}
	producers.Wait()
	consumers.Wait()
}

func ExamplePump() {
	pump := dispatch.NewPump()
	pump.Queue(true)
	lane := pump.NewLane(nil, func(v any, _ []byte) { fmt.Println("handler panicked:", v) })
	lane.Tell(func() { fmt.Println("a file arrived") })
	pump.DoEvents(0)
	// Output: a file arrived
}

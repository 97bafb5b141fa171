// Package dispatch decides on which goroutine a user's event handlers run.
//
// A [Pump] serves one server. Each connection has a [Lane]. Events of one lane
// are delivered in order and never at the same time; lanes are independent.
// By default an event runs where it occurs. Once the pump is told to queue, it
// runs inside [Pump.DoEvents], on the goroutine of whoever calls that.
//
// A handler that panics is stopped there; its lane's panic function is told.
package dispatch

import (
	"runtime/debug"
	"sync"
	"time"
)

// AnswerLimit is how long an event that waits for its answer stays queued
// before it counts as refused.
const AnswerLimit = 60 * time.Second

// LaneLimit is how many events one lane keeps queued. The next one waits, and
// with it the connection, which stops reading.
const LaneLimit = 64

// A Pump delivers the events of one server.
type Pump struct {
	mu     sync.Mutex // guards all below, and the fields of every lane
	queued bool
	ready  []*Lane       // lanes with events and no handler running, oldest first
	wake   chan struct{} // closed and replaced whenever a lane becomes ready
}

// NewPump returns a pump that delivers at once.
func NewPump() *Pump { return &Pump{wake: make(chan struct{})} }

// Queue says whether events wait for DoEvents. Events queued before a change
// back still wait for it.
func (p *Pump) Queue(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queued = on
}

// DoEvents delivers the events that are queued, and returns. With none queued
// it waits for one, at most for the given time.
//
// It may be called from several goroutines and from a handler: the events of a
// connection whose handler is running stay queued then.
func (p *Pump) DoEvents(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for p.runReady() == 0 {
		select {
		case <-p.waiting():
		case <-timer.C:
			return
		}
	}
}

func (p *Pump) waiting() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ready) > 0 {
		return closed
	}
	return p.wake
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// runReady runs what is queued now, and what the handlers queue meanwhile.
func (p *Pump) runReady() (ran int) {
	for {
		lane, ev := p.take()
		if lane == nil {
			return ran
		}
		ev.ok = lane.guard(ev.run)
		close(ev.done)
		p.release(lane)
		ran++
	}
}

// take removes the oldest event of the lane that has been ready longest, and
// marks that lane as running.
func (p *Pump) take() (*Lane, *event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ready) == 0 {
		return nil, nil
	}
	lane := p.ready[0]
	p.ready[0] = nil
	p.ready = p.ready[1:]
	ev := lane.events[0]
	lane.events[0] = nil
	lane.events = lane.events[1:]
	lane.running = true
	ev.taken = true
	lane.space.Signal()
	return lane, ev
}

func (p *Pump) release(l *Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.running = false
	l.announce()
}

// A Lane carries the events of one connection.
type Lane struct {
	pump    *Pump
	onPanic func(value any, stack []byte)
	ended   chan struct{} // closed by End

	// guarded by pump.mu
	events  []*event
	running bool
	last    bool       // End has been called
	space   *sync.Cond // a queued event has been taken
}

type event struct {
	run   func()
	done  chan struct{}
	taken bool // guarded by pump.mu
	ok    bool // valid once done is closed
}

// NewLane returns a lane. Its panic function, called on the goroutine of the
// handler that panicked, must not panic itself.
func (p *Pump) NewLane(onPanic func(value any, stack []byte)) *Lane {
	return &Lane{pump: p, onPanic: onPanic, ended: make(chan struct{}), space: sync.NewCond(&p.mu)}
}

// Ask delivers an event whose handler decides something, and returns when the
// handler has. False means that it did not: the handler panicked, the lane
// ended, or nobody called DoEvents in time.
func (l *Lane) Ask(run func()) bool {
	ev, queued := l.enqueue(run, false)
	if !queued {
		return ev != nil && l.guard(run)
	}
	timer := time.NewTimer(AnswerLimit)
	defer timer.Stop()
	select {
	case <-ev.done:
		return ev.ok
	case <-l.ended:
	case <-timer.C:
	}
	if l.withdraw(ev) {
		return false
	}
	<-ev.done // a handler that has begun is waited for
	return ev.ok
}

// Tell delivers an event that decides nothing. When it is queued, Tell returns
// as soon as there is room for it.
func (l *Lane) Tell(run func()) {
	if ev, queued := l.enqueue(run, false); !queued && ev != nil {
		l.guard(run)
	}
}

// Here delivers an event on this goroutine whatever the pump says: for methods
// that deliver the events they cause to their caller.
func (l *Lane) Here(run func()) bool { return l.guard(run) }

// End delivers the lane's last event, after all that are queued. Events that
// wait for an answer are withdrawn, later ones dropped. Only the first call
// has an effect.
func (l *Lane) End(run func()) {
	l.pump.mu.Lock()
	again := l.last
	l.last = true
	if !again {
		close(l.ended)
		l.space.Broadcast()
	}
	l.pump.mu.Unlock()
	if again {
		return
	}
	if ev, queued := l.enqueue(run, true); !queued && ev != nil {
		l.guard(run)
	}
}

// enqueue queues the event when the pump says so, waiting for room. Its result
// is nil when the lane has ended, which only End's own event passes.
func (l *Lane) enqueue(run func(), last bool) (ev *event, queued bool) {
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	for l.pump.queued && len(l.events) >= LaneLimit && !l.last {
		l.space.Wait()
	}
	if l.last && !last {
		return nil, false
	}
	ev = &event{run: run}
	// Events that are queued already must not be overtaken.
	if !l.pump.queued && len(l.events) == 0 {
		return ev, false
	}
	ev.done = make(chan struct{})
	l.events = append(l.events, ev)
	if len(l.events) == 1 {
		l.announce()
	}
	return ev, true
}

// announce makes the lane ready when it has events and no handler is running.
func (l *Lane) announce() {
	if l.running || len(l.events) == 0 {
		return
	}
	l.pump.ready = append(l.pump.ready, l)
	close(l.pump.wake)
	l.pump.wake = make(chan struct{})
}

// withdraw makes an event that no handler has begun to run do nothing.
func (l *Lane) withdraw(ev *event) bool {
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	if ev.taken {
		return false
	}
	ev.run = func() {}
	return true
}

// guard runs the handler and keeps its panic from going further.
func (l *Lane) guard(run func()) (ok bool) {
	defer func() {
		if ok {
			return
		}
		value := recover()
		if value == nil {
			return // runtime.Goexit, as testing's FailNow does it
		}
		l.onPanic(value, debug.Stack())
	}()
	run()
	return true
}

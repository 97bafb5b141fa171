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
	if ev.slot {
		<-lane.slots
	}
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
	gone    <-chan struct{}

	// guarded by pump.mu
	events  []*event
	running bool
	last    bool          // End has been called
	slots   chan struct{} // holds one for each queued event that found room; made when first needed
}

type event struct {
	run   func()
	done  chan struct{}
	slot  bool // counts against LaneLimit
	taken bool // guarded by pump.mu
	ok    bool // valid once done is closed
}

// NewLane returns a lane. Once gone is closed, because the connection is to
// end, nothing waits any more: not for room, not for answers; a nil channel
// never is. The panic function is called on the goroutine of the handler that
// panicked and must not panic itself.
func (p *Pump) NewLane(gone <-chan struct{}, onPanic func(value any, stack []byte)) *Lane {
	return &Lane{pump: p, gone: gone, onPanic: onPanic}
}

// Ask delivers an event whose handler decides something, and returns when the
// handler has. False means that it did not, and never will: the handler
// panicked, the connection has ended, or nobody called DoEvents in time.
func (l *Lane) Ask(run func()) bool {
	ev, queued := l.enqueue(run)
	if !queued {
		return ev != nil && l.guard(run)
	}
	timer := time.NewTimer(AnswerLimit)
	defer timer.Stop()
	select {
	case <-ev.done:
		return ev.ok
	case <-l.gone:
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
	if ev, queued := l.enqueue(run); !queued && ev != nil {
		l.guard(run)
	}
}

// Here delivers an event on this goroutine whatever the pump says: for methods
// that deliver the events they cause to their caller.
func (l *Lane) Here(run func()) bool { return l.guard(run) }

// End delivers the lane's last event, after all that are queued; later ones
// are dropped. Only the first call has an effect.
func (l *Lane) End(run func()) {
	l.pump.mu.Lock()
	again := l.last
	l.last = true
	var queued bool
	if !again {
		_, queued = l.add(&event{run: run})
	}
	l.pump.mu.Unlock()
	if !again && !queued {
		l.guard(run)
	}
}

// enqueue queues the event if the pump says so, waiting for room. Its result is
// nil when the lane has ended.
func (l *Lane) enqueue(run func()) (ev *event, queued bool) {
	ev = &event{run: run}
	if slots := l.mustWait(); slots != nil {
		select {
		case slots <- struct{}{}:
			ev.slot = true
		case <-l.gone: // what the end of the connection causes is little
		}
	}
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	if l.last {
		return nil, false
	}
	ev, queued = l.add(ev)
	if ev.slot && !queued {
		<-l.slots
	}
	return ev, queued
}

// mustWait returns the queue's slots if an event has to take one.
func (l *Lane) mustWait() chan struct{} {
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	if l.last || l.inline() {
		return nil
	}
	if l.slots == nil {
		l.slots = make(chan struct{}, LaneLimit)
	}
	return l.slots
}

// inline reports whether events run where they occur. Those that are queued
// already must not be overtaken.
func (l *Lane) inline() bool { return !l.pump.queued && len(l.events) == 0 }

// add queues the event, unless it is to run where it occurs.
func (l *Lane) add(ev *event) (*event, bool) {
	if l.inline() {
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

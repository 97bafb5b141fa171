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
	"sync/atomic"
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
	// defers is whether any event is queued or would be: while it is false,
	// nothing else has to be looked at.
	defers atomic.Bool

	mu     sync.Mutex // guards all below, and the queue of every lane
	queued bool
	events int           // in all lanes together
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
	p.changed()
}

// changed keeps defers true to its meaning.
func (p *Pump) changed() { p.defers.Store(p.queued || p.events > 0) }

// DoEvents delivers the events that are queued, and returns. With none queued
// it waits for one, at most for the given time. It delivers as many as there
// are when it begins: under a steady load it returns, too.
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

// runReady runs as many events as are queued now.
func (p *Pump) runReady() (ran int) {
	for range p.queuedNow() {
		lane, ev := p.take()
		if lane == nil {
			return ran
		}
		ev.ok = lane.guard(ev.run)
		close(ev.done)
		p.release(lane)
		ran++
	}
	return ran
}

func (p *Pump) queuedNow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events
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
	q := lane.queue
	ev := q.events[0]
	q.events[0] = nil
	q.events = q.events[1:]
	q.running = true
	p.events--
	p.changed()
	ev.taken = true
	if ev.slot {
		<-q.slots
	}
	return lane, ev
}

func (p *Pump) release(l *Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.queue.running = false
	l.announce()
}

// An Owner is whose events a lane carries.
type Owner interface {
	// Gone returns a channel that is closed when the owner is to end. Nothing
	// waits any more then: not for room, not for answers. A nil channel never is.
	Gone() <-chan struct{}

	// Panicked is called on the goroutine of a handler that panicked, and must
	// not panic itself.
	Panicked(value any, stack []byte)
}

// A Lane carries the events of one connection. It is small as long as nothing
// is queued, and must not be copied once it is used.
type Lane struct {
	pump  *Pump
	owner Owner
	last  atomic.Bool // End has been called; changes under pump.mu
	queue *queue      // made when first needed; guarded by pump.mu
}

// A queue holds the events of a lane that wait for DoEvents.
type queue struct {
	events  []*event
	running bool          // a handler
	slots   chan struct{} // holds one for each event that found room; made when first needed
}

// here stands for every event that is not queued.
var here event

type event struct {
	run   func()
	done  chan struct{}
	slot  bool // counts against LaneLimit
	taken bool // guarded by pump.mu
	ok    bool // valid once done is closed
}

// Lane returns the lane of an owner.
func (p *Pump) Lane(owner Owner) Lane { return Lane{pump: p, owner: owner} }

// NewLane is [Pump.Lane] for an owner made of its two methods.
func (p *Pump) NewLane(gone <-chan struct{}, panicked func(value any, stack []byte)) *Lane {
	return &Lane{pump: p, owner: plainOwner{gone, panicked}}
}

type plainOwner struct {
	gone     <-chan struct{}
	panicked func(any, []byte)
}

func (o plainOwner) Gone() <-chan struct{}        { return o.gone }
func (o plainOwner) Panicked(v any, stack []byte) { o.panicked(v, stack) }

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
	case <-l.owner.Gone():
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

// Post queues an event if events are queued, without waiting for room; false
// means that they are not, and the caller has to run it. For one that stands for
// everything its connection has to do, of which there is one at a time.
func (l *Lane) Post(run func()) bool {
	if !l.pump.defers.Load() {
		return false
	}
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	_, queued := l.add(&event{run: run})
	return queued
}

// Here delivers an event on this goroutine whatever the pump says: for methods
// that deliver the events they cause to their caller.
func (l *Lane) Here(run func()) bool { return l.guard(run) }

// End delivers the lane's last event, after all that are queued; later ones
// are dropped. Only the first call has an effect.
func (l *Lane) End(run func()) {
	l.pump.mu.Lock()
	again := l.last.Swap(true)
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
	if !l.pump.defers.Load() && !l.last.Load() {
		return &here, false
	}
	ev = &event{run: run}
	if slots := l.mustWait(); slots != nil {
		select {
		case slots <- struct{}{}:
			ev.slot = true
		case <-l.owner.Gone(): // what the end of the connection causes is little
		}
	}
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	if l.last.Load() {
		return nil, false
	}
	ev, queued = l.add(ev)
	if ev.slot && !queued {
		<-l.queue.slots
	}
	return ev, queued
}

// mustWait returns the queue's slots if an event has to take one.
func (l *Lane) mustWait() chan struct{} {
	l.pump.mu.Lock()
	defer l.pump.mu.Unlock()
	if l.last.Load() || l.inline() {
		return nil
	}
	q := l.makeQueue()
	if q.slots == nil {
		q.slots = make(chan struct{}, LaneLimit)
	}
	return q.slots
}

func (l *Lane) makeQueue() *queue {
	if l.queue == nil {
		l.queue = new(queue)
	}
	return l.queue
}

// inline reports whether events run where they occur. Those that are queued
// already must not be overtaken.
func (l *Lane) inline() bool {
	return !l.pump.queued && (l.queue == nil || len(l.queue.events) == 0)
}

// add queues the event, unless it is to run where it occurs.
func (l *Lane) add(ev *event) (*event, bool) {
	if l.inline() {
		return ev, false
	}
	ev.done = make(chan struct{})
	q := l.makeQueue()
	q.events = append(q.events, ev)
	l.pump.events++
	l.pump.changed()
	if len(q.events) == 1 {
		l.announce()
	}
	return ev, true
}

// announce makes the lane ready when it has events and no handler is running.
func (l *Lane) announce() {
	if l.queue.running || len(l.queue.events) == 0 {
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
		l.owner.Panicked(value, debug.Stack())
	}()
	run()
	return true
}

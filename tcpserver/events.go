package tcpserver

import (
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/dispatch"
)

// ask delivers an event whose handler decides something; it returns when the
// handler has. False means that no handler decided: it panicked, gone was
// closed before it began, or nobody called DoEvents in time.
func ask(lane *dispatch.Lane, event func(), gone <-chan struct{}) bool {
	var taken, decided atomic.Bool
	done := make(chan struct{})
	lane.Tell(func() {
		defer close(done)
		if taken.CompareAndSwap(false, true) {
			event()
			decided.Store(true)
		}
	})
	limit := time.NewTimer(dispatch.AnswerLimit)
	defer limit.Stop()
	select {
	case <-done:
	case <-gone:
	case <-limit.C:
	}
	if !taken.CompareAndSwap(false, true) {
		<-done // a handler that has begun is waited for
	}
	return decided.Load()
}

// report fires the Error event; c may be nil.
func (r *run) report(c *Conn, err *Error) {
	if event := r.errorEvent(c, err); event != nil {
		lane := r.core.pump.NewLane(func(any, []byte) {})
		if c != nil {
			lane = c.lane
		}
		lane.Tell(event)
	}
}

// reportHere fires the Error event inside a handler of c, whatever its queue
// holds.
func (r *run) reportHere(c *Conn, err *Error) {
	if event := r.errorEvent(c, err); event != nil {
		event()
	}
}

// errorEvent logs the error and returns what calls the hook, nil without one.
// A panic of this hook ends there: it would only cause the next Error.
func (r *run) errorEvent(c *Conn, err *Error) func() {
	if r.options.Logger != nil {
		r.options.Logger.Warn("error", "code", err.Code, "message", err.Message)
	}
	hook := r.options.Hooks.Error
	if hook == nil {
		return nil
	}
	return func() {
		defer func() { _ = recover() }()
		hook(c, err)
	}
}

package oftp

import (
	"sync"
	"time"

	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/trap"
)

// A turn decides which goroutine drives a session: the connection's own, or a
// method of the application.
type turn struct {
	mu      sync.Mutex
	holder  holder
	changed chan struct{} // a method has been called; holds at most one notice
}

// notify makes the connection's goroutine look at the session, if it waits.
func (t *turn) notify() {
	select {
	case t.changed <- struct{}{}:
	default: // a notice is waiting already
	}
}

type holder int

const (
	byConnection  holder = iota // the connection's own goroutine drives
	byNobody                    // it waits for the application
	byApplication               // a method drives
)

// drive runs a method's work on the session, if the session waits for the
// application. Events that the work causes are delivered to the caller.
//
// Code 10036: another method is at work. Code 687: the peer has the turn, or a
// handler other than that of ReadyToSend is running. Code 10057: the session
// is over.
func (s *session) drive(work func() error) error {
	if err := s.seize(); err != nil {
		return err
	}
	s.here = true
	defer func() {
		s.here = false
		s.c.set(func(state *connState) { state.ready = s.ended == nil && s.m.Speaking() })
		s.turn.mu.Lock()
		s.turn.holder = byNobody
		s.turn.mu.Unlock()
		s.turn.notify()
	}()
	return public(work())
}

func (s *session) seize() error {
	s.turn.mu.Lock()
	defer s.turn.mu.Unlock()
	switch {
	case s.turn.holder == byApplication:
		return trap.New(trap.CodeInProgress, "connection %s: another method is using the session: wait until it returns", s.conn.ID())
	case !s.conn.Connected(), s.over.Load(), s.turn.holder == byConnection && s.reader.over():
		return gone(s)
	case s.turn.holder == byConnection:
		return trap.New(CodeSend, "connection %s: the peer has the turn: wait for ReadyToSend", s.conn.ID())
	}
	s.turn.holder = byApplication
	return nil
}

func gone(s *session) error {
	return trap.New(trap.CodeNotConnected, "connection %s: the session has ended", s.conn.ID())
}

// public is the error that a method returns for one of the session's.
func public(err error) error {
	if err == errOver {
		return trap.New(trap.CodeNotConnected, "the peer has ended the session")
	}
	if err == nil {
		return nil
	}
	return trap.FromNet(err)
}

// offer leaves the session to the application's methods.
func (s *session) offer() {
	s.turn.mu.Lock()
	defer s.turn.mu.Unlock()
	s.turn.holder = byNobody
}

// A verdict is what becomes of a session that no method drives.
type verdict int

const (
	stay   verdict = iota // it is left to the application
	again                 // the same, and the application is told that the turn has come again
	resume                // the connection's goroutine drives
)

// park waits, the session being offered, for a verdict other than stay: judge
// gives it each time a method has driven. The peer's end and a shutdown are
// resumed whatever it says. With a limit, it waits for the application's next
// method only so long.
func (s *session) park(limit time.Duration, judge func() verdict) verdict {
	var timer <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		timer = t.C
	}
	drain, last := s.conn.Draining(), (<-chan struct{})(s.reader.last)
	for {
		must := true
		select {
		case <-s.turn.changed:
			must = s.isOver()
			if limit > 0 {
				timer = time.After(limit)
			}
		case <-last:
			last = nil
		case <-drain:
			drain = nil
		case <-timer:
		}
		if v := s.takeBack(must, judge); v != stay {
			return v
		}
	}
}

// isOver reports whether the peer has sent its last, or the server shuts down:
// what a method that was driving then has kept the connection from seeing.
func (s *session) isOver() bool {
	select {
	case <-s.conn.Draining():
		return true
	default:
		return s.reader.over()
	}
}

// takeBack asks for the verdict, unless a method drives: it will give notice
// when it has done.
func (s *session) takeBack(must bool, judge func() verdict) verdict {
	s.turn.mu.Lock()
	defer s.turn.mu.Unlock()
	if s.turn.holder == byApplication {
		return stay
	}
	v := resume
	if !must && s.ended == nil {
		v = judge()
	}
	if v == resume {
		s.turn.holder = byConnection
	}
	return v
}

// speaking runs work that needs the turn, and gets the turn back if the peer
// took it at the end: most ask for it with each EFPA, to send the receipt. So
// the application can send one file after the other. What goes wrong after the
// work does not change its outcome; the next method will hear of it.
func (s *session) speaking(work func() error) error {
	if err := s.listen(); err != nil { // returns at once when we have the turn
		return err
	}
	err := work()
	if s.ended == nil && !s.m.Speaking() && s.listen() == nil {
		s.turns++
		_ = s.sendReceipts()
	}
	return err
}

// yield hands the turn over: with something sent since it came, the RFC wants
// CD and then the peer's decision; else the session ends.
func (s *session) yield() error {
	if s.m.State() == oftpstate.IdleSpeakerCD {
		return s.input(oftpstate.Input{Event: oftpstate.ReleaseRQ}, nil)
	}
	return s.input(oftpstate.Input{Event: oftpstate.CDRQ}, nil)
}

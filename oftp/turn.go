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
	changed chan struct{} // a method has driven; holds at most one notice
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
		select {
		case s.turn.changed <- struct{}{}:
		default: // a notice is waiting already
		}
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

// park waits, the session being offered, until the connection's own goroutine
// has something to do: resume says so of a session that no method drives, the
// peer has ended it, or the server shuts down. With a limit, it waits for the
// application's next method only so long.
func (s *session) park(limit time.Duration, resume func() bool) {
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
		if s.takeBack(must, resume) {
			return
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

// takeBack makes the connection's goroutine drive again, unless a method does.
func (s *session) takeBack(must bool, resume func() bool) bool {
	s.turn.mu.Lock()
	defer s.turn.mu.Unlock()
	if s.turn.holder == byApplication || !must && s.ended == nil && !resume() {
		return false
	}
	s.turn.holder = byConnection
	return true
}

// speaking runs work that needs the turn: when the peer has taken it since
// ReadyToSend, by asking for it at the end of a file, it is served until it
// gives the turn back.
func (s *session) speaking(work func() error) error {
	if !s.m.Speaking() {
		if err := s.listen(); err != nil {
			return err
		}
	}
	return work()
}

// yield hands the turn over: with something sent since it came, the RFC wants
// CD and then the peer's decision; else the session ends.
func (s *session) yield() error {
	if s.m.State() == oftpstate.IdleSpeakerCD {
		return s.input(oftpstate.Input{Event: oftpstate.ReleaseRQ}, nil)
	}
	return s.input(oftpstate.Input{Event: oftpstate.CDRQ}, nil)
}

package park

import (
	"os"
	"sync"
	"time"
)

// A gate is where the waiting calls of one connection wait.
type gate struct {
	mu          sync.Mutex
	read, write side
}

// A side is one direction of a gate; the gate's mutex guards it.
type side struct {
	wake     sync.Cond
	deadline time.Time
}

func (g *gate) init() *gate {
	g.read.wake.L, g.write.wake.L = &g.mu, &g.mu
	return g
}

// rouse makes those who wait look again. Whoever changes what they wait for
// without holding the mutex calls it afterwards.
func (s *side) rouse() {
	s.wake.L.Lock()
	defer s.wake.L.Unlock()
	s.wake.Broadcast()
}

func (s *side) setDeadline(t time.Time) {
	s.wake.L.Lock()
	defer s.wake.L.Unlock()
	s.deadline = t
	s.wake.Broadcast()
}

func (s *side) expired() bool {
	s.wake.L.Lock()
	defer s.wake.L.Unlock()
	return passed(s.deadline)
}

// wait returns nil as soon as ready says so, and os.ErrDeadlineExceeded at the
// deadline or when limit, unless it is 0, is over. The mutex must be held, and
// is held while ready is called.
func (s *side) wait(limit time.Duration, ready func() bool) error {
	var quiet time.Time
	if limit > 0 {
		quiet = time.Now().Add(limit)
	}
	for !ready() {
		until := earlier(s.deadline, quiet)
		if passed(until) {
			return os.ErrDeadlineExceeded
		}
		s.sleep(until)
	}
	return nil
}

// sleep returns at the next broadcast, of which a timer makes one at until.
func (s *side) sleep(until time.Time) {
	if !until.IsZero() {
		t := time.AfterFunc(time.Until(until), s.rouse)
		defer t.Stop()
	}
	s.wake.Wait()
}

// passed reports whether t has come; the zero time never does.
func passed(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

// earlier returns the earlier of two times of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

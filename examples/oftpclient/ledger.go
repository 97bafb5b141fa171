package main

import "fmt"

// A virtualFile is what a file and its receipt have in common.
type virtualFile struct{ name, stamp string }

// A ledger knows which files are sent and wait for their receipts. Events write
// it and the program reads it, never at the same time: a client delivers its
// events to whoever calls its methods.
type ledger struct {
	waiting map[virtualFile]int
	sent    int // files that the server has accepted
	failed  int // files that were not accepted, got a negative response, or broke off
}

func newLedger() *ledger { return &ledger{waiting: make(map[virtualFile]int)} }

// accepted notes a file that is on the server's disk.
func (l *ledger) accepted(f virtualFile) {
	l.waiting[f]++
	l.sent++
}

// settle notes an end response; false if no file waits for it, as for one that
// an earlier session has sent.
func (l *ledger) settle(f virtualFile, ok bool) bool {
	if l.waiting[f] == 0 {
		return false
	}
	if l.waiting[f]--; l.waiting[f] == 0 {
		delete(l.waiting, f)
	}
	if !ok {
		l.failed++
	}
	return true
}

// verdict is the exit code; err is the session's.
func (s *session) verdict(err error) int {
	complete := s.ledger.failed == 0 && s.ledger.sent == len(s.send)
	if !s.noWait {
		for f := range s.ledger.waiting {
			complete = false
			fmt.Fprintf(s.stderr, "oftpclient: no receipt has come for %s %s\n", f.name, f.stamp)
		}
	}
	onlySends := len(s.send) > 0 && s.receive == ""
	switch {
	case complete && (err == nil || onlySends):
		return exitOK
	case err != nil:
		return exitSession
	}
	return exitUnfinished
}

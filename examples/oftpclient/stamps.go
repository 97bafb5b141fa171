package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/ediport/ediport/oftp"
)

// stamps gives each file of a call its stamp: the time of its modification, so
// that a restarted call names the same file in the same way, and the next one if
// the name has that already.
type stamps struct {
	step  time.Duration // what stamps can tell apart
	taken map[virtualFile]bool
}

// newStamps returns stamps for a protocol version: the counter below the second
// came with 1.4.
func newStamps(v oftp.Version) *stamps {
	s := &stamps{step: time.Second / 10_000, taken: make(map[virtualFile]bool)}
	if v < oftp.Version14 {
		s.step = time.Second
	}
	return s
}

// of returns the stamp as SetVirtualFileDate understands it.
func (s *stamps) of(f file, modified time.Time) string {
	name := f.name
	if name == "" {
		name = strings.ToUpper(filepath.Base(f.path))
	}
	for t := modified.Truncate(s.step); ; t = t.Add(s.step) {
		key := virtualFile{name, text(t)}
		if !s.taken[key] {
			s.taken[key] = true
			return key.stamp
		}
	}
}

// text is yyyyMMddHHmmssffff. The counter of RFC 5024 is 0001 to 9999; here it
// is the fraction of the second.
func text(t time.Time) string {
	counter := max(1, t.Nanosecond()/100_000)
	return fmt.Sprintf("%s%04d", t.Format("20060102150405"), counter)
}

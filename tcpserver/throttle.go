package tcpserver

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// Limits of the memory of failed logins.
const (
	freeFailures   = 5                // failures of one address that cost nothing
	failureLife    = 10 * time.Minute // then they are forgotten
	longestDelay   = 30               // in units of FailedLoginDelay
	rememberedMost = 10_000           // addresses
)

// A throttle remembers failed logins per address, so that guessing passwords
// takes long.
type throttle struct {
	mu       sync.Mutex // guards failures
	failures map[netip.Addr]failure
}

type failure struct {
	count int
	last  time.Time
}

// failed notes a failed login and returns how long its answer should be held
// back.
func (t *throttle) failed(addr netip.Addr, unit time.Duration, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr = subscriber(addr)
	f := t.failures[addr]
	if now.Sub(f.last) > failureLife {
		f.count = 0
	}
	f.count++
	f.last = now
	if len(t.failures) >= rememberedMost {
		t.forget(now)
	}
	if t.failures == nil {
		t.failures = make(map[netip.Addr]failure)
	}
	t.failures[addr] = f
	if f.count <= freeFailures {
		return 0
	}
	times := time.Duration(min(1<<min(f.count-freeFailures-1, 10), longestDelay))
	return min(unit, math.MaxInt64/times) * times
}

// forget makes room: all that is old, or else anything.
func (t *throttle) forget(now time.Time) {
	for addr, f := range t.failures {
		if now.Sub(f.last) > failureLife {
			delete(t.failures, addr)
		}
	}
	for addr := range t.failures {
		if len(t.failures) < rememberedMost {
			return
		}
		delete(t.failures, addr)
	}
}

// succeeded forgets the failures of an address.
func (t *throttle) succeeded(addr netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failures, subscriber(addr))
}

// subscriber is what failures are counted by: an IPv6 client has a whole /64 of
// addresses to try from.
func subscriber(addr netip.Addr) netip.Addr {
	if prefix, err := addr.Prefix(64); err == nil && addr.Is6() {
		return prefix.Addr()
	}
	return addr
}

package tcpserver

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// Limits of the memory of failed logins.
const (
	freeAsOne      = 5                // failures of one identity from one address that cost nothing
	freeAsAny      = 50               // failures of one address: many partners may share it
	failureLife    = 10 * time.Minute // then they are forgotten
	longestDelay   = 30               // in units of FailedLoginDelay
	rememberedMost = 10_000           // of each kind
)

// A throttle remembers failed logins, so that guessing passwords takes long.
// They count against the address and the identity that was claimed, so that one
// partner's wrong password does not slow down the others of its service
// provider; and, with more patience, against the address alone. A login that
// succeeds does not make them forgotten: whoever has an account could go on
// guessing those of others.
type throttle struct {
	mu    sync.Mutex // guards both
	asOne failures
	asAny failures
}

// A guesser is who failures count against; identity is "" for an address alone.
type guesser struct {
	addr     netip.Addr
	identity string
}

// delay is how long the answer to a login should be held back.
func (t *throttle) delay(addr netip.Addr, identity string, unit time.Duration, now time.Time) time.Duration {
	addr = subscriber(addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	over := max(
		t.asOne.count(guesser{addr, identity}, now)-freeAsOne,
		t.asAny.count(guesser{addr, ""}, now)-freeAsAny,
	)
	if over < 0 {
		return 0
	}
	times := time.Duration(min(1<<min(over, 10), longestDelay))
	return min(unit, math.MaxInt64/times) * times
}

// failed notes a failed login.
func (t *throttle) failed(addr netip.Addr, identity string, now time.Time) {
	addr = subscriber(addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asOne.add(guesser{addr, identity}, now)
	t.asAny.add(guesser{addr, ""}, now)
}

// failures counts failed logins by who has failed.
type failures map[guesser]failure

type failure struct {
	count int
	last  time.Time
}

func (f failures) count(who guesser, now time.Time) int {
	if past := f[who]; now.Sub(past.last) <= failureLife {
		return past.count
	}
	return 0
}

func (f *failures) add(who guesser, now time.Time) {
	if *f == nil {
		*f = make(failures)
	}
	count := f.count(who, now)
	if len(*f) >= rememberedMost {
		f.forget(now)
	}
	(*f)[who] = failure{count + 1, now}
}

// forget makes room: all that is old, or else anything.
func (f failures) forget(now time.Time) {
	for who, past := range f {
		if now.Sub(past.last) > failureLife {
			delete(f, who)
		}
	}
	for who := range f {
		if len(f) < rememberedMost {
			return
		}
		delete(f, who)
	}
}

// subscriber is what failures are counted by: an IPv6 client has a whole /64 of
// addresses to try from.
func subscriber(addr netip.Addr) netip.Addr {
	if prefix, err := addr.Prefix(64); err == nil && addr.Is6() {
		return prefix.Addr()
	}
	return addr
}

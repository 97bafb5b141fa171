//go:build cgo

package pkcs11

import (
	"crypto/subtle"
	"fmt"
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// mostSessions is how many one token gets: enough for its processor, and few
// enough for other programs to have some.
const mostSessions = 16

// A token keeps one login and a pool of sessions for all keys on it. The login
// holds as long as a session is open, so they stay open.
type token struct {
	identity
	module *module
	room   chan struct{} // has an element for each session in use

	mu         sync.Mutex // protects following
	slot       uint
	free       bool      // nobody has to log in
	live       bool      // the slot is known and the user is logged in
	idle       []session // open and not in use
	generation int       // counts how often sessions were lost
	pin        string    // that the token has accepted
	refused    bool      // and does not accept any more
}

// A session is used by one goroutine at a time.
type session struct {
	cryptoki
	handle     p11.SessionHandle
	generation int
}

func newToken(m *module, p presence) *token {
	most := mostSessions
	if n := p.MaxSessionCount; n != p11.CK_EFFECTIVELY_INFINITE && n < mostSessions {
		most = int(n) // unavailable is a great number
	}
	return &token{identity: p.identity, module: m, room: make(chan struct{}, most)}
}

// use calls do with a session on which the user is logged in, and once more with
// a new one when the session turns out to be lost.
func (t *token) use(do func(session) error) error {
	err := t.once(do)
	if lost(err) {
		err = t.once(do)
	}
	return err
}

func (t *token) once(do func(session) error) error {
	t.room <- struct{}{}
	defer func() { <-t.room }()
	s, err := t.take()
	if err != nil {
		return err
	}
	err = do(s)
	t.giveBack(s, err)
	return err
}

// take returns an idle session or opens one.
func (t *token) take() (session, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.live {
		if err := t.reconnect(); err != nil {
			return session{}, err
		}
	}
	if last := len(t.idle) - 1; last >= 0 {
		s := t.idle[last]
		t.idle = t.idle[:last]
		return s, nil
	}
	s, err := t.openSession()
	if lost(err) {
		t.forget(err)
	}
	return s, err
}

func (t *token) openSession() (session, error) {
	handle, err := t.module.functions.OpenSession(t.slot, p11.CKF_SERIAL_SESSION)
	if err != nil {
		return session{}, fmt.Errorf("opening a session of token %v: %w", t.identity, explain(err))
	}
	return session{t.module.functions, handle, t.generation}, nil
}

// giveBack takes a session back after a use that ended with err.
func (t *token) giveBack(s session, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if lost(err) && s.generation == t.generation {
		t.forget(err)
	}
	if s.generation == t.generation {
		t.idle = append(t.idle, s)
	} else {
		s.close(err)
	}
}

// forget gives up all sessions, so that the next use looks for the token and
// logs in again. Those in use follow when they are given back.
func (t *token) forget(err error) {
	for _, s := range t.idle {
		s.close(err)
	}
	t.idle, t.live = nil, false
	t.generation++
}

// close closes a session unless err says that it is gone: its number may be
// another's by now.
func (s session) close(err error) {
	if !is(err, gone...) {
		_ = s.CloseSession(s.handle) // nobody can do anything about it
	}
}

// unlock logs in for somebody who opens a store. A PIN that the token cannot
// check, since the user is logged in already, is compared with the one that it
// has accepted.
func (t *token) unlock(pin string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.live {
		return t.connect(pin)
	}
	if t.free {
		return nil
	}
	if err := t.compare(pin); err != nil {
		return err
	}
	t.refused = false
	return nil
}

// reconnect logs in again for keys that are in use.
func (t *token) reconnect() error {
	if t.refused {
		return t.errRefused()
	}
	return t.connect(t.pin)
}

// connect finds the token and logs in on a first session.
func (t *token) connect(pin string) error {
	place, err := t.module.locate(t.identity)
	if err != nil {
		return err
	}
	t.slot, t.free = place.slot, place.Flags&p11.CKF_LOGIN_REQUIRED == 0
	s, err := t.openSession()
	if err != nil {
		return err
	}
	if !t.free {
		if err := t.login(s, pin); err != nil {
			s.close(err)
			return err
		}
	}
	t.live, t.idle = true, append(t.idle, s)
	return nil
}

func (t *token) login(s session, pin string) error {
	if pin == "" {
		return t.errNoPIN()
	}
	err := s.Login(s.handle, p11.CKU_USER, pin)
	if is(err, p11.CKR_USER_ALREADY_LOGGED_IN) {
		if t.pin == "" {
			t.pin = pin // another part of the program has logged in
		}
		return t.compare(pin)
	}
	if err == nil {
		t.pin, t.refused = pin, false
		return nil
	}
	return t.noLogin(err, pin)
}

// loginOnce gives the PIN for the operation that has begun on s, which a key with
// CKA_ALWAYS_AUTHENTICATE wants.
func (t *token) loginOnce(s session) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused {
		return t.errRefused()
	}
	if err := s.Login(s.handle, p11.CKU_CONTEXT_SPECIFIC, t.pin); err != nil {
		return t.noLogin(err, t.pin)
	}
	return nil
}

// noLogin explains why the token has not taken pin. It remembers a wrong one.
func (t *token) noLogin(err error, pin string) error {
	if is(err, p11.CKR_PIN_INCORRECT, p11.CKR_PIN_INVALID, p11.CKR_PIN_LEN_RANGE) {
		t.refused = t.refused || pin == t.pin
		return &passwordError{fmt.Sprintf("the PIN of token %v is wrong (%v)", t.identity, err)}
	}
	return fmt.Errorf("logging in to token %v: %w", t.identity, explain(err))
}

// compare checks a PIN against the one that the token has accepted.
func (t *token) compare(pin string) error {
	if pin == "" {
		return t.errNoPIN()
	}
	if subtle.ConstantTimeCompare([]byte(pin), []byte(t.pin)) == 0 {
		return &passwordError{fmt.Sprintf("the PIN of token %v is not the one that this program is logged in with", t.identity)}
	}
	return nil
}

func (t *token) errNoPIN() error {
	return &passwordError{fmt.Sprintf("token %v wants a PIN and none was given", t.identity)}
}

func (t *token) errRefused() error {
	return &passwordError{fmt.Sprintf("token %v has refused the PIN, which is not tried again until the store is opened again", t.identity)}
}

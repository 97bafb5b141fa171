package main

import (
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
)

// partners are those who may log in, by SSID code.
type partners map[string]partner

type partner struct {
	password string
	sfid     string // whom files for the partner are for; "" is its SSID
}

// add adds a partner as the flag has it, SSID:PASSWORD[:SFID].
func (p partners) add(text string) error {
	fields := strings.Split(text, ":")
	if len(fields) < 2 || len(fields) > 3 || fields[0] == "" {
		return errors.New("use SSID:PASSWORD or SSID:PASSWORD:SFID")
	}
	if _, ok := p[fields[0]]; ok {
		return errors.New("this partner was given before")
	}
	sfid := ""
	if len(fields) == 3 {
		sfid = fields[2]
	}
	if tooLong(fields[0], fields[1]) || tooLong(sfid, "") {
		return errTooLong
	}
	p[fields[0]] = partner{password: fields[1], sfid: sfid}
	return nil
}

// Reasons of ESID (RFC 5024, section 5.3.11).
const (
	reasonNone          = 0
	reasonUnknownUser   = 3
	reasonWrongPassword = 4
)

// admit returns the partner, or the reason for which it may not log in.
func (p partners) admit(ssid, password string) (partner, int) {
	found, ok := p[ssid]
	switch {
	case !ok:
		return partner{}, reasonUnknownUser
	case !equal(found.password, password):
		return partner{}, reasonWrongPassword
	}
	return found, reasonNone
}

// equal compares passwords in a time that does not tell where they differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// An outbox holds the files that wait for partners. Several sessions of one
// partner may use it at once.
type outbox struct {
	mu    sync.Mutex
	files map[string][]string // paths by partner, oldest first
}

func newOutbox(files []file) *outbox {
	b := &outbox{files: make(map[string][]string)}
	for _, f := range files {
		b.add(f.partner, f.path)
	}
	return b
}

// take removes what waits for a partner, so that one session has it.
func (b *outbox) take(partner string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	paths := b.files[partner]
	delete(b.files, partner)
	return paths
}

// add queues files, also such as could not be sent.
func (b *outbox) add(partner string, paths ...string) {
	if len(paths) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files[partner] = append(b.files[partner], paths...)
}

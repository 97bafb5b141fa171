package oftp_test

import (
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of the recorded sessions with CMS, this package has only the refusal.

func TestReplayAuthenticationIsRefusedByAServer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"accord-auth1", "cs-auth"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, name)
			s.start()
			p := s.dial()
			want[oftpwire.SSRM](p)
			p.sendBuffer(s.recording[1].octets)
			p.wantEnd(12)
			assert.Equal(t, oftp.CodeProtocol, (<-s.ended).StatusCode)
		})
	}
}

func TestReplayAuthenticationIsRefusedByAClient(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"accord-auth1", "cs-auth"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			c := newCaller(t, name, d)
			done := make(chan error, 1)
			go func() { done <- c.logon() }()
			p := d.accept()
			p.sendBuffer(c.recording[0].octets)
			offered := want[oftpwire.SSID](p)
			assert.False(t, offered.Authentication)
			p.sendBuffer(c.recording[2].octets)
			p.wantEnd(12)
			failsWith(oftp.CodeProtocol, &oftp.SessionError{Reason: 12})(c, <-done)
		})
	}
}

func TestReplayFileSecurityIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, "accord-signed-eerp")
	s.start()
	p := s.dial()
	p.playSome(s.recording, initiator)
	refusal := want[oftpwire.SFNA](p)
	assert.Equal(t, oftpwire.SFNA{Reason: 16, Text: "encrypted file not allowed"}, refusal)
	p.send(oftpwire.CD{})
	p.wantEnd(0)
	assert.Zero(t, (<-s.ended).StatusCode)
	require.Empty(t, entries(t, s.inbox))
}

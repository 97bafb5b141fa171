package oftp_test

import (
	"net"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// impatience is a Timeout that a test can wait for.
const impatience = 150 * time.Millisecond

// A peer that falls silent, wherever it does, is told so by reason 09.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	for name, reach := range map[string]func(*peer){
		"before Start Session":  connected,
		"idle":                  idle,
		"receiving a file":      receiving,
		"turn asked for":        delivered,
		"receipt sent":          receiptDue,
		"file offered":          offered,
		"sending, no credit":    withoutCredit,
		"file to be answered":   fileSent,
		"turn given back":       gaveBack,
		"in a header":           halfSent("\x10\x00"),
		"in a command":          halfSent("\x10\x00\x00\xA9HFILE"),
		"before login, cut off": func(p *peer) { connected(p); p.write([]byte("\x10\x00\x00\x41X5")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sends := sendsFiles(t)
			ended := make(chan int, 1)
			srv := newServer(t, func(s *oftp.Server) {
				s.DefaultTimeout = impatience
				s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ended <- e.StatusCode }
				sends(s)
			})
			p := dialPeer(t, srv)
			reach(p)
			p.wantEnd(9)
			assert.Equal(t, trap.CodeTimedOut, <-ended)
		})
	}
}

func halfSent(octets string) func(*peer) {
	return func(p *peer) {
		p.login(nil)
		p.write([]byte(octets))
	}
}

// A peer that sends without end and never reads does not keep the server: its
// answers find no room, and the connection is broken.
func TestPeerThatNeverReads(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { s.DefaultTimeout = impatience })
	near, far := net.Pipe() // has no room at all
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(far) }()
	p := newPeer(t, near)
	p.login(nil)
	for range 2 { // the second is not even taken
		if _, err := near.Write(wireOf(t, sample(p, oftpwire.IDEERP))); err != nil {
			break
		}
	}
	assert.ErrorIs(t, <-served, oftp.ErrTimedOut)
	requireServing(t, srv)
}

// The same for a file that the peer has asked for and does not take.
func TestPeerThatTakesNoData(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "OUT", make([]byte, 32<<20))
	sent := make(chan error, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.DefaultTimeout = impatience
		_, err := s.Config("BufferCompression=False")
		require.NoError(t, err)
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) { sent <- e.Connection.SendFile("", path, "OUT") }
	})
	p := loggedIn(t, srv, func(ssid *oftpwire.SSID) { ssid.BufferSize, ssid.Credit = oftpwire.MaxBuffer, 999 })
	p.send(oftpwire.CD{})
	want[oftpwire.SFID](p)
	p.send(oftpwire.SFPA{})
	err := <-sent
	require.Error(t, err)
	assert.ErrorIs(t, err, oftp.ErrTimedOut)
}

package oftp_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// victim is the partner whose password is guessed.
const victim = "O0055VICTIM"

// guessed is a server that has seen five wrong passwords of the victim.
func guessed(t *testing.T, settings ...string) *oftp.Server {
	t.Helper()
	srv := newServer(t, func(s *oftp.Server) { set(t, s, settings...) })
	for range 5 {
		p := dialPeer(t, srv)
		want[oftpwire.SSRM](p)
		ssid := p.newSSID()
		ssid.Code, ssid.Password = victim, "GUESS"
		p.send(ssid)
		p.wantEnd(4)
	}
	return srv
}

// Were the answer to a right password quicker than that to a wrong one, nobody
// who guesses would wait for the second.
func TestAGuesserWhoDoesNotWaitLearnsNothing(t *testing.T) {
	t.Parallel()
	srv := guessed(t, "FailedLoginDelay=3600", "LoginTimeout=0")
	for name, leave := range map[string]func(*peer){
		"closing its direction": (*peer).closeHalf,
		"ending the session":    func(p *peer) { p.send(oftpwire.ESID{}) },
		"sending a file":        func(p *peer) { p.send(p.newSFID("FILE")); p.closeHalf() },
	} {
		p := dialPeer(t, srv)
		p.code = victim
		want[oftpwire.SSRM](p)
		p.send(p.newSSID()) // the right password
		leave(p)
		b, err := p.read()
		if err == nil {
			cmd, err := oftpwire.Parse(p.level, b)
			require.NoError(t, err)
			assert.Equal(t, 2, cmd.(oftpwire.ESID).Reason, name) // what it sent has no place here
			_, err = p.read()
			require.ErrorIs(t, err, io.EOF, name)
			continue
		}
		assert.ErrorIs(t, err, io.EOF, name)
	}
}

func TestAPartnerWhosePasswordIsGuessedGetsInLater(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	srv := guessed(t, "FailedLoginDelay=0.3")
	p := dialPeer(t, srv)
	p.code = victim
	p.login(nil)
	p.quit()
	assert.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
}

func TestOthersAtTheAddressOfAGuesserGetInAtOnce(t *testing.T) {
	t.Parallel()
	srv := guessed(t, "FailedLoginDelay=3600", "LoginTimeout=0")
	loggedIn(t, srv, nil).quit()
}

func TestAServerThatShutsDownDoesNotWaitForAGuesser(t *testing.T) {
	t.Parallel()
	srv := guessed(t, "FailedLoginDelay=3600", "LoginTimeout=0")
	p := dialPeer(t, srv)
	p.code = victim
	want[oftpwire.SSRM](p)
	p.send(p.newSSID())
	done := make(chan error, 1)
	go func() { done <- srv.ShutdownContext(t.Context()) }()
	p.wantEnd(5)
	assert.NoError(t, await(t, done))
}

func TestMaxFileSize(t *testing.T) {
	t.Parallel()
	srv, dir := newInbox(t, func(s *oftp.Server) { set(t, s, "MaxFileSize=2000") })
	p := loggedIn(t, srv, nil)

	tooBig := p.newSFID("OFFERED")
	tooBig.Size = 3
	p.send(tooBig)
	assert.Equal(t, 6, want[oftpwire.SFNA](p).Reason)

	offer := p.newSFID("GROWN")
	offer.Size = 2
	p.offer(offer)
	p.send(data(strings.Repeat("x", 1500)), data(strings.Repeat("x", 1500)), oftpwire.EFID{Octets: 3000})
	assert.Equal(t, 6, want[oftpwire.EFNA](p).Reason)
	assert.Empty(t, list(t, dir), "nothing is kept for a restart")

	// Runs make two octets of the wire 63 of the disk.
	p.offer(p.newSFID("RUNS"))
	p.send(oftpwire.DATA{Payload: []byte(strings.Repeat("\x7fx", 50))}, oftpwire.EFID{Octets: 50 * 63})
	assert.Equal(t, 6, want[oftpwire.EFNA](p).Reason)

	p.deliver("SMALL", strings.Repeat("x", 2000))
	p.receipt("SMALL")
	assert.Equal(t, []string{"SMALL"}, list(t, dir))
}

func TestAFileThatGotTooLargeIsGoneBeforeItsEnd(t *testing.T) {
	t.Parallel()
	moved := make(chan int64, 1)
	srv, dir := newInbox(t, func(s *oftp.Server) {
		set(t, s, "MaxFileSize=2000")
		s.OnTransfer = func(e *oftp.TransferEvent) { moved <- e.BytesTransferred }
	})
	p := loggedIn(t, srv, nil)
	p.offer(p.newSFID("GROWN"))
	for range 2 {
		p.send(data(strings.Repeat("x", 1500)))
		await(t, moved)
	}
	assert.Empty(t, list(t, dir), "the peer may take as long as it wants from here")
}

func TestAHandlerMayTakeAFileThatIsOfferedAsTooLarge(t *testing.T) {
	t.Parallel()
	srv, dir := newInbox(t, func(s *oftp.Server) {
		set(t, s, "MaxFileSize=10")
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
			assert.Equal(t, 6, e.ErrorCode)
			e.Accept = true
		}
	})
	p := loggedIn(t, srv, nil)
	offer := p.newSFID("SMALL")
	offer.Size = 99 // wrong
	p.offer(offer)
	p.send(data("0123456789"), oftpwire.EFID{Octets: 10})
	want[oftpwire.EFPA](p)
	p.receipt("SMALL")
	assert.Equal(t, []string{"SMALL"}, list(t, dir))
}

func TestWhatAPeerSaysCannotForgeALog(t *testing.T) {
	t.Parallel()
	const words = "bye\n2026/11/20 login of ADMIN\x1b[2J\u202e"
	for _, err := range []error{
		&oftp.SessionError{Reason: 99, Text: words, ByPeer: true},
		&oftp.FileError{Reason: 99, Text: words},
	} {
		assert.Contains(t, err.Error(), "(bye?2026/11/20 login of ADMIN?[2J?)")
	}
}

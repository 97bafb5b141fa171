package oftp_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each initiator recording is played against a server.
func TestReplayInitiators(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*stage)
		stored  string // the file that arrives
		status  int    // of Disconnected
		check   func(*stage)
	}{
		"accord-both":    {prepare: sendsBack, stored: "TEXT.TXT", check: sentBack},
		"accord-badpw":   {prepare: refusesPassword, status: oftp.CodeUnknownPassword},
		"accord-refuse":  {prepare: hasItAlready, check: keptIt},
		"accord-v12":     {stored: "TEXT.TXT"},
		"accord-v13":     {stored: "RND.BIN"},
		"accord-v14":     {stored: "HELLO"},
		"accord-vdown":   {prepare: hasOnly14, status: oftp.CodeProtocol},
		"cs-nerp":        {prepare: rejectsLater, stored: "TEXT.TXT"},
		"cs-restart":     {prepare: hasAPart, stored: "TEXT.TXT"},
		"cs-to-accord":   {stored: "RND.BIN"},
		"go-client-idle": {},
		"go-client-auth": {status: oftp.CodeProtocol},
		"go-client-file": {stored: "DATA22"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, name)
			if c.prepare != nil {
				c.prepare(s)
			}
			s.start()
			if s.before != nil {
				s.before()
			}
			s.dial().play(s.recording, initiator)
			assert.Equal(t, c.status, (<-s.ended).StatusCode)
			if c.stored != "" {
				s.requireStored(c.stored)
			}
			if c.check != nil {
				c.check(s)
			}
		})
	}
}

// A stage is a server that says of itself what a recorded responder did.
type stage struct {
	*oftp.Server
	t         *testing.T
	recording recording
	inbox     string
	before    func() // what happens before the recorded session
	ended     chan *oftp.DisconnectedEvent

	transfers []*oftp.EndTransferEvent // what the session tells
	responses []*oftp.EndResponseEvent
}

func newStage(t *testing.T, name string) *stage {
	t.Helper()
	s := &stage{
		Server:    oftp.NewServer(),
		t:         t,
		recording: load(t, name),
		inbox:     t.TempDir(),
		ended:     make(chan *oftp.DisconnectedEvent, 2),
	}
	said := s.recording.ssid(t, responder)
	s.LocalHost, s.LocalPort = "127.0.0.1", 0
	s.ServerSSIDCode, s.ServerSFIDCode, s.ServerPassword = serverCode, serverCode, said.Password
	configure(t, s.Server, said)
	s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(s.inbox) }
	s.OnEndTransfer = func(e *oftp.EndTransferEvent) { s.transfers = append(s.transfers, e) }
	s.OnEndResponse = func(e *oftp.EndResponseEvent) { s.responses = append(s.responses, e) }
	s.OnDisconnected = func(e *oftp.DisconnectedEvent) { s.ended <- e }
	return s
}

func (s *stage) start() {
	s.t.Helper()
	require.NoError(s.t, s.StartListening())
	shutDownAfter(s.t, s.Server)
}

func (s *stage) dial() *peer { return dialPeer(s.t, s.Server) }

// configure offers what a side of a recording has offered.
func configure(t *testing.T, at interface{ Config(string) (string, error) }, said oftpwire.SSID) {
	t.Helper()
	if said.BufferSize == 0 {
		return // it has not come to that
	}
	for _, text := range []string{
		fmt.Sprint("ExchangeBufferSize=", said.BufferSize),
		fmt.Sprint("CreditCount=", said.Credit),
		fmt.Sprint("BufferCompression=", said.Compression),
		fmt.Sprint("Restart=", said.Restart),
	} {
		_, err := at.Config(text)
		require.NoError(t, err)
	}
}

// requireStored checks that a file, and nothing else, is in the inbox, and that
// EndTransfer has told of it.
func (s *stage) requireStored(name string) {
	s.t.Helper()
	got, err := os.ReadFile(filepath.Join(s.inbox, name))
	require.NoError(s.t, err)
	require.True(s.t, bytes.Equal(contents[name], got), "%d octets are not those that were sent", len(got))
	assert.Len(s.t, entries(s.t, s.inbox), 1)
	last := s.transfers[len(s.transfers)-1]
	for _, e := range s.transfers {
		if e.Direction == oftp.FromClient {
			last = e
		}
	}
	assert.Equal(s.t, name, last.VirtualFileName)
	assert.Zero(s.t, last.ReasonCode)
	assert.EqualValues(s.t, len(contents[name]), last.FileSize)
}

func entries(t testing.TB, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names
}

// sendsBack makes the server send a file when it has the turn, and only then,
// when it has it again, the receipt of the one it got.
func sendsBack(s *stage) {
	path := writeFile(s.t, "FROMSERVER", contents["FROMSERVER"])
	s.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		s.transfers = append(s.transfers, e)
		e.SendEndResponse = false
	}
	s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		if len(s.transfers) == 2 { // both files are through
			assert.NoError(s.t, e.Connection.Logoff())
			return
		}
		assert.NoError(s.t, e.Connection.SetSFIDCode(serverCode)) // accord was set up so
		assert.NoError(s.t, e.Connection.SetVirtualFileDate("202611200831430001"))
		assert.NoError(s.t, e.Connection.SendFile("", path, "FROMSERVER"))
		got := s.transfers[0]
		assert.NoError(s.t, e.Connection.SendEndResponse(oftp.EndResponse{
			VirtualFileName: got.VirtualFileName,
			VirtualFileDate: got.VirtualFileDate,
		}))
	}
}

func sentBack(s *stage) {
	require.Len(s.t, s.responses, 1)
	assert.Equal(s.t, "FROMSERVER", s.responses[0].VirtualFileName)
	assert.Equal(s.t, "11/20/2026 08:31:43", s.responses[0].VirtualFileDate)
	assert.Zero(s.t, s.responses[0].ReasonCode)
}

func refusesPassword(s *stage) {
	s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		assert.Equal(s.t, "CLIPWD", e.ClientPassword)
		e.Accept, e.ErrorCode = false, 4
	}
}

func hasItAlready(s *stage) {
	_, err := s.Config("AllowRetry=True")
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(filepath.Join(s.inbox, "TEXT.TXT"), []byte("older"), 0o600))
}

func keptIt(s *stage) {
	got, err := os.ReadFile(filepath.Join(s.inbox, "TEXT.TXT"))
	require.NoError(s.t, err)
	assert.Equal(s.t, "older", string(got))
	assert.Empty(s.t, s.transfers)
}

func hasOnly14(s *stage) {
	s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		assert.Equal(s.t, oftp.Version20, e.ClientVersion)
		e.ServerVersion = oftp.Version14
	}
}

// rejectsLater makes the server take the file, and then say that it was not
// delivered.
func rejectsLater(s *stage) {
	s.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		s.transfers = append(s.transfers, e)
		e.SendEndResponse = false
	}
	s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		got := s.transfers[0]
		assert.NoError(s.t, e.Connection.SendEndResponse(oftp.EndResponse{
			VirtualFileName: got.VirtualFileName,
			VirtualFileDate: got.VirtualFileDate,
			ReasonCode:      35,
			ReasonText:      "rejected by test",
		}))
		assert.NoError(s.t, e.Connection.Logoff())
	}
}

// hasAPart makes an earlier session break off when 61500 octets of the file have
// come.
func hasAPart(s *stage) {
	s.before = func() {
		p := s.dial()
		for _, e := range s.recording[:5] { // up to SFPA
			if e.from == initiator {
				p.sendBuffer(e.octets)
			} else if _, err := p.read(); err != nil {
				require.NoError(s.t, err)
			}
		}
		payload, n, _ := oftpwire.AppendRecord(nil, oftpwire.MaxBuffer-1, contents["TEXT.TXT"][:61500], false, false)
		require.Equal(s.t, 61500, n)
		p.send(oftpwire.DATA{Payload: payload})
		p.hangUp()
		<-s.ended
	}
}

package oftp_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/require"
)

// FuzzSession sends octets of any kind behind a good login, and nothing after
// them. Whatever they are, the session ends.
func FuzzSession(f *testing.F) {
	seedSession(f)
	dir, out := f.TempDir(), filepath.Join(f.TempDir(), "OUT")
	require.NoError(f, os.WriteFile(out, numbers(100), 0o600))
	srv := oftp.NewServer()
	srv.ServerSSIDCode, srv.ServerSFIDCode = serverCode, serverCode
	srv.DefaultTimeout = time.Second
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(dir) }
	srv.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.FileName, e.Overwrite = filepath.Join(dir, "IN"), true }
	srv.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		_ = e.Connection.SendFile("", out, "OUT")
		_ = e.Connection.Logoff()
	}
	f.Cleanup(srv.Shutdown)

	login := (&peer{t: f, level: oftpwire.Level20, code: clientCode}).newSSID()
	f.Fuzz(func(t *testing.T, octets []byte) {
		near, far := net.Pipe()
		defer near.Close()
		all := append(wireOf(t, login), octets...)
		served := make(chan error, 1)
		go func() { served <- srv.ServeConn(monologue{far, bytes.NewReader(all)}) }()
		select {
		case <-served:
		case <-time.After(patience):
			t.Fatal("the session goes on without a peer")
		}
	})
}

// A monologue is a connection to a peer that says its piece and does not listen.
type monologue struct {
	net.Conn
	says io.Reader
}

func (m monologue) Read(p []byte) (int, error)  { return m.says.Read(p) }
func (m monologue) Write(p []byte) (int, error) { return len(p), nil }

// seedSession adds every command, and what initiators of recordings say behind
// their logins.
func seedSession(f *testing.F) {
	p := &peer{t: f, level: oftpwire.Level20, code: clientCode}
	for i := range letters {
		f.Add(wireOf(f, sample(p, oftpwire.ID(letters[i]))))
	}
	for _, name := range []string{"accord-both", "cs-restart", "go-client-file"} {
		pl := player{peer: p}
		var octets []byte
		for _, e := range load(f, name) {
			pl.follow(e)
			if e.word != "DATA" && (e.from == responder || e.word == "EOF" || e.is(oftpwire.IDSSID)) {
				continue
			}
			if said := pl.wire(e); e.from == initiator {
				octets = append(octets, said...)
			}
		}
		f.Add(octets)
	}
}

func wireOf(t testing.TB, cmd oftpwire.Command) []byte {
	t.Helper()
	b, err := cmd.Append(nil, oftpwire.Level20)
	require.NoError(t, err)
	return framed(b)
}

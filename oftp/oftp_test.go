package oftp_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The partners of most tests.
const (
	serverCode = "O0055SERVER"
	clientCode = "O0055CLIENT"
)

// newServer returns a listening server that lets the test client in.
func newServer(t *testing.T, change func(*oftp.Server)) *oftp.Server {
	t.Helper()
	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0
	srv.ServerSSIDCode, srv.ServerSFIDCode, srv.ServerPassword = serverCode, serverCode, "SRVPWD"
	inbox := t.TempDir()
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		if e.ClientPassword != "CLIPWD" {
			e.Accept, e.ErrorCode = false, 4
		}
		e.Connection.SetDownloadDirectory(inbox)
	}
	if change != nil {
		change(srv)
	}
	require.NoError(t, srv.StartListening())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = srv.ShutdownContext(ctx)
	})
	return srv
}

// newClient returns a client of that server, not logged on.
func newClient(t *testing.T, srv *oftp.Server, change func(*oftp.Client)) *oftp.Client {
	t.Helper()
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort = "127.0.0.1", srv.LocalPort
	c.ClientSSIDCode, c.ClientPassword = clientCode, "CLIPWD"
	c.ServerSSIDCode, c.ServerPassword = serverCode, "SRVPWD"
	c.Timeout = 20 * time.Second
	c.DownloadDirectory = t.TempDir()
	if change != nil {
		change(c)
	}
	t.Cleanup(c.Disconnect)
	return c
}

// session returns a client of that server, logged on.
func session(t *testing.T, srv *oftp.Server, change func(*oftp.Client)) *oftp.Client {
	t.Helper()
	c := newClient(t, srv, change)
	require.NoError(t, c.Logon(t.Context()))
	return c
}

// set changes settings of a server or client.
func set(t *testing.T, on interface{ Config(string) (string, error) }, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := on.Config(statement)
		require.NoError(t, err, statement)
	}
}

// code is the code of an error of the package; 0 for nil.
func code(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var coded *oftp.Error
	require.ErrorAs(t, err, &coded)
	return coded.Code
}

// await returns what comes next out of a channel, for which a test has patience.
func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing has come")
		panic("not reached")
	}
}

// A journal collects lines from any goroutine.
type journal struct {
	mu   sync.Mutex
	text []string
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, fmt.Sprintf(format, args...))
}

func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.text)
}

// transfers returns a hook and the EndTransfer events of one direction that it
// gets.
func transfers(d oftp.Direction) (func(*oftp.EndTransferEvent), <-chan oftp.EndTransferEvent) {
	c := make(chan oftp.EndTransferEvent, 100)
	return func(e *oftp.EndTransferEvent) {
		if e.Direction == d {
			c <- *e
		}
	}, c
}

// random returns octets that no compression makes shorter, the same in every run.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// calm returns octets with long runs.
func calm(n int) []byte {
	return bytes.Repeat(append(bytes.Repeat([]byte{'x'}, 200), "abc"...), n/203+1)[:n]
}

func sameFile(t *testing.T, want []byte, path string) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s has %d octets, not the %d that were sent", path, len(got), len(want))
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func TestAFileAndItsReceipt(t *testing.T) {
	t.Parallel()
	var received oftp.EndTransferEvent
	srv := newServer(t, func(s *oftp.Server) {
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) { received = *e }
	})
	var receipts []oftp.EndResponseEvent
	c := newClient(t, srv, func(c *oftp.Client) {
		c.OnEndResponse = func(e *oftp.EndResponseEvent) { receipts = append(receipts, *e) }
	})
	require.NoError(t, c.Logon(t.Context()))
	content := []byte("UNB+UNOA:2+SENDER+RECEIVER'\r\n")
	require.NoError(t, c.SendFile("", writeFile(t, "a.edi", content), "DELFOR"))
	require.NoError(t, c.Logoff())

	assert.Equal(t, "DELFOR", received.VirtualFileName)
	got, err := os.ReadFile(received.LocalFile)
	require.NoError(t, err)
	assert.Equal(t, content, got)
	require.Len(t, receipts, 1)
	assert.Equal(t, "DELFOR", receipts[0].VirtualFileName)
	assert.Zero(t, receipts[0].ReasonCode)
}

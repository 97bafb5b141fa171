package oftp_test

import (
	"context"
	"os"
	"path/filepath"
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

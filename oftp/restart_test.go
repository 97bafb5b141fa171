package oftp_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longCargoes has a file of each format that takes many buffers.
func longCargoes() []cargo {
	var lines, records, table bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&lines, "line %d\r\n", i)
		fmt.Fprintf(&records, "%s\r\n", strings.Repeat(string(rune('A'+i%26)), i%50))
		fmt.Fprintf(&table, "%-30d\r\n", i)
	}
	return []cargo{
		{"U", oftp.Unstructured, 0, random(500_000)},
		{"T", oftp.Text, 0, lines.Bytes()},
		{"F", oftp.Fixed, 30, table.Bytes()},
		{"V", oftp.Variable, 50, records.Bytes()},
	}
}

// breakAfter breaks a connection once, when so many octets have moved.
func breakAfter(octets int64) func(*oftp.TransferEvent) {
	var done atomic.Bool
	return func(e *oftp.TransferEvent) {
		if e.BytesTransferred > octets && !done.Swap(true) {
			e.Connection.Disconnect()
		}
	}
}

// A watch notes where transfers begin.
type watch struct{ first []int64 }

func (w *watch) look(e *oftp.TransferEvent, last *string) {
	if *last != e.ConnectionID {
		w.first, *last = append(w.first, e.BytesTransferred), e.ConnectionID
	}
}

func (w *watch) wrap(then func(*oftp.TransferEvent)) func(*oftp.TransferEvent) {
	var last string
	return func(e *oftp.TransferEvent) {
		w.look(e, &last)
		then(e)
	}
}

const middle = 100_000

func nothing(*oftp.TransferEvent) {}

func TestAnUploadGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	for _, file := range longCargoes() {
		for _, who := range []string{"client", "server"} {
			t.Run(file.name+" cut by the "+who, func(t *testing.T) {
				t.Parallel()
				var w watch
				inbox, temp := t.TempDir(), t.TempDir()
				hook, ends := transfers(oftp.FromClient)
				gone := make(chan struct{}, 10)
				srv := newServer(t, func(s *oftp.Server) {
					set(t, s, "TempPath="+temp, "ExchangeBufferSize=2000", "BufferCompression=False")
					s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
					s.OnTransfer = w.wrap(nothing)
					if who == "server" {
						s.OnTransfer = w.wrap(breakAfter(middle))
					}
					s.OnEndTransfer = hook
					s.OnDisconnected = func(*oftp.DisconnectedEvent) { gone <- struct{}{} }
				})
				c := session(t, srv, func(c *oftp.Client) {
					if who == "client" {
						c.OnTransfer = breakAfter(middle)
					}
				})
				path := writeFile(t, "f", file.content)
				require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
				require.Error(t, send(c.Connection(), path, file))
				assert.NotZero(t, await(t, ends).ReasonCode)
				await(t, gone)
				assert.Empty(t, list(t, inbox), "nothing that is not complete")
				assert.NotEmpty(t, list(t, temp))

				require.NoError(t, c.Logon(t.Context()))
				require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
				require.NoError(t, send(c.Connection(), path, file))
				arrived(t, file, await(t, ends))
				assert.Empty(t, list(t, temp))
				require.Len(t, w.first, 2)
				assert.Greater(t, w.first[1], int64(middle/2), "it did not begin anew")
			})
		}
	}
}

func TestADownloadGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	for _, file := range longCargoes() {
		for _, who := range []string{"client", "server"} {
			t.Run(file.name+" cut by the "+who, func(t *testing.T) {
				t.Parallel()
				var w watch
				path := writeFile(t, "f", file.content)
				srv := newServer(t, func(s *oftp.Server) {
					set(t, s, "ExchangeBufferSize=2000", "BufferCompression=False", "CreditCount=5")
					if who == "server" {
						s.OnTransfer = breakAfter(middle)
					}
					s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
						assert.NoError(t, e.Connection.SetVirtualFileDate(stamp))
						_ = send(e.Connection, path, file)
						_ = e.Connection.Logoff()
					}
				})
				hook, ends := transfers(oftp.FromServer)
				c := session(t, srv, func(c *oftp.Client) {
					c.OnTransfer = w.wrap(nothing)
					if who == "client" {
						c.OnTransfer = w.wrap(breakAfter(middle))
					}
					c.OnEndTransfer = hook
				})
				_, err := c.ReceiveFiles()
				require.Error(t, err)
				assert.NotZero(t, await(t, ends).ReasonCode)
				require.NoError(t, c.Logon(t.Context()))
				_, err = c.ReceiveFiles()
				_ = err // the server offers the file once more, which is a duplicate then
				arrived(t, file, await(t, ends))
				require.GreaterOrEqual(t, len(w.first), 2)
				assert.Greater(t, w.first[1], int64(middle/2), "it did not begin anew")
				assert.Equal(t, []string{file.name}, list(t, c.DownloadDirectory))
			})
		}
	}
}

func TestWithoutRestartAFileBeginsAnew(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"server", "client"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			var w watch
			hook, ends := transfers(oftp.FromClient)
			srv := newServer(t, func(s *oftp.Server) {
				set(t, s, "ExchangeBufferSize=2000", "BufferCompression=False")
				if side == "server" {
					set(t, s, "Restart=False")
				}
				s.OnTransfer = w.wrap(breakAfter(middle))
				s.OnEndTransfer = hook
			})
			c := newClient(t, srv, nil)
			if side == "client" {
				set(t, c, "Restart=False")
			}
			file := longCargoes()[0]
			path := writeFile(t, "f", file.content)
			for try := range 2 {
				require.NoError(t, c.Logon(t.Context()))
				require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
				err := send(c.Connection(), path, file)
				assert.Equal(t, try == 0, err != nil)
				if e := await(t, ends); try == 0 {
					assert.Empty(t, list(t, filepath.Dir(e.LocalFile)), "what no restart can use is not kept")
				} else {
					arrived(t, file, e)
				}
			}
			require.Len(t, w.first, 2)
			assert.Less(t, w.first[1], int64(3000))
		})
	}
}

func TestAnotherFileOfThatNameDoesNotGoOn(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnTransfer = breakAfter(middle)
		s.OnEndTransfer = hook
		set(t, s, "ExchangeBufferSize=2000", "BufferCompression=False")
	})
	c := session(t, srv, nil)
	first, second := random(500_000), calm(500_000)
	require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
	require.Error(t, c.SendFile("", writeFile(t, "f", first), "SAME"))
	await(t, ends)
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.SendFile("", writeFile(t, "g", second), "SAME"), "it has another stamp")
	sameFile(t, second, await(t, ends).LocalFile)
}

func TestAFileThatHasShrunkSinceItBrokeOff(t *testing.T) {
	t.Parallel()
	hook, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnTransfer = breakAfter(middle)
		s.OnEndTransfer = hook
		set(t, s, "ExchangeBufferSize=2000", "BufferCompression=False")
	})
	c := session(t, srv, nil)
	path := writeFile(t, "f", random(500_000))
	require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
	require.Error(t, c.SendFile("", path, "F"))
	await(t, ends)
	short := random(500_000)[:5000]
	require.NoError(t, os.WriteFile(path, short, 0o600))
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
	require.NoError(t, c.SendFile("", path, "F"))
	sameFile(t, short, await(t, ends).LocalFile)
}

// list is what a folder holds.
func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

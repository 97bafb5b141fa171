package oftp_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stamped is how tests see the date of [stamp] by the setting
// VirtualFileDateFormat's default, and in full.
const (
	stamp   = "202403151407330042"
	stamped = "03/15/2024 14:07:33"
)

// keep writes every event of a session down.
func keep(j *journal, e *oftp.Events) {
	e.OnConnected = func(e *oftp.ConnectedEvent) { j.note("Connected %d %s", e.StatusCode, e.Description) }
	e.OnDisconnected = func(e *oftp.DisconnectedEvent) { j.note("Disconnected %d %s", e.StatusCode, e.Description) }
	e.OnAcceptFile = func(e *oftp.AcceptFileEvent) {
		j.note("AcceptFile %s %s to %s from %s size %d accept %v error %d", e.VirtualFileName, e.VirtualFileDate,
			e.Destination, e.Originator, e.FileSize, e.Accept, e.ErrorCode)
	}
	e.OnStartTransfer = func(e *oftp.StartTransferEvent) {
		j.note("StartTransfer %d %s %s to %s from %s", e.Direction, e.VirtualFileName, e.VirtualFileDate, e.Destination, e.Originator)
	}
	e.OnTransfer = func(e *oftp.TransferEvent) {
		j.note("Transfer %d %s %s to %s from %s: %d %q", e.Direction, e.VirtualFileName, e.VirtualFileDate, e.Destination,
			e.Originator, e.BytesTransferred, e.Text)
	}
	e.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		j.note("EndTransfer %d %s %s to %s from %s: %d %q size %d send %v", e.Direction, e.VirtualFileName, e.VirtualFileDate,
			e.Destination, e.Originator, e.ReasonCode, e.ReasonText, e.FileSize, e.SendEndResponse)
	}
	e.OnEndResponse = func(e *oftp.EndResponseEvent) {
		j.note("EndResponse %d %s %s to %s from %s creator %q: %d %q", e.Direction, e.VirtualFileName, e.VirtualFileDate,
			e.Destination, e.Originator, e.Creator, e.ReasonCode, e.ReasonText)
	}
	e.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		j.note("ReadyToSend %v", e.Connection.ReadyToSend())
		_ = e.Connection.Logoff()
	}
	e.OnError = func(e *oftp.ErrorEvent) { j.note("Error %d %s", e.ErrorCode, e.Description) }
}

func TestTheEventsOfASessionInOrder(t *testing.T) {
	t.Parallel()
	var atServer, atClient journal
	gone, sent := make(chan struct{}), false
	file := writeFile(t, "HELLO", []byte("hello"))
	srv := newServer(t, func(s *oftp.Server) {
		accept := s.OnAcceptConnection
		keep(&atServer, &s.Events)
		set(t, s, "FireEndResponseOnSend=True")
		s.OnConnectionRequest = func(e *oftp.ConnectionRequestEvent) {
			atServer.note("ConnectionRequest %s %v %v", e.Address, e.Port > 0, e.Accept)
		}
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
			accept(e)
			atServer.note("AcceptConnection %s %s %v %v %v %d", e.ClientSSIDCode, e.ClientPassword, e.ClientVersion,
				e.ServerVersion, e.Accept, e.ErrorCode)
		}
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			atServer.note("ReadyToSend %v", e.Connection.ReadyToSend())
			if sent {
				assert.NoError(t, e.Connection.Logoff())
				return
			}
			sent = true
			assert.NoError(t, e.Connection.SetVirtualFileDate(stamp))
			assert.NoError(t, e.Connection.SendFile("", file, "BACK"))
		}
		s.OnDisconnected = func(e *oftp.DisconnectedEvent) {
			atServer.note("Disconnected %d %s", e.StatusCode, e.Description)
			close(gone)
		}
	})
	c := session(t, srv, func(c *oftp.Client) {
		keep(&atClient, &c.Events)
		c.OnDisconnected = nil // it comes on another goroutine, after Logoff
	})
	require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
	require.NoError(t, c.SendFile("", file, "THERE"))
	open, err := c.ReceiveFiles()
	require.NoError(t, err)
	assert.False(t, open, "a speaker with nothing to send ends the session")
	await(t, gone)

	const there, back = " to " + serverCode + " from " + clientCode, " to " + clientCode + " from " + serverCode
	assert.Equal(t, []string{
		"ConnectionRequest 127.0.0.1 true true",
		"Connected 0 OK",
		"AcceptConnection O0055CLIENT CLIPWD 2.0 2.0 true 0",
		"AcceptFile THERE " + stamped + there + " size 1024 accept true error 0",
		"StartTransfer 0 THERE " + stamped + there,
		"Transfer 0 THERE " + stamped + there + `: 5 "hello"`,
		"EndTransfer 0 THERE " + stamped + there + `: 0 "" size 5 send true`,
		"EndResponse 1 THERE " + stamped + back + ` creator "": 0 ""`,
		"ReadyToSend true",
		"StartTransfer 1 BACK " + stamped + back,
		"Transfer 1 BACK " + stamped + back + `: 5 ""`,
		"EndTransfer 1 BACK " + stamped + back + `: 0 "" size 5 send false`,
		"EndResponse 0 BACK " + stamped + there + ` creator "": 0 ""`,
		"ReadyToSend true",
		"Disconnected 0 OK",
	}, atServer.lines())
	assert.Equal(t, []string{
		"Connected 0 OK",
		"StartTransfer 0 THERE " + stamped + there,
		"Transfer 0 THERE " + stamped + there + `: 5 ""`,
		"EndTransfer 0 THERE " + stamped + there + `: 0 "" size 5 send false`,
		"EndResponse 0 THERE " + stamped + back + ` creator "": 0 ""`,
		"AcceptFile BACK " + stamped + back + " size 1024 accept true error 0",
		"StartTransfer 1 BACK " + stamped + back,
		"Transfer 1 BACK " + stamped + back + `: 5 "hello"`,
		"EndTransfer 1 BACK " + stamped + back + `: 0 "" size 5 send true`,
	}, atClient.lines())
}

func TestTransferShowsTheWholeFile(t *testing.T) {
	t.Parallel()
	for _, file := range cargoes() {
		t.Run(file.name, func(t *testing.T) {
			t.Parallel()
			var text bytes.Buffer
			var before int64
			ended := make(chan int64, 1)
			srv := newServer(t, func(s *oftp.Server) {
				set(t, s, "ExchangeBufferSize=500")
				s.OnTransfer = func(e *oftp.TransferEvent) {
					text.Write(e.Text)
					assert.GreaterOrEqual(t, e.BytesTransferred, before)
					assert.NotEmpty(t, e.LocalFile)
					before = e.BytesTransferred
				}
				s.OnEndTransfer = func(e *oftp.EndTransferEvent) { ended <- e.FileSize }
			})
			var sent []int64
			c := session(t, srv, func(c *oftp.Client) {
				c.OnTransfer = func(e *oftp.TransferEvent) {
					assert.Empty(t, e.Text)
					sent = append(sent, e.BytesTransferred)
				}
			})
			require.NoError(t, send(c.Connection(), writeFile(t, "f", file.content), file))
			size := await(t, ended)
			want := file.content
			if file.record > 0 { // separators do not travel
				want = bytes.ReplaceAll(want, []byte("\r\n"), nil)
			}
			assert.True(t, bytes.Equal(want, text.Bytes()))
			assert.EqualValues(t, len(want), before)
			assert.EqualValues(t, len(want), size)
			assert.True(t, slices.IsSorted(sent))
			assert.EqualValues(t, len(want), sent[len(sent)-1])
		})
	}
}

// trail returns a hook and what it gets: a line for each command.
func trail(j *journal) func(*oftp.PITrailEvent) {
	return func(e *oftp.PITrailEvent) {
		j.note("%d %s|%s|%q", e.Direction, e.CommandID, e.CommandDescription, e.Data)
	}
}

func TestPITrailHasEveryCommand(t *testing.T) {
	t.Parallel()
	var j journal
	srv := newServer(t, nil)
	c := session(t, srv, func(c *oftp.Client) { c.OnPITrail = trail(&j) })
	require.NoError(t, c.Connection().SetVirtualFileDate(stamp))
	require.NoError(t, c.SendFile("", writeFile(t, "f", []byte("hello")), "HELLO"))
	require.NoError(t, c.Logoff())
	code := func(s string) string { return fmt.Sprintf("%-25s", s) }
	assert.Equal(t, []string{
		`1 SSRM|SSRM (Start Session Ready Message)|"IODETTE FTP READY \r"`,
		`0 SSID|SSID (Start Session)|"X5` + code(clientCode) + `********99999BYYN999N            \r"`,
		`1 SSID|SSID (Start Session)|"X5` + code(serverCode) + `********99999BYYN999N            \r"`,
		`0 SFID|SFID (Start File)|"H` + fmt.Sprintf("%-26s", "HELLO") + `   202403151407330042        ` + code(serverCode) +
			code(clientCode) + "U" + "00000" + "0000000000001" + "0000000000001" + "00000000000000000" + "00" + "00" + "0" + "0" + "N" + `000"`,
		`1 SFPA|SFPA (Start File Positive Answer)|"200000000000000000"`,
		`0 DATA|DATA (Data Exchange Buffer)|"D\x85hello"`,
		`0 EFID|EFID (End File)|"T0000000000000000000000000000000005"`,
		`1 EFPA|EFPA (End File Positive Answer)|"4Y"`,
		`0 CD|CD (Change Direction)|"R"`,
		`1 EERP|EERP (End to End Response)|"E` + fmt.Sprintf("%-26s", "HELLO") + `   202403151407330042        ` + code(clientCode) +
			code(serverCode) + `\x00\x00\x00\x00"`,
		`0 RTR|RTR (Ready To Receive)|"P"`,
		`1 CD|CD (Change Direction)|"R"`,
		`0 ESID|ESID (End Session)|"F00000\r"`,
	}, j.lines())
}

func TestFriendlyLogFormat(t *testing.T) {
	t.Parallel()
	var j journal
	srv := newServer(t, nil)
	c := session(t, srv, func(c *oftp.Client) {
		set(t, c, "FriendlyLogFormat=True")
		c.OnPITrail = trail(&j)
	})
	require.NoError(t, c.Logoff())
	assert.Contains(t, j.lines()[1], "SSID Level=2.0 Code=O0055CLIENT Password=******** BufferSize=99999 Direction=B")
}

// loud collects all that a session of client and server says to logs.
func loud(t *testing.T, logLevel string, mask bool) []string {
	t.Helper()
	var j journal
	listen := func(e *oftp.Events) {
		e.OnPITrail = func(e *oftp.PITrailEvent) { j.note("PITrail %q", e.Data) }
		e.OnLog = func(e *oftp.LogEvent) { j.note("Log %d %s %s", e.LogLevel, e.LogType, e.Message) }
		e.OnError = func(e *oftp.ErrorEvent) { j.note("Error %s", e.Description) }
	}
	settings := []string{"LogLevel=" + logLevel, fmt.Sprintf("MaskSensitiveData=%v", mask)}
	gone := make(chan struct{})
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, settings...)
		listen(&s.Events)
		s.OnDisconnected = func(*oftp.DisconnectedEvent) { close(gone) }
	})
	c := session(t, srv, func(c *oftp.Client) {
		set(t, c, settings...)
		listen(&c.Events)
	})
	require.NoError(t, c.SendFile("", writeFile(t, "f", []byte("hello")), "HELLO"))
	require.NoError(t, c.Logoff())
	await(t, gone)
	return j.lines()
}

func TestNoPasswordInAnyLog(t *testing.T) {
	t.Parallel()
	inHex := func(text string) string { return strings.TrimSpace(strings.Split(hex.Dump([]byte(text)), "  ")[1]) }
	for _, masked := range []bool{true, false} {
		all := strings.Join(loud(t, "Debug", masked), "\n")
		for _, secret := range []string{"CLIPWD", "SRVPWD"} {
			assert.Equal(t, !masked, strings.Contains(all, secret), "masked %v", masked)
			assert.Equal(t, false, masked && strings.Contains(all, inHex(secret)))
		}
	}
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	logs := func(level string) []string {
		lines := loud(t, level, true)
		return slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "Log ") })
	}
	assert.Empty(t, logs("None"))
	info := logs("Info")
	assert.Contains(t, info, "Log 1 OFTP client: SFID (Start File)")
	assert.NotContains(t, strings.Join(info, "\n"), "DATA")
	verbose := strings.Join(logs("Verbose"), "\n")
	assert.Contains(t, verbose, "Log 2 OFTP client: DATA 7 octets")
	assert.Contains(t, verbose, "Name=HELLO")
	assert.Contains(t, verbose, "Log 2 Info session with O0055CLIENT at OFTP 2.0")
	assert.Contains(t, strings.Join(logs("Debug"), "\n"), "44 85 68 65 6c 6c 6f")
}

func TestConnectionRequestCanRefuse(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		s.OnConnectionRequest = func(e *oftp.ConnectionRequestEvent) { e.Accept = false }
	})
	c := newClient(t, srv, nil)
	assert.Contains(t, []int{10054, 10053}, code(t, c.Logon(t.Context())))
	assert.Nil(t, oftp.NewClient().Connection())
}

func TestDisconnectedTellsWhy(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		end  func(*oftp.Server, *oftp.Client)
		code int
	}{
		{"Logoff", func(_ *oftp.Server, c *oftp.Client) { _ = c.Logoff() }, 0},
		{"the client breaks the connection", func(_ *oftp.Server, c *oftp.Client) { c.Disconnect() }, 10054},
		{"Disconnect", func(s *oftp.Server, _ *oftp.Client) { _ = s.Disconnect("1") }, 0},
		{"Shutdown", func(s *oftp.Server, _ *oftp.Client) { s.Shutdown() }, 0},
	}
	for _, row := range cases {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ends := make(chan oftp.DisconnectedEvent, 1)
			srv := newServer(t, func(s *oftp.Server) {
				s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ends <- *e }
			})
			c := session(t, srv, nil)
			row.end(srv, c)
			e := await(t, ends)
			assert.Equal(t, row.code, e.StatusCode, e.Description)
			assert.False(t, e.Connection.Connected())
			assert.Equal(t, clientCode, e.Connection.SSIDCode(), "a Connection may be kept")
		})
	}
}

func TestEventsShowFullPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	received, ends := transfers(oftp.FromClient)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory("inbox") }
		s.OnEndTransfer = received
	})
	sent, own := transfers(oftp.FromClient)
	c := session(t, srv, func(c *oftp.Client) { c.OnEndTransfer = sent })
	require.NoError(t, os.WriteFile("file", []byte("content"), 0o600))
	require.NoError(t, c.SendFile("", "file", "F"))
	for _, e := range []oftp.EndTransferEvent{await(t, ends), await(t, own)} {
		assert.True(t, filepath.IsAbs(e.LocalFile), e.LocalFile)
		sameFile(t, []byte("content"), e.LocalFile)
	}
}

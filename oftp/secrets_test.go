package oftp_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPasswordsAreNotPrinted(t *testing.T) {
	t.Parallel()
	srv := oftp.NewServer()
	srv.ServerSSIDCode, srv.ServerPassword = serverCode, "HUNTER2"
	client := oftp.NewClient()
	client.ClientSSIDCode, client.ClientPassword, client.ServerPassword = clientCode, "HUNTER2", "HUNTER2"
	for name, value := range map[string]any{
		serverCode: srv,
		clientCode: client,
		"partner":  &oftp.AcceptConnectionEvent{ClientSSIDCode: "partner", ClientPassword: "HUNTER2"},
		"subject":  &oftp.SSLConnectionRequestEvent{CertSubject: "subject", CertPassword: "HUNTER2"},
	} {
		var out bytes.Buffer
		fmt.Fprintf(&out, "%v %+v %s\n", value, value, value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", value)
		assert.Contains(t, out.String(), name)
		assert.NotContains(t, out.String(), "HUNTER2", "%T", value)
	}
}

// What events say at the level that says most, and what the settings and errors
// say, holds no password of either side: right, wrong, or out of its place.
func TestNoEventTellsAPassword(t *testing.T) {
	t.Parallel()
	var told journal
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "LogLevel=Debug")
		s.OnLog = func(e *oftp.LogEvent) { told.note("%s", e.Message) }
		s.OnPITrail = func(e *oftp.PITrailEvent) { told.note("%s", e.Data) }
		s.OnError = func(e *oftp.ErrorEvent) { told.note("%s", e.Description) }
		s.OnConnected = func(e *oftp.ConnectedEvent) { told.note("%+v %+v", *e, e.Connection) }
		s.OnDisconnected = func(e *oftp.DisconnectedEvent) { told.note("%+v %+v", *e, e.Connection) }
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
			value, err := s.Config("ServerPassword[" + e.ConnectionID + "]")
			told.note("%s %v", value, err)
			if e.ClientPassword == "PANICPWD" {
				panic(e)
			}
			e.Accept, e.ErrorCode = e.ClientPassword == "CLIPWD", 4
		}
	})
	loggedIn(t, srv, nil).quit()
	for _, password := range []string{"WRONGPWD", "PANICPWD"} {
		p := dialPeer(t, srv)
		want[oftpwire.SSRM](p)
		ssid := p.newSSID()
		ssid.Password = password
		p.send(ssid)
		p.closeHalf()
		_, err := io.Copy(io.Discard, p.conn) // ESID, or nothing after a panic
		require.NoError(t, err)
	}
	p := dialPeer(t, srv)
	want[oftpwire.SSRM](p)
	p.sendBuffer("X5" + strings.Repeat("O", 30) + "CLIPWD  04096BNNN064N         \r")
	p.wantEnd(6)

	all := strings.Join(told.lines(), "\n")
	require.Contains(t, all, "SSID")
	for _, password := range []string{"CLIPWD", "SRVPWD", "WRONGPWD", "PANICPWD", "PWD"} {
		assert.NotContains(t, all, password)
	}
}

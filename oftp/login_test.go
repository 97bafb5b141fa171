package oftp_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARefusedClientLearnsWhy(t *testing.T) {
	t.Parallel()
	cases := []struct {
		reason      int
		description string
		code        int
		message     string
	}{
		{0, "", oftp.CodeUnknownSSID, "reason 03: user code not known"},
		{3, "", oftp.CodeUnknownSSID, "reason 03: user code not known"},
		{4, "", oftp.CodeUnknownPassword, "reason 04: invalid password"},
		{10, "come with 2.0", oftp.CodeProtocol, "reason 10: mode or capabilities incompatible (come with 2.0)"},
		{99, "out of hours", oftp.CodeProtocol, "reason 99: unspecified (out of hours)"},
		{4711, "", oftp.CodeUnknownSSID, "reason 03"},
		{99, strings.Repeat("é", 900), oftp.CodeProtocol, "reason 99: unspecified (é"},
		{99, "two\nlines \xff", oftp.CodeProtocol, "reason 99: unspecified (two"},
	}
	for _, row := range cases {
		t.Run(fmt.Sprint(row.reason, len(row.description)), func(t *testing.T) {
			t.Parallel()
			ends := make(chan oftp.DisconnectedEvent, 1)
			srv := newServer(t, func(s *oftp.Server) {
				s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
					e.Accept, e.ErrorCode, e.ErrorDescription = false, row.reason, row.description
				}
				s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ends <- *e }
			})
			c := newClient(t, srv, nil)
			err := c.Logon(t.Context())
			assert.Equal(t, row.code, code(t, err))
			require.ErrorContains(t, err, row.message)
			var session *oftp.SessionError
			require.ErrorAs(t, err, &session)
			assert.True(t, session.ByPeer)
			assert.Equal(t, row.code, await(t, ends).StatusCode)
		})
	}
}

func TestAServerWithoutAHookLetsNobodyIn(t *testing.T) {
	t.Parallel()
	faults := make(chan string, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = nil
		s.OnError = func(e *oftp.ErrorEvent) { faults <- e.Description }
	})
	err := newClient(t, srv, nil).Logon(t.Context())
	assert.Equal(t, oftp.CodeUnknownSSID, code(t, err))
	assert.Contains(t, await(t, faults), "OnAcceptConnection")
}

func TestAPanicInAcceptConnectionIsARefusal(t *testing.T) {
	t.Parallel()
	faults := make(chan oftp.ErrorEvent, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnAcceptConnection = func(*oftp.AcceptConnectionEvent) { panic("no database") }
		s.OnError = func(e *oftp.ErrorEvent) { faults <- *e }
	})
	assert.Error(t, newClient(t, srv, nil).Logon(t.Context()))
	assert.Contains(t, await(t, faults).Description, "no database")
	assert.True(t, srv.Listening())
}

func TestTheServerMayAnswerWithALowerVersion(t *testing.T) {
	t.Parallel()
	for answer := oftp.Version12; answer <= oftp.Version20+1; answer++ {
		t.Run(fmt.Sprint(answer), func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, func(s *oftp.Server) {
				accept := s.OnAcceptConnection
				s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
					accept(e)
					assert.Equal(t, oftp.Version14, e.ClientVersion)
					assert.Equal(t, oftp.Version14, e.ServerVersion)
					e.ServerVersion = answer
				}
			})
			c := session(t, srv, func(c *oftp.Client) { c.Version = oftp.Version14 })
			agreed := min(answer, oftp.Version14)
			assert.Equal(t, agreed, c.Connection().Version())
			conn, ok := srv.Connection("1")
			require.True(t, ok)
			require.NoError(t, c.SendFile("", writeFile(t, "f", []byte("f")), "F"))
			assert.Equal(t, agreed, conn.Version())
		})
	}
}

func TestTheClientChecksTheServer(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*oftp.Client)
		code   int
		reason int
	}{
		{"SSID", func(c *oftp.Client) { c.ServerSSIDCode = "O0055OTHER" }, oftp.CodeUnknownSSID, 3},
		{"password", func(c *oftp.Client) { c.ServerPassword = "OTHER" }, oftp.CodeUnknownPassword, 4},
		{"version", func(c *oftp.Client) { c.MinVersion = oftp.Version20 }, oftp.CodeProtocol, 10},
		{"nothing expected", func(c *oftp.Client) { c.ServerSSIDCode, c.ServerPassword = "", "" }, 0, 0},
	}
	for _, row := range cases {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ends := make(chan oftp.DisconnectedEvent, 1)
			srv := newServer(t, func(s *oftp.Server) {
				accept := s.OnAcceptConnection
				s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { accept(e); e.ServerVersion = oftp.Version14 }
				s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ends <- *e }
			})
			c := newClient(t, srv, row.change)
			err := c.Logon(t.Context())
			require.Equal(t, row.code, code(t, err))
			if err == nil {
				return
			}
			var session *oftp.SessionError
			require.ErrorAs(t, err, &session)
			assert.Equal(t, oftp.SessionError{Reason: row.reason, Text: session.Text}, *session)
			assert.Equal(t, row.code, await(t, ends).StatusCode, "the server hears why")
		})
	}
}

func TestWhatLogonNeeds(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*oftp.Client){
		"ClientSSIDCode must be set":     func(c *oftp.Client) { c.ClientSSIDCode = "" },
		"at most 25":                     func(c *oftp.Client) { c.ClientSSIDCode = strings.Repeat("X", 26) },
		"ClientSFIDCode":                 func(c *oftp.Client) { c.ClientSFIDCode = "tab\t" },
		"at most 8":                      func(c *oftp.Client) { c.ClientPassword = "123456789" },
		"Version 1.2, MinVersion 1.4":    func(c *oftp.Client) { c.MinVersion, c.Version = oftp.Version14, oftp.Version12 },
		"printable ASCII characters onl": func(c *oftp.Client) { c.ClientPassword = "ä" },
	}
	for message, change := range cases {
		c := oftp.NewClient()
		c.ClientSSIDCode = clientCode
		change(c)
		err := c.Logon(t.Context())
		assert.Equal(t, 10022, code(t, err))
		assert.ErrorContains(t, err, message)
		assert.NotContains(t, err.Error(), "123456789")
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort, c.ClientSSIDCode = "127.0.0.1", l.Addr().(*net.TCPAddr).Port, clientCode
	require.NoError(t, l.Close())
	assert.Equal(t, 10061, code(t, c.Logon(t.Context())))
}

func TestLogonCanBeCancelled(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort, c.ClientSSIDCode = "127.0.0.1", d.port(), clientCode
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- c.Logon(ctx) }()
	d.accept() // and say nothing
	cancel()
	err := await(t, failed)
	assert.ErrorIs(t, err, oftp.ErrInterrupted)
	assert.ErrorIs(t, err, context.Canceled)
	assert.False(t, c.Connection() != nil && c.Connection().Connected())
}

func TestASecondLogonIsRefused(t *testing.T) {
	t.Parallel()
	c := session(t, newServer(t, nil), nil)
	assert.Equal(t, 10036, code(t, c.Logon(t.Context())))
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F"), "the session is unharmed")
}

func TestSessionAfterSession(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	c := newClient(t, srv, nil)
	ends := map[string]func(){
		"Logoff":       func() { assert.NoError(t, c.Logoff()) },
		"Disconnect":   c.Disconnect,
		"ReceiveFiles": func() { _, err := c.ReceiveFiles(); assert.NoError(t, err) },
		"server":       func() { assert.NoError(t, srv.Disconnect(onlyConnection(t, srv).ConnectionID())) },
	}
	for way, end := range ends {
		require.NoError(t, c.Logon(t.Context()), way)
		end()
		if way == "server" {
			assert.Error(t, c.SendFile("", writeFile(t, "f", nil), "F"))
		}
	}
	require.NoError(t, c.Logon(t.Context()))
}

// onlyConnection is the one connection of a server.
func onlyConnection(t *testing.T, srv *oftp.Server) *oftp.Connection {
	t.Helper()
	for c := range srv.Connections() {
		if c.Connected() {
			return c
		}
	}
	require.FailNow(t, "there is no connection")
	return nil
}

func TestConnectionTypes(t *testing.T) {
	t.Parallel()
	const both, sends, receives = 0, 1, 2
	cases := []struct {
		client, server      int
		up, down, noSession bool
	}{
		{both, both, true, true, false},
		{sends, both, true, false, false},
		{receives, both, false, true, false},
		{both, sends, false, true, false},
		{both, receives, true, false, false},
		{sends, receives, true, false, false},
		{receives, sends, false, true, false},
		{sends, sends, false, false, true},
		{receives, receives, false, false, true},
	}
	for _, row := range cases {
		t.Run(fmt.Sprint(row.client, row.server), func(t *testing.T) {
			t.Parallel()
			down := make(chan error, 1)
			file := writeFile(t, "f", []byte("f"))
			srv := newServer(t, func(s *oftp.Server) {
				accept := s.OnAcceptConnection
				s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
					accept(e)
					set(t, s, fmt.Sprintf("ConnectionType[%s]=%d", e.ConnectionID, row.server))
					said, err := s.Config("ReceivedConnectionType[" + e.ConnectionID + "]")
					assert.NoError(t, err)
					assert.Equal(t, fmt.Sprint(row.client), said)
				}
				s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
					down <- e.Connection.SendFile("", file, "DOWN")
					_ = e.Connection.Logoff()
				}
			})
			c := newClient(t, srv, nil)
			set(t, c, fmt.Sprintf("ConnectionType=%d", row.client))
			err := c.Logon(t.Context())
			if row.noSession {
				var session *oftp.SessionError
				require.ErrorAs(t, err, &session)
				assert.Equal(t, 10, session.Reason)
				return
			}
			require.NoError(t, err)
			err = c.SendFile("", file, "UP")
			assert.Equal(t, row.up, err == nil, "%v", err)
			_, err = c.ReceiveFiles()
			require.NoError(t, err)
			err = await(t, down)
			assert.Equal(t, row.down, err == nil, "%v", err)
		})
	}
}

func TestWhatBothSidesCanDoIsAgreedOn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		set(t, s, "ExchangeBufferSize=1000", "CreditCount=5", "Restart=False")
		accept := s.OnAcceptConnection
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
			accept(e)
			set(t, s, "ExchangeBufferSize["+e.ConnectionID+"]=3000", "CreditCount["+e.ConnectionID+"]=50",
				"BufferCompression["+e.ConnectionID+"]=False")
		}
	})
	c := newClient(t, srv, nil)
	set(t, c, "ExchangeBufferSize=4000", "CreditCount=40")
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F")) // the server has noted it by now
	server := onlyConnection(t, srv)
	for name, want := range map[string]string{
		"ExchangeBufferSize": "3000", "CreditCount": "40", "Restart": "False", "BufferCompression": "False",
	} {
		got, err := c.Config(name + "[" + c.Connection().ConnectionID() + "]")
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
		got, err = srv.Config(name + "[" + server.ConnectionID() + "]")
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
}

func TestTheServerCanBeSomebodyElseForOnePartner(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) {
		accept := s.OnAcceptConnection
		s.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
			accept(e)
			set(t, s, "ServerSSIDCode["+e.ConnectionID+"]=O0055ALIAS", "ServerSFIDCode["+e.ConnectionID+"]=O0055ALIASFILES",
				"ServerPassword["+e.ConnectionID+"]=ALIAS")
		}
	})
	c := session(t, srv, func(c *oftp.Client) { c.ServerSSIDCode, c.ServerPassword = "O0055ALIAS", "ALIAS" })
	assert.Equal(t, "O0055ALIAS", c.Connection().SSIDCode())
	require.NoError(t, c.SendFile("O0055ALIASFILES", writeFile(t, "f", nil), "F"))
	assert.Equal(t, oftp.CodeSend, code(t, c.SendFile(serverCode, writeFile(t, "f", nil), "F")))
	password, err := srv.Config("ServerPassword[" + onlyConnection(t, srv).ConnectionID() + "]")
	require.NoError(t, err)
	assert.Equal(t, "*****", password)
}

func TestAClientThatWantsAuthenticationIsTold(t *testing.T) {
	t.Parallel()
	p := dialPeer(t, newServer(t, nil))
	want[oftpwire.SSRM](p)
	ssid := p.newSSID()
	ssid.Authentication = true
	p.send(ssid)
	p.wantEnd(12)
}

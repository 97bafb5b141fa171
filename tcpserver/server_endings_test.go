package tcpserver

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatDisconnectedSays(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		end  func(t *testing.T, srv *Server, p *peer, c *Connection)
		code int
	}{
		{"the client closes", func(_ *testing.T, _ *Server, p *peer, _ *Connection) { _ = p.Close() }, 0},
		{"the client closes its half", func(t *testing.T, _ *Server, p *peer, _ *Connection) {
			require.NoError(t, p.Conn.(interface{ CloseWrite() error }).CloseWrite())
			p.ended()
		}, 0},
		{"the client resets", func(_ *testing.T, _ *Server, p *peer, _ *Connection) { p.reset() }, 10054},
		{"Disconnect", func(_ *testing.T, _ *Server, _ *peer, c *Connection) { c.Disconnect() }, 0},
		{"Server.Disconnect", func(t *testing.T, srv *Server, _ *peer, c *Connection) {
			require.NoError(t, srv.Disconnect(c.ConnectionID()))
		}, 0},
		{"Shutdown", func(_ *testing.T, srv *Server, _ *peer, _ *Connection) { srv.Shutdown() }, 0},
		{"Reset", func(_ *testing.T, srv *Server, _ *peer, _ *Connection) { srv.Reset() }, 0},
		{"IdleTimeout", func(_ *testing.T, _ *Server, _ *peer, c *Connection) {
			c.SetIdleTimeout(time.Millisecond)
		}, 10060},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, secure bool) {
				srv := newSender(t)
				j, p, c := meet(t, srv, secure)
				tc.end(t, srv, p, c)
				j.expect(t, entry{name: "Disconnected", code: tc.code}.String())
				_ = p.broken()
				assert.False(t, c.Connected())
				lastWords(t, srv, j, c, entry{code: tc.code})
				assert.Len(t, j.of(c.ConnectionID()), 3) // Connected, ReadyToSend
			})
		})
	}
}

// A TLS client that leaves without the farewell of TLS may have been cut off.
func TestATLSClientCutOffInsideARecord(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	j, p, c := meet(t, srv, true)
	_, err := p.netConn().Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
	require.NoError(t, err)
	require.NoError(t, p.netConn().Close())
	j.expect(t, "Disconnected 10054")
	lastWords(t, srv, j, c, entry{code: 10054})
}

func TestTheAnswerToAHalfClosedClientIsComplete(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultTimeout, srv.DefaultEOL = time.Hour, "\n"
		srv.OnDataIn = func(e *DataInEvent) {
			n, err := e.Connection.Send(ink(0, much))
			assert.NoError(t, err)
			assert.Equal(t, much, n)
		}
		j, p, c := meet(t, srv, secure)
		p.say("question\n")
		require.NoError(t, p.Conn.(interface{ CloseWrite() error }).CloseWrite())
		sameOctets(t, ink(0, much), p.take(much))
		p.ended()
		j.expect(t, `DataIn "question"`, "Disconnected")
		lastWords(t, srv, j, c, entry{})
	})
}

func TestAResetInMidLine(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultEOL = "\n"
		j, p, c := meet(t, srv, secure)
		p.say("a line\nand half a li")
		j.expect(t, `DataIn "a line"`)
		p.reset()
		j.expect(t, `DataIn "and half a li"+`, "Disconnected 10054")
		lastWords(t, srv, j, c, entry{code: 10054})
	})
}

func TestIdleTimeouts(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.DefaultIdleTimeout = 20 * time.Millisecond
	j := serve(t, srv)
	kept, keeper := join(t, srv, j)
	keeper.SetIdleTimeout(0)
	hour, patient := join(t, srv, j)
	patient.SetIdleTimeout(time.Hour)
	gone, c := join(t, srv, j)
	last := j.expect(t, "Disconnected 10060")
	assert.Same(t, c, last.conn)
	assert.Contains(t, last.text, "idle")
	_ = gone.broken()
	goesOn(t, j, kept, keeper)
	goesOn(t, j, hour, patient)
	patient.SetIdleTimeout(time.Millisecond)
	assert.Same(t, patient, j.expect(t, "Disconnected 10060").conn)
	assert.Equal(t, time.Millisecond, patient.IdleTimeout())
	patient.SetIdleTimeout(-time.Second)
	assert.Zero(t, patient.IdleTimeout())
}

// What was sent before Disconnect arrives, even if the client had sent octets that
// nobody has read: closing the socket as it is would reset it.
func TestTheLastAnswerArrives(t *testing.T) {
	t.Parallel()
	const asked, answered = 300 << 10, 1 << 20
	for _, inside := range []bool{true, false} {
		t.Run(map[bool]string{true: "from the handler", false: "from elsewhere"}[inside], func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, secure bool) {
				srv := NewServer()
				srv.DefaultTimeout = time.Hour
				set(t, srv, "OutBufferSize=4194304", "InBufferSize=1048576")
				said, done := make(chan struct{}), make(chan *Connection, 1)
				answering := false
				srv.OnDataIn = func(e *DataInEvent) {
					if answering {
						return // what was kept when the connection ended
					}
					answering = true
					<-said // unread octets are there, and stay
					_, err := e.Connection.Send(ink(0, answered))
					assert.NoError(t, err)
					if inside {
						e.Connection.Disconnect()
					}
					done <- e.Connection
					<-e.Connection.conn.Done()
				}
				_, p, _ := meet(t, srv, secure)
				go func() {
					_, err := p.Conn.Write(ink(0, asked))
					assert.NoError(t, err)
					close(said)
				}()
				if c := receive(t, done, "the answer"); !inside {
					c.Disconnect()
				}
				sameOctets(t, ink(0, answered), p.take(answered))
				p.ended()
			})
		})
	}
}

func TestWithoutLingerTheLastAnswerIsCut(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.Linger = false
	j, p, c := meet(t, srv, false)
	sent := fill(t, c)
	c.Disconnect()
	j.until(t, "Disconnected")
	n, err := io.Copy(io.Discard, p.in)
	assert.Error(t, err, "a reset")
	assert.Less(t, n, int64(sent))
	lastWords(t, srv, j, c, entry{})
}

func TestAPanicOfAnyHandlerCostsItsConnectionOnly(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		secure bool
		hook   func(srv *Server, boom func(id string))
		events []string // of the connection
	}{
		{"Connected", false, func(srv *Server, boom func(string)) {
			srv.OnConnected = func(e *ConnectedEvent) { boom(e.ConnectionID) }
		}, []string{"Connected", "Error 10053", "Disconnected 10053"}},
		{"ReadyToSend", false, func(srv *Server, boom func(string)) {
			srv.OnReadyToSend = func(e *ReadyToSendEvent) { boom(e.ConnectionID) }
		}, []string{"Connected", "ReadyToSend", "Error 10053", "Disconnected 10053"}},
		{"DataIn", false, func(srv *Server, boom func(string)) {
			srv.OnDataIn = func(e *DataInEvent) { boom(e.ConnectionID) }
		}, []string{"Connected", "ReadyToSend", `DataIn "x"`, "Error 10053", "Disconnected 10053"}},
		{"Disconnected", false, func(srv *Server, boom func(string)) {
			srv.OnDisconnected = func(e *DisconnectedEvent) { boom(e.ConnectionID) }
		}, []string{"Connected", "ReadyToSend", `DataIn "x"`, "Disconnected", "Error 10053"}},
		{"Error", false, func(srv *Server, boom func(string)) {
			srv.OnDataIn = func(*DataInEvent) { panic("first") }
			srv.OnError = func(e *ErrorEvent) { boom(e.ConnectionID) }
		}, []string{"Connected", "ReadyToSend", `DataIn "x"`, "Error 10053", "Disconnected 10053"}},
		{"SSLStatus", true, func(srv *Server, boom func(string)) {
			srv.OnSSLStatus = func(e *SSLStatusEvent) { boom(e.ConnectionID) }
		}, []string{"Error 10053", "Connected 10053", "Disconnected 10053"}},
		{"SSLStatus of a record", true, func(srv *Server, boom func(string)) {
			srv.OnSSLStatus = func(e *SSLStatusEvent) {
				if strings.Contains(e.Message, "application data") && e.Connection.ReadyToSend() {
					boom(e.ConnectionID)
				}
			}
		}, []string{"Connected", "ReadyToSend", "Error 10053", "Disconnected 10053"}},
		{"SSLConnectionRequest", true, func(srv *Server, boom func(string)) {
			srv.OnSSLConnectionRequest = func(e *SSLConnectionRequestEvent) { boom(e.ConnectionID) }
		}, []string{"Error 10053", "Connected 10053", "Disconnected 10053"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			srv := newSender(t, "LogSSLPackets=True")
			tc.hook(srv, func(id string) {
				if id == "1" {
					panic("boom")
				}
			})
			srv.SSLEnabled, srv.SSLCert = tc.secure, ecServer()
			j := serve(t, srv)
			nc, err := net.Dial("tcp", srv.core.Addr().String())
			require.NoError(t, err)
			require.NoError(t, nc.SetDeadline(time.Now().Add(patience)))
			if tc.secure {
				nc = tls.Client(nc, trusting())
			}
			if tc.name == "SSLStatus of a record" { // else it is read with the handshake
				require.NoError(t, nc.(*tls.Conn).Handshake())
				j.until(t, "ReadyToSend")
			}
			// Each step of the client may find the connection broken.
			_, _ = nc.Write([]byte("x"))
			if tc.name == "Disconnected" {
				j.until(t, "DataIn")
				_ = nc.Close()
			}
			eventually(t, "the events", func() bool { return len(withoutStraying(j.of("1"), tc.events)) >= len(tc.events) })
			_, _ = io.Copy(io.Discard, nc)
			_ = nc.Close()
			j.forget()
			if tc.name != "Error" {
				p, c := join(t, srv, j)
				goesOn(t, j, p, c)
			}
			end(t, srv.core)
			assert.Equal(t, tc.events, withoutStraying(j.of("1"), tc.events))
		})
	}
}

// withoutStraying is what happened but for DataIn, which may come before the end
// of a connection that is broken, or not.
func withoutStraying(got, want []string) (left []string) {
	for _, e := range got {
		if strings.HasPrefix(e, "DataIn") && !strings.Contains(strings.Join(want, "\n"), e) {
			continue
		}
		left = append(left, e)
	}
	return left
}

func TestAPanicOfConnectionRequest(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	first := true
	srv.OnConnectionRequest = func(*ConnectionRequestEvent) {
		if first {
			first = false
			panic("boom")
		}
	}
	j := serve(t, srv)
	if nc, err := net.Dial("tcp", srv.core.Addr().String()); err == nil { // else it was faster
		_ = newPeer(t, nc).broken()
	}
	failed := j.expect(t, "Error 10053")
	assert.Empty(t, failed.id)
	assert.Nil(t, failed.conn)
	p, c := join(t, srv, j)
	goesOn(t, j, p, c)
}

func TestHandshakesHaveTheirTime(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, setting string
		code          int
	}{
		{"DefaultConnectionTimeout", "DefaultConnectionTimeout=0.05", 10060},
		{"LoginTimeout", "LoginTimeout=0.05", 10060},
	}
	stalls := map[string]func(t *testing.T, p *peer){
		"says nothing": func(*testing.T, *peer) {},
		"stalls after ClientHello": func(t *testing.T, p *peer) {
			_, err := p.Write(clientHello(t))
			require.NoError(t, err)
		},
		"stalls inside ClientHello": func(t *testing.T, p *peer) {
			hello := clientHello(t)
			_, err := p.Write(hello[:len(hello)/2])
			require.NoError(t, err)
		},
	}
	for _, tc := range cases {
		for name, stall := range stalls {
			for _, mode := range []SSLStartMode{StartImplicit, StartExplicit} {
				t.Run(tc.name+" "+name+map[SSLStartMode]string{StartImplicit: "", StartExplicit: " explicit"}[mode], func(t *testing.T) {
					t.Parallel()
					srv := newSender(t, tc.setting)
					srv.SSLStartMode, srv.SSLCert = mode, ecServer()
					srv.OnReadyToSend = func(e *ReadyToSendEvent) {
						if mode == StartExplicit {
							assert.NoError(t, e.Connection.StartSSL())
						}
					}
					j := serve(t, srv)
					p := dial(t, srv.core)
					stall(t, p)
					if mode == StartExplicit {
						j.expect(t, "Connected", "ReadyToSend")
					}
					c := j.expect(t, entry{name: "Connected", code: tc.code}.String()).conn
					_ = p.broken()
					j.expect(t, entry{name: "Disconnected", code: tc.code}.String())
					lastWords(t, srv, j, c, entry{code: tc.code})
				})
			}
		}
	}
}

// clientHello is the first flight of a TLS client.
func clientHello(t *testing.T) []byte {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() { _ = tls.Client(a, trusting()).Handshake() }()
	hello := make([]byte, 16<<10)
	n, err := b.Read(hello)
	require.NoError(t, err)
	return hello[:n]
}

func TestMethodsAfterTheEnd(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.SSLStartMode, srv.SSLCert = StartExplicit, ecServer()
	j, p, c := meet(t, srv, false)
	id, port := c.ConnectionID(), c.RemotePort()
	c.SetUserData("mine")
	require.NoError(t, p.Close())
	j.expect(t, "Disconnected")

	assert.Equal(t, id, c.ConnectionID())
	assert.Equal(t, port, c.RemotePort())
	assert.Equal(t, "127.0.0.1", c.RemoteHost())
	assert.Equal(t, "127.0.0.1", c.LocalAddress())
	assert.Equal(t, "mine", c.UserData())
	assert.False(t, c.Connected())
	assert.False(t, c.ReadyToSend())
	assert.False(t, c.SSLEnabled())
	c.Disconnect()
	c.Interrupt()
	c.PauseData()
	c.ProcessData()
	c.SetTimeout(time.Second)
	c.SetIdleTimeout(time.Second)
	c.SetSingleLineMode(true)
	assert.NoError(t, c.SetEOL("\n"))
	assert.NoError(t, c.SetMaxLineLength(300))
	assert.NoError(t, c.ChangeRecordLength(3))
	assert.Equal(t, 10057, code(t, c.StartSSL()))

	_, ok := srv.Connection(id)
	assert.False(t, ok)
	calls := map[string]func() error{
		"Send":               func() error { _, err := srv.Send(id, nil); return err },
		"SendBytes":          func() error { _, err := srv.SendBytes(id, nil); return err },
		"SendText":           func() error { _, err := srv.SendText(id, ""); return err },
		"SendLine":           func() error { _, err := srv.SendLine(id, ""); return err },
		"SendFile":           func() error { _, err := srv.SendFile(id, ""); return err },
		"Interrupt":          func() error { return srv.Interrupt(id) },
		"PauseData":          func() error { return srv.PauseData(id) },
		"ProcessData":        func() error { return srv.ProcessData(id) },
		"ChangeRecordLength": func() error { return srv.ChangeRecordLength(id, 1) },
		"StartSSL":           func() error { return srv.StartSSL(id) },
		"Disconnect":         func() error { return srv.Disconnect(id) },
	}
	for name, call := range calls {
		err := call()
		assert.Equal(t, 126, code(t, err), name)
		assert.True(t, errors.Is(err, &Error{Code: 126}), name)
	}
	lastWords(t, srv, j, c, entry{})
}

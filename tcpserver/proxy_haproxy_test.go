package tcpserver

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// haproxyConfig has one door, which HAProxy inherits, and one server behind it.
const haproxyConfig = `
defaults
	mode tcp
	timeout connect 30s
	timeout client 30s
	timeout server 30s
	timeout check 30s
listen door
	bind fd@3
	server behind %v %s
`

// balance runs HAProxy in front of a server, and returns the address of its door.
// It may be dialled at once.
func balance(t *testing.T, srv *Server, options string) string {
	t.Helper()
	path := needs.Program(t, "haproxy")
	if runtime.GOOS == "windows" {
		t.Skip("sockets cannot be inherited here")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	socket, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer socket.Close()
	config := file(t, "haproxy.cfg", fmt.Sprintf(haproxyConfig, srv.Addr(), options))

	cmd := exec.CommandContext(t.Context(), path, "-db", "-f", config) // ends with the test
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.ExtraFiles = []*os.File{socket}
	require.NoError(t, cmd.Start())
	require.NoError(t, l.Close(), "HAProxy has its own descriptor")
	t.Cleanup(func() {
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return l.Addr().String()
}

// through is a client at HAProxy's door.
func through(t *testing.T, door string) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", door)
	require.NoError(t, err)
	return newPeer(t, nc)
}

var balancings = []string{"send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"}

func TestHAProxy(t *testing.T) {
	t.Parallel()
	ways := map[string]func(t *testing.T, srv *Server) func(p *peer) *peer{
		"plain": func(*testing.T, *Server) func(*peer) *peer {
			return func(p *peer) *peer { return p }
		},
		"TLS": func(t *testing.T, srv *Server) func(*peer) *peer {
			srv.SSLStartMode = StartImplicit
			return func(p *peer) *peer { return newPeer(t, tls.Client(p.Conn, trusting())) }
		},
		"STARTTLS": func(t *testing.T, _ *Server) func(*peer) *peer {
			return func(p *peer) *peer {
				p.say("STARTTLS\r\n")
				p.hear("220 go ahead\r\n")
				return newPeer(t, tls.Client(p.Conn, trusting()))
			}
		},
	}
	for _, options := range balancings {
		for way, prepare := range ways {
			t.Run(way+" "+options, func(t *testing.T) {
				t.Parallel()
				srv := balanced(t)
				wrap := prepare(t, srv)
				requests := make(chan ConnectionRequestEvent, 1)
				srv.OnConnectionRequest = func(e *ConnectionRequestEvent) { requests <- *e }
				j := serve(t, srv)
				door := balance(t, srv, options)
				client := through(t, door)
				p := wrap(client)
				p.say("hello\r\n")
				p.hear("hello\r\n")

				conn := j.until(t, "Connected").conn
				own := client.LocalAddr().(*net.TCPAddr)
				assert.Equal(t, told{own.IP.String(), own.Port, "127.0.0.1"}, told{conn.RemoteHost(), conn.RemotePort(), conn.LocalAddress()})
				assert.Equal(t, ConnectionRequestEvent{own.IP.String(), own.Port, true}, receive(t, requests, "ConnectionRequest"))
				assert.Equal(t, door, conn.conn.local.Value().String(), "what the client has dialled")
				assert.Equal(t, way != "plain", conn.SSLEnabled())

				p.say("quit\r\n")
				p.hear("bye\r\n")
				p.ended()
				assert.Zero(t, j.until(t, "Disconnected").code)
			})
		}
	}
}

// Clients of other addresses than this machine's proxy has are told apart.
func TestHAProxyAdmission(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	srv := balanced(t, "BlockedClients=127.0.0.2")
	j := serve(t, srv)
	door := balance(t, srv, "send-proxy-v2")
	from := func(host string) *peer {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}, Timeout: patience}
		nc, err := dialer.DialContext(t.Context(), "tcp", door)
		require.NoError(t, err)
		return newPeer(t, nc)
	}
	_ = from("127.0.0.2").broken()
	p := from("127.0.0.3")
	p.say("hello\r\n")
	p.hear("hello\r\n")
	assert.Equal(t, "127.0.0.3", j.expect(t, "Connected").conn.RemoteHost())
}

// HAProxy looks now and then whether the server is there. Version 2 says that such
// a connection is nobody's; in version 1 HAProxy is its own client.
func TestHAProxyHealthChecks(t *testing.T) {
	t.Parallel()
	for _, options := range []string{"send-proxy", "send-proxy-v2"} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s TLS %t", options, secure), func(t *testing.T) {
				t.Parallel()
				srv := balanced(t)
				if secure {
					srv.SSLStartMode = StartImplicit
				}
				j := serve(t, srv)
				door := balance(t, srv, options+" check inter 100ms fall 3")
				checks := make(map[string]bool)
				for range 5 {
					ended := j.until(t, "Disconnected")
					assert.Equal(t, "127.0.0.1", ended.conn.RemoteHost())
					checks[ended.id] = true
				}
				assert.Len(t, checks, 5)

				// The server is up, and goes on being checked while it serves.
				p := through(t, door)
				if secure {
					p = newPeer(t, tls.Client(p.Conn, trusting()))
				}
				for range 3 {
					p.say("hello\r\n")
					p.hear("hello\r\n")
					j.until(t, "Disconnected")
				}
				for _, e := range j.all() {
					assert.NotEqual(t, "Error", e.name, e.text)
				}
			})
		}
	}
}

// A proxy that sends no header to a server that needs one gets nowhere.
func TestHAProxyWithoutHeader(t *testing.T) {
	t.Parallel()
	srv := balanced(t)
	j := serve(t, srv)
	p := through(t, balance(t, srv, ""))
	p.say("hello\r\n")
	_ = p.broken()
	j.expect(t, "Error 10022")
	end(t, srv.core)
	j.silent(t)
}

// all are the events so far.
func (j *journal) all() []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]entry(nil), j.entries...)
}

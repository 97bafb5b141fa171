package tcpserver

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serving lets a server serve a listener until the end of the test.
func serving(t *testing.T, srv *Server, l net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Shutdown()
		end(t, srv.core)
		_ = l.Close() // for a Serve that began later
		assert.NoError(t, receive(t, served, "the end of Serve"))
	})
}

// listenOn is a listener on the loopback interface, or in the file system.
func listenOn(t *testing.T, network string) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" { // its paths are short
		folder, err := os.MkdirTemp("", "e")
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		address = filepath.Join(folder, "s")
	}
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	return l
}

// dialListener connects to a listener.
func dialListener(t *testing.T, l net.Listener) *peer {
	t.Helper()
	nc, err := net.Dial(l.Addr().Network(), l.Addr().String())
	require.NoError(t, err)
	return newPeer(t, nc)
}

// TestServeInheritedSockets runs as its own child, too, to which it hands two
// sockets as systemd does (sd_listen_fds): the first is descriptor 3.
func TestServeInheritedSockets(t *testing.T) {
	t.Parallel()
	if isChild(t) {
		serveInherited(t)
		return
	}
	if runtime.GOOS == "windows" {
		t.Skip("sockets cannot be inherited here")
	}
	cmd := child(t, "LISTEN_FDS=2")
	doors := []net.Listener{listenOn(t, "tcp"), listenOn(t, "unix")}
	for _, l := range doors {
		socket, err := l.(interface{ File() (*os.File, error) }).File()
		require.NoError(t, err)
		defer socket.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, socket)
	}
	server := opened(t, cmd)
	clients := make([]*peer, len(doors))
	for i, l := range doors {
		clients[i] = dialListener(t, l)
		clients[i].hear("220 here\r\n")
		clients[i].say("hello\r\n")
		clients[i].hear("hello\r\n")
		clients[i].say("pid\r\n")
		clients[i].hear(strconv.Itoa(cmd.Process.Pid) + "\r\n")
	}
	clients[0].say("STARTTLS\r\n")
	clients[0].hear("220 go ahead\r\n")
	secure, err := tryUpgrade(t, clients[0], func(c *tls.Config) { c.InsecureSkipVerify = true })
	require.NoError(t, err)
	secure.say("hello\r\n")
	secure.hear("hello\r\n")
	clients[1].say("shutdown\r\n")
	_ = clients[1].broken()
	server.shows("PASS\n")
	for _, l := range doors {
		assert.NoError(t, l.Close())
	}
}

// serveInherited serves the sockets that this process was given until a client
// says "shutdown".
func serveInherited(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	require.NoError(t, err)
	srv := explicit()
	srv.OnDataIn = func(e *DataInEvent) {
		switch e.Text() {
		case "pid":
			_, _ = e.Connection.SendLine(strconv.Itoa(os.Getpid()))
		case "shutdown":
			srv.Shutdown()
		default:
			obey(e)
		}
	}
	ended := make(chan error)
	for fd := range count {
		socket := os.NewFile(uintptr(3+fd), fmt.Sprintf("LISTEN_FD_%d", 3+fd))
		l, err := net.FileListener(socket)
		require.NoError(t, err)
		require.NoError(t, socket.Close())
		go func() { ended <- srv.Serve(l) }()
	}
	for range count {
		assert.NoError(t, receive(t, ended, "the end of Serve"))
	}
}

func TestServeAUnixSocket(t *testing.T) {
	t.Parallel()
	srv := explicit()
	j := record(srv)
	l := listenOn(t, "unix")
	serving(t, srv, l)
	p := dialListener(t, l)
	p.hear("220 here\r\n")
	conn := j.expect(t, "Connected", "ReadyToSend").conn
	assert.Equal(t, told{}, told{conn.RemoteHost(), conn.RemotePort(), conn.LocalAddress()}, "it has no addresses")
	p.say("STARTTLS\r\n")
	p.hear("220 go ahead\r\n")
	secure, err := tryUpgrade(t, p, nil)
	require.NoError(t, err)
	secure.say("quit\r\n")
	secure.hear("bye\r\n")
	secure.ended()
	j.expect(t, `DataIn "STARTTLS"`, "Connected", `DataIn "quit"`, "Disconnected")
}

func TestServeConnOfAPipe(t *testing.T) {
	t.Parallel()
	srv := explicit()
	j := record(srv)
	here, there := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(here) }()
	p := newPeer(t, there)
	p.hear("220 here\r\n")
	p.say("hello\r\n")
	p.hear("hello\r\n")
	p.say("STARTTLS\r\n")
	p.hear("220 go ahead\r\n")
	secure, err := tryUpgrade(t, p, nil)
	require.NoError(t, err)
	secure.say("hello\r\n")
	secure.hear("hello\r\n")
	_ = p.Close() // in the middle: without the farewell of TLS
	assert.NoError(t, receive(t, served, "the end of ServeConn"))
	j.expect(t, "Connected", "ReadyToSend", `DataIn "hello"`, `DataIn "STARTTLS"`, "Connected", `DataIn "hello"`, "Disconnected")
	assert.False(t, srv.Listening())
	assert.Nil(t, srv.Addr())
}

func TestServeConnTellsHowItEnded(t *testing.T) {
	t.Parallel()
	srv := explicit()
	here, there := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(here) }()
	p := newPeer(t, there)
	p.hear("220 here\r\n")
	p.say("STARTTLS\r\n")
	p.hear("220 go ahead\r\n")
	p.say("rubbish\r\n")
	_ = p.broken()
	assert.Equal(t, 276, code(t, receive(t, served, "the end of ServeConn")))
}

func TestServeSeveralListenersAtOnce(t *testing.T) {
	t.Parallel()
	srv := explicit()
	j := serve(t, srv)
	doors := []net.Listener{listenOn(t, "tcp"), listenOn(t, "tcp"), listenOn(t, "unix")}
	for _, l := range doors {
		serving(t, srv, l)
	}
	clients := []*peer{dial(t, srv.core)}
	for _, l := range doors {
		clients = append(clients, dialListener(t, l))
	}
	ids := make(map[string]bool)
	for _, p := range clients {
		p.hear("220 here\r\n")
		p.say("hello\r\n")
		p.hear("hello\r\n")
		ids[j.until(t, "DataIn").id] = true
	}
	assert.Len(t, ids, len(clients))
	for c := range srv.Connections() {
		assert.True(t, ids[c.ConnectionID()])
		delete(ids, c.ConnectionID())
	}
	assert.Empty(t, ids)

	srv.StopListening()
	for _, l := range doors {
		_, err := net.Dial(l.Addr().Network(), l.Addr().String())
		assert.Error(t, err)
	}
	for _, p := range clients { // they stay
		p.say("hello\r\n")
		p.hear("hello\r\n")
	}
}

// What comes as TLS already needs no certificate here, and no handshake.
func TestServeATLSListener(t *testing.T) {
	t.Parallel()
	srv := explicit()
	srv.SSLStartMode, srv.SSLCert = StartNone, nil
	j := record(srv)
	l := listenOn(t, "tcp")
	serving(t, srv, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{ecPair().tls()}}))
	p, err := tryUpgrade(t, dialListener(t, l), nil)
	require.NoError(t, err)
	p.say("hello\r\n")
	p.hear("hello\r\n")
	assert.True(t, j.expect(t, "Connected").conn.SSLEnabled())
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*Server)
		code   int
	}{
		{"a property", func(s *Server) { s.DefaultMaxLineLength = 1 }, 10022},
		{"no certificate", func(s *Server) { s.SSLCert = nil }, 282},
		{"a provider", func(s *Server) { s.SSLProvider = ProviderPlatform }, 10045},
	}
	for _, c := range cases {
		srv := explicit()
		c.change(srv)
		l := listenOn(t, "tcp")
		assert.Equal(t, c.code, code(t, srv.Serve(l)), c.name)
		assert.NoError(t, l.Close(), "it is the caller's still")
		here, there := net.Pipe()
		assert.Equal(t, c.code, code(t, srv.ServeConn(here)), c.name)
		_, _ = here.Close(), there.Close()
	}
}

func TestServeAClosedListener(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "tcp")
	require.NoError(t, l.Close())
	assert.NoError(t, explicit().Serve(l))
}

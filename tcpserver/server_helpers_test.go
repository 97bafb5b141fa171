package tcpserver

import (
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// An entry is an event of a [Server] as its journal saw it.
type entry struct {
	name string // without On
	id   string // the ConnectionID
	conn *Connection
	code int    // StatusCode or ErrorCode
	text string // the octets of DataIn, or the Description
	eol  bool   // of DataIn
}

// String is the name and what matters of the rest: the code unless it is 0, the
// octets of DataIn, with a + behind them when EOL is false.
func (e entry) String() string {
	switch {
	case e.name == "DataIn" && e.eol:
		return fmt.Sprintf("DataIn %q", e.text)
	case e.name == "DataIn":
		return fmt.Sprintf("DataIn %q+", e.text)
	case e.code != 0:
		return fmt.Sprintf("%s %d", e.name, e.code)
	}
	return e.name
}

// A journal holds the events of a server in the order in which they came:
// Connected, DataIn, ReadyToSend, Disconnected and Error. It notes an event before
// the test's own handler runs.
type journal struct {
	mu      sync.Mutex // guards all below
	entries []entry
	read    int           // entries that next has returned
	grown   chan struct{} // closed and replaced when there is a new entry
}

// serve starts a server on a free port of the loopback interface. Handlers that
// the server has are called. At the end of the test everything of it is gone.
func serve(t *testing.T, srv *Server) *journal {
	t.Helper()
	j := record(srv)
	if srv.LocalHost == "" {
		srv.LocalHost = "127.0.0.1"
	}
	require.NoError(t, srv.StartListening())
	t.Cleanup(func() { end(t, srv.core) })
	return j
}

// record puts a journal in front of the handlers that the server has.
func record(srv *Server) *journal {
	j := &journal{grown: make(chan struct{})}
	srv.OnConnected = before(srv.OnConnected, func(e *ConnectedEvent) {
		j.add(entry{name: "Connected", id: e.ConnectionID, conn: e.Connection, code: e.StatusCode, text: e.Description})
	})
	srv.OnDataIn = before(srv.OnDataIn, func(e *DataInEvent) {
		j.add(entry{name: "DataIn", id: e.ConnectionID, conn: e.Connection, text: string(e.TextB), eol: e.EOL})
	})
	srv.OnReadyToSend = before(srv.OnReadyToSend, func(e *ReadyToSendEvent) {
		j.add(entry{name: "ReadyToSend", id: e.ConnectionID, conn: e.Connection})
	})
	srv.OnDisconnected = before(srv.OnDisconnected, func(e *DisconnectedEvent) {
		j.add(entry{name: "Disconnected", id: e.ConnectionID, conn: e.Connection, code: e.StatusCode, text: e.Description})
	})
	srv.OnError = before(srv.OnError, func(e *ErrorEvent) {
		j.add(entry{name: "Error", id: e.ConnectionID, conn: e.Connection, code: e.ErrorCode, text: e.Description})
	})
	return j
}

// before calls note, and then the handler if there is one.
func before[E any](handler, note func(E)) func(E) {
	return func(e E) {
		note(e)
		if handler != nil {
			handler(e)
		}
	}
}

func (j *journal) add(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	close(j.grown)
	j.grown = make(chan struct{})
}

// next waits for the next event.
func (j *journal) next(t *testing.T) entry {
	t.Helper()
	for {
		e, grown, ok := j.take()
		if ok {
			return e
		}
		receive(t, grown, "an event")
	}
}

func (j *journal) take() (e entry, grown <-chan struct{}, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.read == len(j.entries) {
		return e, j.grown, false
	}
	j.read++
	return j.entries[j.read-1], nil, true
}

// expect waits for exactly these next events, written as by [entry.String], and
// returns the last of them.
func (j *journal) expect(t *testing.T, want ...string) (last entry) {
	t.Helper()
	var got []string
	for i := range want {
		last = j.next(t)
		got = append(got, last.String())
		require.Equal(t, want[:i+1], got)
	}
	return last
}

// until waits for the next event of that name, passing over others.
func (j *journal) until(t *testing.T, name string) entry {
	t.Helper()
	for {
		if e := j.next(t); e.name == name {
			return e
		}
	}
}

// of returns what has happened on a connection so far.
func (j *journal) of(id string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for _, e := range j.entries {
		if e.id == id {
			all = append(all, e.String())
		}
	}
	return all
}

// count returns how many events of that name there have been.
func (j *journal) count(name string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if e.name == name {
			n++
		}
	}
	return n
}

// silent asserts that nothing has happened that next has not returned.
func (j *journal) silent(t *testing.T) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	require.Empty(t, j.entries[j.read:])
}

// met connects to a server that serves already, and waits for Connected and the
// first ReadyToSend. No other client may do the same meanwhile.
func met(t *testing.T, srv *Server, j *journal) (*peer, *Connection) {
	t.Helper()
	p := dial(t, srv.core)
	j.expect(t, "Connected", "ReadyToSend")
	return p, j.last().conn
}

func (j *journal) last() entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries[j.read-1]
}

// set changes settings of a server.
func set(t *testing.T, srv *Server, settings ...string) {
	t.Helper()
	for _, s := range settings {
		_, err := srv.Config(s)
		require.NoError(t, err, s)
	}
}

// socket is the connection itself, or that below TLS.
func (p *peer) socket() *net.TCPConn {
	if tcp, ok := p.Conn.(*net.TCPConn); ok {
		return tcp
	}
	return p.netConn().(*net.TCPConn)
}

// reset ends the connection with RST.
func (p *peer) reset() {
	p.t.Helper()
	require.NoError(p.t, p.socket().SetLinger(0))
	require.NoError(p.t, p.socket().Close())
}

// Linechat is a chat for everybody who can send lines:
//
//	linechat -listen 127.0.0.1:7000
//	nc 127.0.0.1 7000
//
// The first line is the guest's name. Each further one goes to all others, but
// /who, which lists who is there, and /quit. A guest who does not read holds up
// nobody. How to add TLS is shown by examples/tcpecho.
//
// It prints "listening HOST:PORT" when it is ready. SIGTERM or an interrupt says
// goodbye to all and ends it, in five seconds at the latest; a second signal ends
// it at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ediport/ediport/tcpserver"
)

const (
	maxName   = 24              // characters
	maxLine   = 1000            // octets; a longer line comes as several
	maxUnsent = 128 << 10       // octets per guest; the longest answer to /who fits
	grace     = 5 * time.Second // to take the last words
)

func main() {
	listen := flag.String("listen", "127.0.0.1:7000", "`HOST:PORT`; port 0 is any free one")
	idle := flag.Duration("idle", 10*time.Minute, "`TIME` without a line from a guest or to it, after which it is disconnected; 0 is for ever")
	flag.Parse()
	if err := run(*listen, *idle); err != nil {
		fmt.Fprintln(os.Stderr, "linechat:", err)
		os.Exit(1)
	}
}

func run(listen string, idle time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	room := &chat{guests: make(map[string]*guest)}
	srv := room.server(idle)
	if err := start(srv, listen); err != nil {
		return err
	}
	fmt.Println("listening", srv.Addr())

	<-ctx.Done()
	stop() // the next signal is not caught
	slog.Info("shutting down", "limit", grace)
	srv.StopListening()
	for conn := range srv.Connections() {
		room.dismiss(conn)
	}
	limit, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.ShutdownContext(limit); err != nil {
		slog.Warn("some guests did not take the last words", "error", err)
	}
	return nil
}

// start makes the server listen. Without a host it listens on all addresses.
func start(srv *tcpserver.Server, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	srv.LocalHost = host
	if srv.LocalPort, err = strconv.Atoi(port); err != nil {
		return err
	}
	return srv.StartListening()
}

// A chat is a room full of guests. Handlers of several connections run at the
// same time; no send waits, so that one lock does for all of them, and everybody
// sees the lines in the same order.
type chat struct {
	mu     sync.Mutex        // guards guests, and all that is in a guest
	guests map[string]*guest // by name
}

func (c *chat) server(idle time.Duration) *tcpserver.Server {
	srv := tcpserver.NewServer()
	srv.DefaultTimeout = 0           // no send waits
	srv.DefaultSingleLineMode = true // CR, LF and CRLF end a line
	srv.DefaultMaxLineLength = maxLine
	srv.DefaultIdleTimeout = idle
	srv.OnConnected = c.connected
	srv.OnDataIn = c.lineIn
	srv.OnReadyToSend = c.readyToSend
	srv.OnDisconnected = c.disconnected
	srv.OnError = func(e *tcpserver.ErrorEvent) {
		slog.Error("error", "id", e.ConnectionID, "code", e.ErrorCode, "error", e.Description)
	}
	return srv
}

func (c *chat) connected(e *tcpserver.ConnectedEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := &guest{conn: e.Connection}
	e.Connection.SetUserData(g)
	g.tell("* what is your name?")
}

// lineIn is where a guest says something.
func (c *chat) lineIn(e *tcpserver.DataInEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := e.Connection.UserData().(*guest)
	switch line := clean(e.Text()); {
	case line == "" || g.leaving:
	case line == "/who":
		g.tell("* here: " + strings.Join(slices.Sorted(maps.Keys(c.guests)), ", "))
	case line == "/quit":
		g.leave("* goodbye")
	case line[0] == '/':
		g.tell("* there is /who and /quit")
	case g.name == "":
		c.enter(g, line)
	default:
		c.tellOthers(g, "<"+g.name+"> "+line)
	}
}

// readyToSend comes when there is room again after a send that found none.
func (c *chat) readyToSend(e *tcpserver.ReadyToSendEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.Connection.UserData().(*guest).flush()
}

func (c *chat) disconnected(e *tcpserver.DisconnectedEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := e.Connection.UserData().(*guest)
	if g.name == "" {
		return
	}
	slog.Info("left", "id", e.ConnectionID, "name", g.name, "code", e.StatusCode, "status", e.Description)
	delete(c.guests, g.name)
	c.tellOthers(g, "* "+g.name+" has left")
}

// dismiss lets a guest go who has heard that the chat ends.
func (c *chat) dismiss(conn *tcpserver.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g, ok := conn.UserData().(*guest); ok { // else it has only just come
		g.leave("* the chat ends, goodbye")
	}
}

// enter lets a guest in under a name that nobody else has.
func (c *chat) enter(g *guest, name string) {
	switch {
	case utf8.RuneCountInString(name) > maxName:
		g.tell(fmt.Sprintf("* a name has at most %d characters: try another", maxName))
	case c.guests[name] != nil:
		g.tell("* " + name + " is here already: try another name")
	default:
		slog.Info("entered", "id", g.conn.ConnectionID(), "remote", g.conn.RemoteHost(), "name", name)
		g.name, c.guests[name] = name, g
		g.tell("* welcome, " + name)
		c.tellOthers(g, "* "+name+" has come")
	}
}

func (c *chat) tellOthers(g *guest, line string) {
	for _, other := range c.guests {
		if other != g {
			other.tell(line)
		}
	}
}

// A guest is a connection, and what it has yet to be sent. While there is any of
// that, ReadyToSend is going to come.
type guest struct {
	conn    *tcpserver.Connection
	name    string // "" before the first line
	unsent  []byte // at most maxUnsent
	leaving bool   // disconnect when all is sent
}

// tell sends a line as far as there is room, and queues the rest. A guest who
// does not read is disconnected when the queue is full.
func (g *guest) tell(line string) {
	switch waiting := len(g.unsent) > 0; {
	case g.leaving:
	case len(g.unsent)+len(line) > maxUnsent:
		slog.Warn("guest does not keep up", "id", g.conn.ConnectionID(), "name", g.name)
		g.leaving, g.unsent = true, nil
		g.conn.Disconnect()
	default:
		g.unsent = append(g.unsent, line+"\r\n"...)
		if !waiting {
			g.flush()
		}
	}
}

// leave tells a guest the last line.
func (g *guest) leave(line string) {
	g.tell(line)
	g.leaving = true
	g.flush()
}

// flush sends until there is no room. After a part was sent there may be some
// still: only a send that sends nothing brings ReadyToSend.
func (g *guest) flush() {
	for len(g.unsent) > 0 {
		n, _ := g.conn.Send(g.unsent)
		if n == 0 {
			return // the error is that there is no room, or that Disconnected comes
		}
		g.unsent = g.unsent[n:]
	}
	g.unsent = nil // rather than memory for each who was slow once
	if g.leaving {
		g.conn.Disconnect()
	}
}

// clean keeps what can be seen: terminals obey control characters, and some
// others make a name look like somebody else's.
func clean(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, text))
}

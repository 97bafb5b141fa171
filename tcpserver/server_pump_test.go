package tcpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pump calls DoEvents until something is so.
func pump(t *testing.T, srv *Server, until func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !until(); srv.DoEvents() {
		require.True(t, time.Now().Before(late), "it never came")
	}
}

// pumped starts a server whose events wait for DoEvents, and meets a client.
func pumped(t *testing.T, srv *Server) (*peer, *Connection, *journal) {
	t.Helper()
	set(t, srv, "ProcessIdleEvents=False", "SelectWaitMillis=1")
	j := serve(t, srv)
	p := dial(t, srv.core)
	pump(t, srv, func() bool { return j.count("ReadyToSend") == 1 })
	j.expect(t, "Connected", "ReadyToSend")
	return p, j.last().conn, j
}

// idle lets happen what is due.
func idle(srv *Server) {
	for range 5 {
		srv.DoEvents()
	}
}

// goroutine is the number of the goroutine that calls it.
func goroutine() string {
	buf := make([]byte, 64)
	return strings.Fields(string(buf[:runtime.Stack(buf, false)]))[1]
}

// A whole server with several clients lives inside DoEvents of one goroutine.
func TestServerPumpDrivesAll(t *testing.T) {
	t.Parallel()
	const clients, texts = 8, 50
	srv, own := NewServer(), goroutine()
	here := func(what string) { assert.Equal(t, own, goroutine(), what) }
	srv.DefaultEOL = "\n"
	srv.OnConnectionRequest = func(e *ConnectionRequestEvent) { here("ConnectionRequest"); e.Accept = true }
	srv.OnConnected = func(*ConnectedEvent) { here("Connected") }
	srv.OnReadyToSend = func(*ReadyToSendEvent) { here("ReadyToSend") }
	srv.OnDisconnected = func(*DisconnectedEvent) { here("Disconnected") }
	srv.OnDataIn = func(e *DataInEvent) {
		here("DataIn")
		n, err := e.Connection.SendLine("you said " + e.Text())
		assert.NoError(t, err)
		assert.Positive(t, n)
	}
	set(t, srv, "ProcessIdleEvents=False", "SelectWaitMillis=5")
	j := serve(t, srv)

	var gone atomic.Int32
	for i := range clients {
		p := dial(t, srv.core)
		go func() {
			defer gone.Add(1)
			for k := range texts {
				if _, err := fmt.Fprintf(p, "%d of %d\n", k, i); err != nil {
					t.Error(err)
					return
				}
				if got, err := p.in.ReadString('\n'); err != nil || got != fmt.Sprintf("you said %d of %d\r\n", k, i) {
					t.Error(got, err)
					return
				}
			}
			_ = p.Close()
		}()
	}
	pump(t, srv, func() bool { return gone.Load() == clients && j.count("Disconnected") == clients })
	for id := 1; id <= clients; id++ {
		all := j.of(fmt.Sprint(id))
		require.Len(t, all, texts+3)
		assert.Equal(t, []string{"Connected", "ReadyToSend"}, all[:2])
		for k, event := range all[2 : 2+texts] {
			assert.True(t, strings.HasPrefix(event, fmt.Sprintf(`DataIn "%d of `, k)), "%d: %s", k, event)
		}
		assert.Equal(t, "Disconnected", all[2+texts])
	}
}

// Nothing happens while nobody calls DoEvents.
func TestServerPumpWaitsForDoEvents(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	p, _, j := pumped(t, srv)
	p.say("hello")
	require.NoError(t, p.Close())
	j.silent(t)
	pump(t, srv, func() bool { return j.count("Disconnected") == 1 })
	j.expect(t, `DataIn "hello"`, "Disconnected")
}

func TestServerPumpDoEventsWaitsForSelectWaitMillis(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	set(t, srv, "ProcessIdleEvents=False", "SelectWaitMillis=30")
	began := time.Now()
	srv.DoEvents()
	assert.GreaterOrEqual(t, time.Since(began), 30*time.Millisecond)
	set(t, srv, "SelectWaitMillis=0")
	srv.DoEvents() // returns at once
}

// Handlers may do everything that a program does elsewhere.
func TestServerPumpHandlersMayDoAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup func(*Server)
		do    func(*testing.T, *Server, *DataInEvent)
		say   string
		want  []string
		left  bool // the connection is open afterwards
	}{
		"send": {nil, func(t *testing.T, srv *Server, e *DataInEvent) {
			_, err := srv.SendText(e.ConnectionID, "answer\n")
			assert.NoError(t, err)
		}, "a;", []string{`DataIn "a"`}, true},
		"change modes": {nil, func(t *testing.T, _ *Server, e *DataInEvent) {
			assert.NoError(t, e.Connection.ChangeRecordLength(2))
		}, "a;bcde", []string{`DataIn "a"`, `DataIn "bc"`, `DataIn "de"`}, true},
		"pause": {nil, func(_ *testing.T, _ *Server, e *DataInEvent) { e.Connection.PauseData() },
			"a;b;", []string{`DataIn "a"`}, true},
		"pause and go on": {nil, func(_ *testing.T, _ *Server, e *DataInEvent) {
			e.Connection.PauseData()
			e.Connection.ProcessData()
		}, "a;b;", []string{`DataIn "a"`, `DataIn "b"`}, true},
		"Disconnect": {nil, func(_ *testing.T, _ *Server, e *DataInEvent) { e.Connection.Disconnect() },
			"a;", []string{`DataIn "a"`, "Disconnected"}, false},
		"Shutdown": {nil, func(_ *testing.T, srv *Server, _ *DataInEvent) { srv.Shutdown() },
			"a;", []string{`DataIn "a"`, "Disconnected"}, false},
		"Reset": {nil, func(_ *testing.T, srv *Server, _ *DataInEvent) { srv.Reset() },
			"a;", []string{`DataIn "a"`, "Disconnected"}, false},
		"StopListening": {nil, func(t *testing.T, srv *Server, _ *DataInEvent) {
			srv.StopListening()
			assert.False(t, srv.Listening())
		}, "a;", []string{`DataIn "a"`}, true},
		"panic": {nil, func(*testing.T, *Server, *DataInEvent) { panic("as told") },
			"a;", []string{`DataIn "a"`, "Error 10053", "Disconnected 10053"}, false},
		"DoEvents": {nil, func(_ *testing.T, srv *Server, _ *DataInEvent) { srv.DoEvents() },
			"a;b;", []string{`DataIn "a"`, `DataIn "b"`}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.DefaultEOL = ";"
			srv.OnDataIn = func(e *DataInEvent) { c.do(t, srv, e) }
			p, conn, j := pumped(t, srv)
			p.say(c.say)
			pump(t, srv, func() bool { return len(j.of(conn.ConnectionID())) >= len(c.want)+2 })
			idle(srv)
			assert.Equal(t, append([]string{"Connected", "ReadyToSend"}, c.want...), j.of(conn.ConnectionID()))
			assert.Equal(t, c.left, conn.Connected())
			if name == "send" {
				p.hear("answer\n")
			}
			if !c.left {
				_ = p.broken()
			}
		})
	}
}

func TestServerPumpStartSSL(t *testing.T) {
	t.Parallel()
	srv := explicitServer()
	srv.DefaultEOL, srv.DefaultTimeout = "\n", patience
	srv.OnDataIn = func(e *DataInEvent) {
		if e.Text() != "STARTTLS" {
			_, err := e.Connection.SendLine("secret " + e.Text())
			assert.NoError(t, err)
			return
		}
		_, err := e.Connection.SendLine("go ahead")
		assert.NoError(t, err)
		assert.NoError(t, e.Connection.StartSSL())
	}
	p, c, j := pumped(t, srv)
	heard := make(chan string, 1)
	go func() {
		_, _ = fmt.Fprint(p, "STARTTLS\n")
		_, _ = p.in.ReadString('\n')
		client := tls.Client(p.Conn, trusting())
		_, _ = fmt.Fprint(client, "hello\n")
		answer := make([]byte, 100)
		n, _ := client.Read(answer)
		heard <- string(answer[:n])
		_ = client.Close()
	}()
	pump(t, srv, func() bool { return j.count("Disconnected") == 1 })
	assert.Equal(t, "secret hello\r\n", receive(t, heard, "the answer"))
	assert.True(t, c.SSLEnabled())
	j.expect(t, `DataIn "STARTTLS"`, "Connected", `DataIn "hello"`, "Disconnected")
}

func TestServerPumpShutdownContextNeedsNobody(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]string{"idle": "", "with events that wait": "data"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			p, _, j := pumped(t, srv)
			p.say(say)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- srv.ShutdownContext(ctx) }()
			cancel()
			assert.ErrorIs(t, receive(t, done, "the end of ShutdownContext"), context.Canceled)
			_ = p.broken()
			pump(t, srv, func() bool { return j.count("Disconnected") == 1 })
		})
	}
}

func TestServerPumpShutdownContextWithoutConnections(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	set(t, srv, "ProcessIdleEvents=False")
	serve(t, srv)
	assert.NoError(t, srv.ShutdownContext(t.Context()))
}

// One client that never stops sending keeps neither DoEvents from returning nor
// the others from being heard.
func TestServerPumpAFloodStarvesNobody(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	var flood, answers int // of the goroutine of DoEvents
	srv.OnDataIn = func(e *DataInEvent) {
		if len(e.TextB) == 1 {
			_, _ = e.Connection.Send([]byte{'\n'})
			answers++
			return
		}
		flood += len(e.TextB)
	}
	flooder, _, _ := pumped(t, srv)
	quiet := dial(t, srv.core)

	var clients sync.WaitGroup
	stop := make(chan struct{})
	clients.Go(func() {
		junk := bytes.Repeat([]byte("flood"), 20_000)
		for {
			select {
			case <-stop:
				_ = flooder.Close()
				return
			default:
				_, _ = flooder.Write(junk)
			}
		}
	})
	clients.Go(func() {
		defer close(stop)
		for range 100 {
			if _, err := quiet.Write([]byte{'x'}); err != nil {
				t.Error(err)
				return
			}
			if _, err := quiet.in.ReadByte(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	began := flood
	for answers < 100 {
		before := flood
		srv.DoEvents()
		require.Less(t, flood-before, 4<<20, "DoEvents takes what there is, and returns")
	}
	assert.Greater(t, flood, began)
	finished := make(chan struct{})
	go func() { clients.Wait(); close(finished) }()
	pump(t, srv, func() bool {
		select {
		case <-finished:
			return true
		default:
			return false
		}
	})
}

func TestServerPumpModeChangesAtRunTime(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	srv.DefaultEOL = "\n"
	p, _, j := pumped(t, srv)
	for i := range 20 {
		set(t, srv, "ProcessIdleEvents=True")
		p.say("free\n")
		pump(t, srv, func() bool { return j.count("DataIn") > 2*i }) // what is queued already waits for DoEvents
		set(t, srv, "ProcessIdleEvents=False")
		p.say("queued\n")
		pump(t, srv, func() bool { return j.count("DataIn") > 2*i+1 })
		j.expect(t, `DataIn "free"`, `DataIn "queued"`)
	}
	set(t, srv, "ProcessIdleEvents=True")
	p.say("without\n")
	j.expect(t, `DataIn "without"`)
	require.NoError(t, p.Close())
	j.expect(t, "Disconnected")
}

// Modes that change all the time lose no events and do not mix them up.
func TestServerPumpModeChangesAllTheTime(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	srv.DefaultEOL = "\n"
	_, _, j := pumped(t, srv)
	const texts = 2000
	p := dial(t, srv.core)
	go func() {
		for i := range texts {
			_, _ = fmt.Fprintf(p, "%d\n", i)
		}
		_ = p.Close()
	}()
	for i := 0; j.count("Disconnected") == 0; i++ {
		set(t, srv, fmt.Sprintf("ProcessIdleEvents=%d", i%2))
		srv.DoEvents()
	}
	all := j.of("2")
	require.Len(t, all, texts+3)
	for i, event := range all[2 : 2+texts] {
		require.Equal(t, fmt.Sprintf("DataIn %q", fmt.Sprint(i)), event)
	}
}

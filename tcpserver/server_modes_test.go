package tcpserver

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServerModesPrecedence(t *testing.T) {
	t.Parallel()
	const say = "ab\ncd;ef\ngh;ij"
	for _, c := range []struct {
		record int
		single bool
		eol    string
		want   []string
		rest   []string
	}{
		{0, false, "", []string{say}, nil},
		{0, false, ";", []string{"ab\ncd", "ef\ngh"}, []string{`DataIn "ij"+`}},
		{0, true, "", []string{"ab", "cd;ef"}, []string{`DataIn "gh;ij"+`}},
		{0, true, ";", []string{"ab", "cd;ef"}, []string{`DataIn "gh;ij"+`}},
		{7, false, "", []string{"ab\ncd;e", "f\ngh;ij"}, nil},
		{7, false, ";", []string{"ab\ncd;e", "f\ngh;ij"}, nil},
		{7, true, "", []string{"ab\ncd;e", "f\ngh;ij"}, nil},
		{7, true, ";", []string{"ab\ncd;e", "f\ngh;ij"}, nil},
		{4, true, ";", []string{"ab\nc", "d;ef", "\ngh;"}, []string{"Error 10054"}}, // no rest of a line
		{4, false, ";", []string{"ab\nc", "d;ef", "\ngh;"}, []string{"Error 10054"}},
	} {
		t.Run(fmt.Sprintf("RecordLength %d, SingleLineMode %v, EOL %q", c.record, c.single, c.eol), func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.DefaultSingleLineMode, srv.DefaultEOL = c.single, c.eol
			records(c.record)(srv)
			p, _, j := serverWays["TCP"](t, srv)
			p.say(say)
			j.expect(t, in(say, c.want...).want...)
			require.NoError(t, p.Close())
			j.expect(t, append(c.rest, "Disconnected")...)
		})
	}
}

// The oldest of protocols: four octets say how many follow.
func TestServerHeaderThenBody(t *testing.T) {
	t.Parallel()
	bodies := [][]byte{[]byte("short"), noise(300_000, ""), []byte("x"), noise(1<<20, ""), []byte("last")}
	var all []byte
	for _, body := range bodies {
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(body))), body...)
	}
	for way, reach := range serverWays {
		for _, packet := range []int{len(all), 70_000, 1000} {
			t.Run(fmt.Sprintf("%s in packets of %d", way, packet), func(t *testing.T) {
				t.Parallel()
				srv := NewServer()
				got := make(chan []byte, len(bodies))
				records(4)(srv)
				srv.OnDataIn = func(e *DataInEvent) {
					c := e.Connection
					if c.UserData() == nil { // a header
						c.SetUserData("body")
						assert.NoError(t, c.ChangeRecordLength(int(binary.BigEndian.Uint32(e.TextB))))
						return
					}
					got <- bytes.Clone(e.TextB)
					c.SetUserData(nil)
					assert.NoError(t, srv.ChangeRecordLength(e.ConnectionID, 4), "the method of the server does the same")
				}
				p, _, j := reach(t, srv)
				for rest := all; len(rest) > 0; rest = rest[min(packet, len(rest)):] {
					_, err := p.Write(rest[:min(packet, len(rest))])
					require.NoError(t, err)
				}
				for i, want := range bodies {
					require.True(t, bytes.Equal(want, receive(t, got, "a body")), "body %d", i)
				}
				require.NoError(t, p.Close())
				assert.Zero(t, j.until(t, "Disconnected").code)
			})
		}
	}
}

func TestServerModesChangeInsideDataIn(t *testing.T) {
	t.Parallel()
	change := map[string]func(*Connection) error{
		"raw":    func(c *Connection) error { c.SetSingleLineMode(false); return c.SetEOL("") },
		"single": func(c *Connection) error { c.SetSingleLineMode(true); return nil },
		"semi":   func(c *Connection) error { c.SetSingleLineMode(false); return c.SetEOL(";") },
		"three":  func(c *Connection) error { return c.ChangeRecordLength(3) },
		"none":   func(c *Connection) error { return c.ChangeRecordLength(0) },
	}
	for _, c := range []struct{ say, want string }{
		{"raw\nab\nc", `DataIn "raw" DataIn "ab\nc"`},
		{"semi\na\nb;c;", `DataIn "semi" DataIn "a\nb" DataIn "c"`},
		{"semi\nsingle;a;\r\nraw\nb\n", `DataIn "semi" DataIn "single" DataIn "a;" DataIn "raw" DataIn "b\n"`},
		{"three\nabc\n;\r", `DataIn "three" DataIn "abc" DataIn "\n;\r"`},
		{"semi\nthree;raw\n\r\n", `DataIn "semi" DataIn "three" DataIn "raw" DataIn "\n\r\n"`},
		// The LF of a CRLF belongs to the line before, whatever comes next.
		{"single\nthree\r\nabc", `DataIn "single" DataIn "three" DataIn "abc"`},
		{"single\nraw\r\n\nx", `DataIn "single" DataIn "raw" DataIn "\nx"`},
		{"single\nraw\rx", `DataIn "single" DataIn "raw" DataIn "x"`},
	} {
		t.Run(c.say, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.DefaultEOL = "\n"
			srv.OnDataIn = func(e *DataInEvent) {
				if f := change[e.Text()]; f != nil {
					assert.NoError(t, f(e.Connection))
				}
			}
			p, conn, j := serverWays["TCP"](t, srv)
			p.say(c.say)
			require.NoError(t, p.Close())
			j.until(t, "Disconnected")
			all := strings.Join(j.of(conn.ConnectionID())[2:], " ")
			assert.Equal(t, c.want+" Disconnected", all)
		})
	}
}

// With ProcessIdleEvents=False nothing happens but inside DoEvents, so it is
// known here what is kept when.
func TestServerModesChangeForWhatIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Connection) error
		want   []string
	}{
		"another EOL":   {func(c *Connection) error { return c.SetEOL(";") }, []string{"b", "cd\rx", "ef+"}},
		"an EOL before": {func(c *Connection) error { return c.SetEOL("b") }, []string{"", ";cd\rx;ef+"}},
		"no EOL":        {func(c *Connection) error { return c.SetEOL("") }, []string{"b;cd\rx;ef"}},
		"single lines":  {func(c *Connection) error { c.SetSingleLineMode(true); return nil }, []string{"b;cd", "x;ef+"}},
		"records":       {func(c *Connection) error { return c.ChangeRecordLength(3) }, []string{"b;c", "d\rx", ";ef"}},
		"longer lines":  {func(c *Connection) error { return c.SetMaxLineLength(4096) }, []string{"b;cd\rx;ef+"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.DefaultEOL = "\n"
			p, conn, j := pumped(t, srv)
			p.say("a\nb;cd\rx;ef")
			pump(t, srv, func() bool { return j.count("DataIn") == 1 })
			idle(srv)
			j.expect(t, `DataIn "a"`)
			j.silent(t)

			changed := make(chan error, 1)
			go func() { changed <- c.change(conn) }()
			require.NoError(t, receive(t, changed, "the change"))
			idle(srv)
			for _, octets := range c.want {
				if !strings.HasSuffix(octets, "+") {
					j.expect(t, in("", octets).want...)
				}
			}
			j.silent(t)
			require.NoError(t, p.Close())
			pump(t, srv, func() bool { return j.count("Disconnected") == 1 })
			if last := c.want[len(c.want)-1]; strings.HasSuffix(last, "+") {
				j.expect(t, in("", last).want...)
			}
			j.expect(t, "Disconnected")
		})
	}
}

// Whatever the mode is at which moment, no octet is lost and none comes twice.
func TestServerModesChangeAtAnyTime(t *testing.T) {
	t.Parallel()
	for way, reach := range serverWays {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			data := noise(1<<20, "")
			var got bytes.Buffer // of the connection's handlers
			srv := NewServer()
			srv.OnDataIn = func(e *DataInEvent) { got.Write(e.TextB) }
			p, c, j := reach(t, srv)

			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() { // modes that keep all octets
				defer close(stopped)
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					_ = c.ChangeRecordLength([]int{0, 1000, 1, 100_000}[i%4])
					c.PauseData()
					_ = c.SetMaxLineLength(256 + i%5000)
					c.ProcessData()
				}
			}()
			_, err := p.Write(data)
			require.NoError(t, err)
			close(stop)
			receive(t, stopped, "the end of changing")
			require.NoError(t, c.ChangeRecordLength(0))
			require.NoError(t, p.Close())
			assert.Zero(t, j.until(t, "Disconnected").code)
			assert.True(t, bytes.Equal(data, got.Bytes()), "%d octets of %d", got.Len(), len(data))
		})
	}
}

// What is kept is measured against the mode that keeps it, not against another
// that comes at the same moment.
func TestServerModesChangeWhileMuchIsKept(t *testing.T) {
	t.Parallel()
	const size = PushBuffer + 10_000
	srv := NewServer()
	records(2 * size)(srv)
	p, c, j := serverWays["TCP"](t, srv)
	data := noise(size, "")
	for round := range 300 {
		_, err := p.Write(data)
		require.NoError(t, err)
		changed := make(chan error, 1)
		go func() {
			for range 50 + round%50 { // what is kept is offered again and again
				_ = c.SetMaxLineLength(minLineLength)
			}
			changed <- c.ChangeRecordLength(0)
		}()
		require.NoError(t, receive(t, changed, "the change"))
		for left := size; left > 0; {
			e := j.next(t)
			require.Equal(t, "DataIn", e.name, "%d %s", e.code, e.text)
			left -= len(e.text)
		}
		require.NoError(t, c.ChangeRecordLength(2*size))
	}
}

// A stallable connection tells when a write has not moved for a while, and
// goes on with it.
type stallable struct {
	net.Conn
	stalled chan struct{}
	once    sync.Once
	sent    atomic.Int64
}

func (s *stallable) Write(p []byte) (n int, err error) {
	for n < len(p) {
		_ = s.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		moved, err := s.Conn.Write(p[n:])
		n += moved
		s.sent.Add(int64(moved))
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return n, err
		case moved == 0:
			s.once.Do(func() { close(s.stalled) })
		}
	}
	return n, nil
}

func TestServerPauseHoldsTheClientBack(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	for _, way := range []string{"TCP", "TLS"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			srv, got := NewServer(), new(bytes.Buffer)
			set(t, srv, "InBufferSize=65536")
			srv.OnConnected = func(e *ConnectedEvent) { e.Connection.PauseData() }
			srv.OnDataIn = func(e *DataInEvent) { got.Write(e.TextB) }
			srv.SSLEnabled, srv.SSLCert = way == "TLS", ecServer()
			j := serve(t, srv)
			nc, err := net.Dial("tcp", srv.Addr().String())
			require.NoError(t, err)
			require.NoError(t, nc.(*net.TCPConn).SetWriteBuffer(64<<10))
			slow := &stallable{Conn: nc, stalled: make(chan struct{})}
			p := newPeer(t, slow)
			if way == "TLS" {
				p.Conn = tls.Client(slow, trusting())
				require.NoError(t, p.Conn.(*tls.Conn).Handshake())
			}
			j.expect(t, "Connected", "ReadyToSend")
			c := j.last().conn
			assert.False(t, c.AcceptData())

			data, written := noise(size, ""), make(chan error, 1)
			go func() {
				_, err := p.Write(data)
				written <- errors.Join(err, p.Close())
			}()
			receive(t, slow.stalled, "back pressure")
			assert.Less(t, slow.sent.Load(), int64(size/2))
			j.silent(t)

			require.NoError(t, srv.ProcessData(c.ConnectionID()))
			assert.True(t, c.AcceptData())
			require.NoError(t, receive(t, written, "the end of writing"))
			assert.Zero(t, j.until(t, "Disconnected").code)
			assert.True(t, bytes.Equal(data, got.Bytes()), "%d octets of %d", got.Len(), size)
		})
	}
}

func TestServerPauseInsideDataIn(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(*Server){
		"lines": lines(";"), "records": records(2), "raw": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			if setup != nil {
				setup(srv)
			}
			srv.OnDataIn = func(e *DataInEvent) {
				assert.NoError(t, srv.PauseData(e.ConnectionID))
				assert.False(t, e.Connection.AcceptData())
			}
			p, c, j := pumped(t, srv)
			p.say("a;b;c;")
			pieces := map[string][]string{"lines": {"a", "b", "c"}, "records": {"a;", "b;", "c;"}, "raw": {"a;b;c;", "more"}}
			for i, piece := range pieces[name] {
				pump(t, srv, func() bool { return j.count("DataIn") > i })
				if i == 0 && name == "raw" {
					p.say("more") // stays in the socket
				}
				idle(srv)
				j.expect(t, in("", piece).want...)
				j.silent(t)
				c.ProcessData()
				c.ProcessData() // a second one means nothing
			}
			assert.True(t, c.AcceptData())
		})
	}
}

func TestServerPausedConnectionsEnd(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		end  func(*testing.T, *Server, *Connection)
		code string
	}{
		"Disconnect": {func(_ *testing.T, _ *Server, c *Connection) { c.Disconnect() }, "Disconnected"},
		"Shutdown":   {func(_ *testing.T, srv *Server, _ *Connection) { srv.Shutdown() }, "Disconnected"},
		"idle for too long": {func(_ *testing.T, _ *Server, c *Connection) { c.SetIdleTimeout(time.Nanosecond) },
			"Disconnected 10060"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.OnConnected = func(e *ConnectedEvent) { e.Connection.PauseData() }
			p, c, j := serverWays["TCP"](t, srv)
			p.say("never read")
			way.end(t, srv, c)
			j.expect(t, way.code)
			j.silent(t)
			_ = p.broken()
			c.PauseData() // means nothing any more
			c.ProcessData()
		})
	}
}

// Who has ended a connection does not want to hear any more of it.
func TestServerEndedConnectionsDeliverNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Server, *Connection){
		"Disconnect": func(_ *Server, c *Connection) { c.Disconnect() },
		"Shutdown":   func(srv *Server, _ *Connection) { srv.Shutdown() },
		"paused":     func(_ *Server, c *Connection) { c.PauseData(); c.Disconnect() },
	} {
		for mode, setup := range map[string]func(*Server){"lines": lines("\n"), "records": records(4)} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				srv := NewServer()
				setup(srv)
				srv.OnDataIn = func(e *DataInEvent) { end(srv, e.Connection) }
				p, _, j := serverWays["TCP"](t, srv)
				p.say("quit\nmore\nrest")
				j.expect(t, `DataIn "quit"`, "Disconnected")
				j.silent(t)
				_ = p.broken()
			})
		}
	}
}

// What came before a client's end is delivered before the end is, however long
// the connection is paused.
func TestServerPauseKeepsTheEndBack(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	srv.DefaultEOL = "\n"
	paused := make(chan struct{})
	srv.OnDataIn = func(e *DataInEvent) {
		if e.Text() == "one" {
			e.Connection.PauseData()
			close(paused)
		}
	}
	p, c, j := serverWays["TCP"](t, srv)
	p.say("one\ntwo\n")
	receive(t, paused, "the pause")
	p.say("three\nrest")
	require.NoError(t, p.Close())
	j.expect(t, `DataIn "one"`)
	j.silent(t)
	assert.True(t, c.Connected())
	c.ProcessData()
	j.expect(t, `DataIn "two"`, `DataIn "three"`, `DataIn "rest"+`, "Disconnected")
}

//go:build unix

package tcpserver

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// long says whether tests of scale run in full.
var long = os.Getenv("EDIPORT_LONG") != ""

// holding is what a process holds.
type holding struct {
	goroutines, descriptors int
	heap                    uint64
}

// heapInUse is what is reachable.
func heapInUse() uint64 {
	var m runtime.MemStats
	for range 3 { // what a finalizer or a pool still has goes with the next one
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func held(t *testing.T) holding {
	t.Helper()
	return holding{runtime.NumGoroutine(), openDescriptors(t), heapInUse()}
}

// heapSlack is how much more heap there may be afterwards: maps and pools that
// have grown, and what the test itself keeps.
const heapSlack = 512 << 10

// comesBack waits until no more is held than before.
func (h holding) comesBack(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool {
		now := held(t)
		return now.goroutines <= h.goroutines+1 && // this function has a goroutine of its own
			now.descriptors <= h.descriptors && now.heap <= h.heap+heapSlack
	}, patience, 10*time.Millisecond, "held before: %+v; and now: %+v", h, now(t))
}

type lazily func() holding

func (f lazily) String() string { return fmt.Sprintf("%+v", f()) }

// now is what is held when it is printed.
func now(t *testing.T) fmt.Stringer { return lazily(func() holding { return held(t) }) }

// The tests of scale are not parallel: they count what the process holds.

func TestConnectionsInSequenceLeaveNothing(t *testing.T) {
	full := 5000
	switch {
	case long:
		full = 50_000
	case raceDetector: // under which all takes ten times as long
		full = 1000
	}
	hello := func(p *peer) {
		p.say("hello\r\n")
		p.hear("hello\r\n")
	}
	plain := func(t *testing.T, srv *Server) *peer { return dial(t, srv.core) }
	secure := func(t *testing.T, srv *Server) *peer { return dialTLS(t, srv.core, nil) }
	proxied := func(t *testing.T, srv *Server) *peer {
		p := dial(t, srv.core)
		p.say(fmt.Sprintf("PROXY TCP4 203.0.%d.%d 198.51.100.8 4711 3305\r\n", rand.IntN(256), rand.IntN(256)))
		return p
	}
	cases := []struct {
		name   string
		count  int
		change func(*Server)
		come   func(*testing.T, *Server) *peer
		do     func(*peer)
	}{
		{"plain", full, nil, plain, hello},
		{"TLS", full / 25, func(s *Server) { s.SSLStartMode = StartImplicit }, secure, hello},
		{"STARTTLS", full / 25, nil, func(t *testing.T, srv *Server) *peer {
			p := plain(t, srv)
			p.say("STARTTLS\r\n")
			p.hear("220 go ahead\r\n")
			return newPeer(t, tls.Client(p.Conn, trusting()))
		}, hello},
		{"failed handshakes", full / 25, func(s *Server) { s.SSLStartMode = StartImplicit }, plain, func(p *peer) { p.say("hello\r\n") }},
		{"half a line", full / 5, nil, plain, func(p *peer) { p.say("hel") }},
		{"behind a proxy", full / 5, func(s *Server) {
			set(t, s, "ProxyProtocol=2", "ProxyProtocolSources=127.0.0.1")
		}, proxied, hello},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			oneByOne(t, c.change, c.come, c.do, 50) // opens what the runtime keeps, and fills pools
			before := held(t)
			oneByOne(t, c.change, c.come, c.do, c.count)
			before.comesBack(t)
		})
	}
}

// oneByOne lets so many clients come one after the other and leave in different
// ways.
func oneByOne(t *testing.T, change func(*Server), come func(*testing.T, *Server) *peer, do func(*peer), count int) {
	// What newPeer leaves to the end of the test is left to that of a smaller one.
	const batch = 500
	srv := explicit()
	srv.OnConnected, srv.LocalHost = nil, "127.0.0.1"
	if change != nil {
		change(srv)
	}
	left := make(chan struct{}, count)
	srv.OnDisconnected = func(*DisconnectedEvent) { left <- struct{}{} }
	require.NoError(t, srv.StartListening())
	ways := []func(*peer){
		func(p *peer) { _ = p.Close() },
		(*peer).reset,
		func(p *peer) { _, _ = io.WriteString(p, "\r\nquit\r\n"); _ = p.broken() },
		func(p *peer) {
			for met := false; !met && len(left) == 0; { // it may not have begun, or have ended
				for c := range srv.Connections() {
					c.Disconnect()
					met = true
				}
			}
			_ = p.broken()
		},
	}
	for begin := 0; begin < count; begin += batch {
		t.Run(strconv.Itoa(begin), func(t *testing.T) {
			for i := range min(batch, count-begin) {
				p := come(t, srv)
				do(p)
				ways[i%len(ways)](p)
				receive(t, left, "Disconnected")
			}
		})
	}
	end(t, srv.core)
}

// TestLackOfDescriptors runs as its own child, too, which has few descriptors.
func TestLackOfDescriptors(t *testing.T) {
	t.Parallel()
	if isChild(t) {
		serveWithFewDescriptors(t)
		return
	}
	server := opened(t, child(t))
	server.shows("listening on ")
	address, err := server.out.ReadString('\n')
	require.NoError(t, err)

	const clients = 60 // of which about half find no descriptor
	answered := make(chan *peer, clients)
	failed := make(chan error, clients)
	for range clients {
		nc, err := net.Dial("tcp", strings.TrimSpace(address))
		require.NoError(t, err, "the system has accepted it")
		p := newPeer(t, nc)
		p.say("hello\r\n")
		go func() {
			if line, err := p.in.ReadString('\n'); err != nil || line != "hello\r\n" {
				failed <- fmt.Errorf("%q: %w", line, err)
				return
			}
			answered <- p
		}()
	}
	server.shows("error 10024\n")
	// As soon as somebody leaves there is room for another.
	for range clients {
		select {
		case p := <-answered:
			_ = p.Close()
		case err := <-failed:
			assert.NoError(t, err)
		case <-time.After(patience):
			require.FailNow(t, "nobody was answered")
		}
	}
	server.enter("end\n")
	server.shows("PASS\n")
}

// serveWithFewDescriptors serves until something comes from the standard input.
func serveWithFewDescriptors(t *testing.T) {
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	srv := explicit()
	srv.OnConnected, srv.LocalHost = nil, "127.0.0.1"
	srv.OnError = func(e *ErrorEvent) { fmt.Printf("error %d\n", e.ErrorCode) }
	require.NoError(t, srv.StartListening())
	limit.Cur = uint64(openDescriptors(t) + 30)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	fmt.Println("listening on " + srv.Addr().String())
	_, err := os.Stdin.Read(make([]byte, 1))
	assert.NoError(t, err)
	end(t, srv.core)
}

// Connections come and go, and are looked at and thrown out meanwhile.
func TestRegistryUnderStress(t *testing.T) {
	t.Parallel()
	const clients, visits = 8, 100
	var connected, disconnected atomic.Int64
	srv := explicit()
	srv.OnConnected = func(e *ConnectedEvent) {
		connected.Add(1)
		e.Connection.SetUserData(e.ConnectionID)
	}
	srv.OnDisconnected = func(e *DisconnectedEvent) {
		disconnected.Add(1)
		assert.Equal(t, e.ConnectionID, e.Connection.UserData())
	}
	srv.LocalHost = "127.0.0.1"
	require.NoError(t, srv.StartListening())

	var visitors, watchers sync.WaitGroup
	done := make(chan struct{})
	watch := func(look func(c *Connection)) {
		watchers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for c := range srv.Connections() {
					look(c)
				}
				runtime.Gosched()
			}
		})
	}
	watch(func(c *Connection) {
		assert.Equal(t, "127.0.0.1", c.RemoteHost())
		assert.NotZero(t, c.RemotePort())
	})
	watch(func(c *Connection) {
		if found, ok := srv.Connection(c.ConnectionID()); ok {
			assert.Same(t, c, found)
		}
		_, _ = srv.Config("IdleTimeout[" + c.ConnectionID() + "]=60") // it may have ended
	})
	watch(func(c *Connection) {
		if rand.IntN(10) == 0 {
			_ = srv.Disconnect(c.ConnectionID()) // it may have ended
		}
	})
	for range clients {
		visitors.Go(func() {
			for range visits {
				nc, err := net.Dial("tcp", srv.Addr().String())
				if !assert.NoError(t, err) {
					return
				}
				_ = nc.SetDeadline(time.Now().Add(patience))
				_, _ = nc.Write([]byte("hello\r\n"))
				if n, _ := nc.Read(make([]byte, 7)); n > 0 {
					_, _ = nc.Write([]byte("quit\r\n"))
				}
				_ = nc.Close()
			}
		})
	}
	visitors.Wait()
	close(done)
	watchers.Wait()
	end(t, srv.core)
	// A client that was thrown out before it was made known has no events.
	assert.Equal(t, connected.Load(), disconnected.Load())
	assert.LessOrEqual(t, connected.Load(), int64(clients*visits))
	assert.NotZero(t, connected.Load())
}

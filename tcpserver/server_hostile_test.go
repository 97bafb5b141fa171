package tcpserver

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echoServer sends back what comes. It keeps no journal, which would need memory.
func echoServer(t *testing.T, change func(*Server)) *Server {
	t.Helper()
	srv := newSender(t)
	srv.LocalHost, srv.DefaultTimeout = "127.0.0.1", time.Hour
	srv.OnDataIn = func(e *DataInEvent) { _, _ = e.Connection.Send(e.TextB) }
	if change != nil {
		change(srv)
	}
	require.NoError(t, srv.StartListening())
	t.Cleanup(func() { end(t, srv.core) })
	return srv
}

// echoes asserts that a client is served.
func echoes(t *testing.T, p *peer) {
	t.Helper()
	p.say("hello\n")
	p.hear("hello\n")
}

// liveHeap is what is left after collecting, also of what pools keep.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestPeersThatNeverReadCostLittle does not run beside other tests, so that it
// can measure.
func TestPeersThatNeverReadCostLittle(t *testing.T) {
	const peers, most = 20, 256 << 10 // octets a peer, with its TLS and its client
	for _, timeout := range []time.Duration{0, time.Hour} {
		for name, secure := range map[string]bool{"plain": false, "TLS": true} {
			t.Run(name+" "+timeout.String(), func(t *testing.T) {
				stuck := make(chan *Connection, peers)
				srv := echoServer(t, func(srv *Server) {
					srv.DefaultTimeout = timeout
					srv.SSLEnabled, srv.SSLCert = secure, ecServer()
					srv.OnConnected = func(e *ConnectedEvent) { stuck <- e.Connection }
				})
				meet := func() *peer {
					if secure {
						return dialTLS(t, srv.core, nil)
					}
					return dial(t, srv.core)
				}
				good := meet()
				echoes(t, good)
				receive(t, stuck, "Connected")
				data := ink(0, 64<<10)
				before := liveHeap()
				var wg sync.WaitGroup
				var conns []*Connection
				clients := make([]*peer, peers)
				for i := range clients {
					clients[i] = meet()
					conns = append(conns, receive(t, stuck, "Connected"))
					_ = clients[i].SetWriteDeadline(time.Now().Add(patience))
					wg.Go(func() {
						for written := 0; written < 2*much; written += len(data) {
							if _, err := clients[i].Write(data); err != nil {
								return // the server took no more, and then ended
							}
						}
					})
				}
				for _, c := range conns {
					// Without a Timeout nothing sticks: what finds no room is dropped.
					eventually(t, "a connection where nothing moves", func() bool { return c.conn.Idle() > 50*time.Millisecond })
				}
				grown := liveHeap() - before
				assert.Less(t, grown, int64(peers*most), "%d KiB each", grown/peers/1024)
				echoes(t, good)
				srv.Shutdown()
				wg.Wait()
			})
		}
	}
}

func TestAFloodOfConnectionsHarmsNobody(t *testing.T) {
	t.Parallel()
	const most, flood = 20, 500
	var now, top atomic.Int64
	srv := echoServer(t, func(srv *Server) {
		set(t, srv, "MaxConnections=20")
		srv.OnConnected = func(*ConnectedEvent) {
			n := now.Add(1)
			for old := top.Load(); n > old && !top.CompareAndSwap(old, n); old = top.Load() {
			}
		}
		srv.OnDisconnected = func(*DisconnectedEvent) { now.Add(-1) }
	})
	var good []*peer
	for range most {
		p := dial(t, srv.core)
		echoes(t, p)
		good = append(good, p)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range flood / 10 {
				nc, err := net.Dial("tcp", srv.core.Addr().String())
				if err != nil {
					continue
				}
				_ = nc.SetDeadline(time.Now().Add(patience))
				n, _ := io.Copy(io.Discard, nc)
				assert.Zero(t, n)
				_ = nc.Close()
			}
		})
	}
	for range 20 {
		for _, p := range good {
			echoes(t, p)
		}
	}
	wg.Wait()
	assert.EqualValues(t, most, top.Load())
	// Who leaves makes room.
	_ = good[0].Close()
	eventually(t, "the end of a connection", func() bool { return srv.core.conns.admitted.Load() < most })
	echoes(t, dial(t, srv.core))
}

func TestStalledHandshakesHarmNobody(t *testing.T) {
	t.Parallel()
	srv := echoServer(t, func(srv *Server) { srv.SSLEnabled, srv.SSLCert = true, ecServer() })
	hello := clientHello(t)
	for i := range 100 {
		p := dial(t, srv.core)
		_, err := p.Write(hello[:len(hello)*i/99])
		require.NoError(t, err)
	}
	for range 3 {
		echoes(t, dialTLS(t, srv.core, nil))
	}
}

func TestTheWrongProtocol(t *testing.T) {
	t.Parallel()
	t.Run("plaintext on a TLS port", func(t *testing.T) {
		t.Parallel()
		for text, code := range map[string]int{
			"GET / HTTP/1.1\r\n\r\n": 276,
			"x\n":                    10054, // not even the head of a record
			strings.Repeat("\x16\x03\x01\xff\xff", 5000): 276,
		} {
			srv := newSender(t)
			srv.SSLEnabled, srv.SSLCert = true, ecServer()
			j := serve(t, srv)
			p := dial(t, srv.core)
			p.say(text)
			require.NoError(t, p.Conn.(*net.TCPConn).CloseWrite())
			c := j.expect(t, entry{name: "Connected", code: code}.String()).conn
			j.expect(t, entry{name: "Disconnected", code: code}.String())
			_ = p.broken()
			assert.False(t, c.SSLEnabled())
			lastWords(t, srv, j, c, entry{code: code})
		}
	})
	t.Run("TLS on a plaintext port", func(t *testing.T) {
		t.Parallel()
		srv := newSender(t)
		srv.DefaultEOL = "\n"
		j := serve(t, srv)
		p := dial(t, srv.core)
		client := tls.Client(p.Conn, trusting())
		failed := make(chan error, 1)
		go func() { failed <- client.Handshake() }()
		j.expect(t, "Connected", "ReadyToSend")
		c := j.last().conn
		_, err := c.Send([]byte("220 welcome\r\n"))
		require.NoError(t, err)
		require.Error(t, receive(t, failed, "the end of the handshake"))
		_ = p.Close()
		last := j.until(t, "Disconnected")
		assert.Contains(t, []int{0, 10054}, last.code) // what the client leaves unread resets
	})
}

func TestOneOctetWrites(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		const octets = 2000
		srv := echoServer(t, func(srv *Server) { srv.SSLEnabled, srv.SSLCert = secure, ecServer() })
		var p *peer
		if secure {
			p = dialTLS(t, srv.core, nil)
		} else {
			p = dial(t, srv.core)
		}
		go func() {
			for i := range octets {
				_, err := p.Write(ink(i, 1))
				assert.NoError(t, err)
			}
		}()
		sameOctets(t, ink(0, octets), p.take(octets))
	})
}

func TestAStormOfResets(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		const workers, each = 10, 50
		var connected, disconnected atomic.Int64
		srv := echoServer(t, func(srv *Server) {
			srv.SSLEnabled, srv.SSLCert = secure, ecServer()
			srv.OnConnected = func(*ConnectedEvent) { connected.Add(1) }
			srv.OnDisconnected = func(*DisconnectedEvent) { disconnected.Add(1) }
		})
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for i := range each {
					nc, err := net.Dial("tcp", srv.core.Addr().String())
					if !assert.NoError(t, err) {
						return
					}
					if i%2 == 0 {
						_, _ = nc.Write([]byte("x"))
					}
					cut(nc)
					_ = nc.Close()
				}
			})
		}
		wg.Wait()
		if secure {
			echoes(t, dialTLS(t, srv.core, nil))
		} else {
			echoes(t, dial(t, srv.core))
		}
		end(t, srv.core)
		assert.Equal(t, connected.Load(), disconnected.Load())
		assert.Positive(t, connected.Load())
		assert.Zero(t, srv.core.conns.admitted.Load())
	})
}

func TestAHandlerThatBlocksDelaysItsConnectionOnly(t *testing.T) {
	t.Parallel()
	const others, blocked = 1000, 20
	inside, release := make(chan struct{}, blocked), make(chan struct{})
	srv := echoServer(t, func(srv *Server) {
		set(t, srv, "MaxConnections=2000")
		srv.OnDataIn = func(e *DataInEvent) {
			if strings.HasPrefix(string(e.TextB), "block") {
				inside <- struct{}{}
				<-release
			}
			_, _ = e.Connection.Send(e.TextB)
		}
	})
	var stuck []*peer
	for range blocked {
		p := dial(t, srv.core)
		p.say("block\n")
		receive(t, inside, "a handler that blocks")
		stuck = append(stuck, p)
	}
	clients := make([]*peer, others)
	for i := range clients {
		clients[i] = dial(t, srv.core)
	}
	for range 3 {
		for _, p := range clients { // all ask before the first hears
			p.say("hello\n")
		}
		for _, p := range clients {
			p.hear("hello\n")
		}
	}
	assert.Empty(t, inside)
	close(release)
	for _, p := range stuck {
		p.hear("block\n")
		echoes(t, p)
	}
}

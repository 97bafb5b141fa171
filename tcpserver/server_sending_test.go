package tcpserver

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASendThatFits(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		j, p, c := meet(t, newSender(t), secure)
		n, err := c.Send([]byte("all of it\n"))
		require.NoError(t, err)
		assert.Equal(t, 10, n)
		assert.Equal(t, 10, c.BytesSent())
		assert.True(t, c.ReadyToSend())
		p.hear("all of it\n")
		p.say("x")
		j.expect(t, `DataIn "x"`) // ReadyToSend came once, after Connected
		j.silent(t)
	})
}

func TestAPartialSendIsNotFollowedByReadyToSend(t *testing.T) {
	t.Parallel()
	j, p, c := meet(t, newSender(t), false)
	n, err := c.Send(ink(0, much))
	assert.Equal(t, 10035, code(t, err))
	assert.Positive(t, n)
	assert.Less(t, n, much)
	assert.Equal(t, n, c.BytesSent())
	assert.True(t, c.ReadyToSend())
	sameOctets(t, ink(0, n), p.take(n))
	p.say("x") // comes after the room that has become free
	j.expect(t, `DataIn "x"`)
	j.silent(t)
	goesOn(t, j, p, c)
}

func TestASendOfNothingIsFollowedByReadyToSend(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	running, release := make(chan struct{}), make(chan struct{})
	srv.OnDataIn = func(*DataInEvent) { close(running); <-release }
	j, p, c := meet(t, srv, false)
	p.say("x")
	j.expect(t, `DataIn "x"`)
	receive(t, running, "DataIn")
	total := fill(t, c)
	assert.Zero(t, c.BytesSent())

	sameOctets(t, ink(0, total), p.take(total))
	eventually(t, "ReadyToSend, though a handler runs", c.ReadyToSend)
	j.silent(t)
	close(release)
	j.expect(t, "ReadyToSend")
	n, err := c.Send([]byte("more\n"))
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	p.hear("more\n")
	j.silent(t)
}

// Over a pipe no octet moves before the peer reads, so that nothing but its
// reading can make room.
func TestReadyToSendComesExactlyWhenThePeerReads(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	j := record(srv)
	a, b := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(a) }()
	p := newPeer(t, b)
	c := j.expect(t, "Connected", "ReadyToSend").conn
	total := fill(t, c)
	for range 3 {
		n, err := c.Send([]byte("x"))
		assert.Zero(t, n)
		assert.Equal(t, 10035, code(t, err))
		p.say("x")
		j.expect(t, `DataIn "x"`)
	}
	j.silent(t)
	assert.False(t, c.ReadyToSend())
	sameOctets(t, ink(0, total), p.take(total))
	j.expect(t, "ReadyToSend")
	assert.True(t, c.ReadyToSend())
	c.Disconnect()
	p.ended()
	j.expect(t, "Disconnected")
	require.NoError(t, receive(t, served, "the end of ServeConn"))
}

func TestASendIsRefusedWhileAnotherIsUnderWay(t *testing.T) {
	t.Parallel()
	for _, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			srv := newSender(t)
			srv.DefaultTimeout = time.Hour
			j, p, c := meet(t, srv, false)
			done := going(s.call(t, c, much))
			first := p.take(1) // it is under way
			c.SetTimeout(0)
			n, err := c.Send([]byte("in between"))
			assert.Zero(t, n)
			assert.Equal(t, 10035, code(t, err))
			assert.False(t, c.ReadyToSend())
			j.silent(t)
			sameOctets(t, ink(0, much), append(first, p.take(much-1)...))
			assert.EqualValues(t, much, await(t, done, 0).n)
			j.expect(t, "ReadyToSend")
			assert.True(t, c.ReadyToSend())
			goesOn(t, j, p, c)
		})
	}
}

func TestASendOfNoOctetsDoesNotWaitWithoutATimeout(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.DefaultTimeout = time.Hour
	_, p, c := meet(t, srv, false)
	done := going(func() (int, error) { return c.Send(ink(0, much)) })
	first := p.take(1)
	c.SetTimeout(0)
	_, err := soon(going(func() (int, error) { return c.Send(nil) }))
	assert.NoError(t, err)
	sameOctets(t, ink(0, much), append(first, p.take(much-1)...))
	await(t, done, 0)
}

// Each of several goroutines sends without waiting, and waits for ReadyToSend
// when nothing was taken. If one of these events were lost, its goroutine would
// wait for good.
func TestNoReadyToSendIsLost(t *testing.T) {
	t.Parallel()
	const senders, each = 4, 300_000
	for _, filing := range []bool{false, true} {
		t.Run(map[bool]string{false: "Send", true: "and SendFile"}[filing], func(t *testing.T) {
			t.Parallel()
			srv := newSender(t, "OutBufferSize=4096")
			var mu sync.Mutex
			ready := make(chan struct{})
			srv.OnReadyToSend = func(*ReadyToSendEvent) {
				mu.Lock()
				defer mu.Unlock()
				close(ready)
				ready = make(chan struct{})
			}
			next := func() <-chan struct{} {
				mu.Lock()
				defer mu.Unlock()
				return ready
			}
			_, p, c := meet(t, srv, false)
			p.narrow()
			total := senders * each
			var wg sync.WaitGroup
			for range senders {
				wg.Go(func() { sendAll(t, c, make([]byte, each), next) })
			}
			if filing {
				const files, size = 20, 10_000
				total += files * size
				path := inkFile(t, size)
				wg.Go(func() {
					for range files {
						_, err := c.SendFile(path)
						assert.NoError(t, err)
					}
				})
			}
			_, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{io.LimitReader(p.Conn, int64(total))}, make([]byte, 1000))
			require.NoError(t, err)
			wg.Wait()
		})
	}
}

func sendAll(t *testing.T, c *Connection, data []byte, next func() <-chan struct{}) {
	for len(data) > 0 {
		ready := next()
		n, err := c.Send(data[:min(len(data), 3000)])
		data = data[n:]
		if err == nil || n > 0 {
			continue
		}
		if !assert.ErrorIs(t, err, &Error{Code: 10035}) {
			return
		}
		select {
		case <-ready:
		case <-time.After(patience):
			assert.Fail(t, "ReadyToSend never came")
			c.Disconnect()
			return
		}
	}
}

func TestASendWithATimeoutWaits(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		j, p, c := meet(t, srv, secure)
		_, err := c.Send([]byte("at once\n"))
		require.NoError(t, err)
		assert.Equal(t, 8, c.BytesSent())
		p.hear("at once\n")

		c.SetTimeout(time.Hour)
		done := going(func() (int, error) { return c.Send(ink(0, much)) })
		first := p.take(1)
		assert.Empty(t, done)
		assert.Zero(t, c.BytesSent())
		sameOctets(t, ink(0, much), append(first, p.take(much-1)...))
		assert.EqualValues(t, much, await(t, done, 0).n)
		assert.Zero(t, c.BytesSent(), "in synchronous mode")
		assert.True(t, c.ReadyToSend())
		goesOn(t, j, p, c)
	})
}

func TestASlowReaderDoesNotTimeOut(t *testing.T) {
	t.Parallel()
	const timeout, octets = 500 * time.Millisecond, 2 << 20
	for _, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, secure bool) {
				srv := newSender(t)
				srv.DefaultTimeout = timeout
				_, p, c := meet(t, srv, secure)
				p.narrow()
				call := s.call(t, c, octets)
				begin := time.Now()
				got := slowly(p, octets, 32<<10, 20*time.Millisecond)
				await(t, going(call), 0)
				assert.Greater(t, time.Since(begin), 2*timeout, "else this proves nothing")
				sameOctets(t, ink(0, octets), receive(t, got, "the octets"))
			})
		})
	}
}

func TestAPeerThatTakesNothingTimesOut(t *testing.T) {
	t.Parallel()
	for _, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			srv := newSender(t)
			srv.DefaultTimeout = 50 * time.Millisecond
			j, p, c := meet(t, srv, false)
			got := await(t, going(s.call(t, c, much)), 10060)
			assert.ErrorIs(t, got.err, ErrTimedOut)
			assert.Positive(t, got.n)
			assert.Less(t, got.n, int64(much))
			// The connection goes on behind exactly what was counted.
			assert.True(t, c.Connected())
			c.SetTimeout(time.Hour)
			rest := going(func() (int, error) { return c.Send(ink(0, much)[got.n:]) })
			sameOctets(t, ink(0, much), p.take(much))
			await(t, rest, 0)
			goesOn(t, j, p, c)
		})
		t.Run(s.name+" TLS", func(t *testing.T) {
			t.Parallel()
			srv := newSender(t)
			srv.DefaultTimeout = 50 * time.Millisecond
			j, _, c := meet(t, srv, true)
			got := await(t, going(s.call(t, c, much)), 10060)
			assert.Less(t, got.n, int64(much))
			j.expect(t, "Disconnected 10060")
			_, err := c.Send([]byte("x"))
			assert.Equal(t, 10060, code(t, err))
			lastWords(t, srv, j, c, entry{code: 10060})
		})
	}
}

// A frame is its sender's number, its length, and so many octets of the number.
func frame(id byte, n int) []byte {
	out := make([]byte, 5, 5+n)
	out[0] = id
	binary.BigEndian.PutUint32(out[1:], uint32(n))
	for range n {
		out = append(out, id)
	}
	return out
}

func TestSendsOfManyGoroutinesStayWhole(t *testing.T) {
	t.Parallel()
	const senders, each = 6, 8
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultTimeout = time.Hour
		_, p, c := meet(t, srv, secure)
		var wg sync.WaitGroup
		for id := range byte(senders) {
			sizes := [...]int{0, 1, 100_000, 600_000}
			path := file(t, "frame", string(frame(id, 700_000)))
			wg.Go(func() {
				for i := range each {
					var err error
					if i%2 == 0 && id%2 == 0 {
						_, err = c.SendFile(path)
					} else {
						_, err = c.Send(frame(id, sizes[i%len(sizes)]))
					}
					assert.NoError(t, err)
				}
			})
		}
		for range senders * each {
			head := p.take(5)
			n := binary.BigEndian.Uint32(head[1:])
			require.LessOrEqual(t, n, uint32(700_000))
			sameOctets(t, frame(head[0], int(n))[5:], p.take(int(n)))
		}
		wg.Wait()
	})
}

// sayAll sends in all four ways and returns the codes.
func sayAll(c *Connection, path string) (codes [4]int) {
	results := [4]error{}
	_, results[0] = c.Send([]byte("1"))
	_, results[1] = c.SendLine("2")
	_, results[2] = c.SendText("3")
	_, results[3] = c.SendFile(path)
	for i, err := range results {
		switch e, ok := err.(*Error); {
		case ok:
			codes[i] = e.Code
		case err != nil:
			codes[i] = -1 // no error of ours
		}
	}
	return codes
}

func TestSendingInsideHandlers(t *testing.T) {
	t.Parallel()
	type say = func(*Connection)
	cases := []struct {
		name   string
		secure bool // needs TLS
		hook   func(srv *Server, say say)
		act    func(p *peer)
		want   [4]int
	}{
		{"Connected", false, func(srv *Server, say say) {
			srv.OnConnected = func(e *ConnectedEvent) { say(e.Connection) }
		}, nil, [4]int{}},
		{"DataIn", false, func(srv *Server, say say) {
			srv.OnDataIn = func(e *DataInEvent) { say(e.Connection) }
		}, func(p *peer) { p.say("x") }, [4]int{}},
		{"ReadyToSend", false, func(srv *Server, say say) {
			srv.OnReadyToSend = func(e *ReadyToSendEvent) { say(e.Connection) }
		}, nil, [4]int{}},
		{"Error", false, func(srv *Server, say say) {
			srv.OnDataIn = func(*DataInEvent) { panic("as told") }
			srv.OnError = func(e *ErrorEvent) { say(e.Connection) }
		}, func(p *peer) { p.say("x") }, [4]int{}},
		{"SSLStatus in the handshake", true, func(srv *Server, say say) {
			srv.OnSSLStatus = func(e *SSLStatusEvent) { say(e.Connection) }
		}, nil, [4]int{10036, 10036, 10036, 10036}},
		{"SSLStatus of a record", true, func(srv *Server, say say) {
			var told atomic.Bool
			srv.OnSSLStatus = func(e *SSLStatusEvent) {
				if strings.Contains(e.Message, "application data") && e.Connection.ReadyToSend() && !told.Swap(true) {
					say(e.Connection)
				}
			}
		}, func(p *peer) { p.say("x") }, [4]int{}},
		{"Disconnected", false, func(srv *Server, say say) {
			srv.OnDisconnected = func(e *DisconnectedEvent) { say(e.Connection) }
		}, func(p *peer) { _ = p.Close() }, [4]int{10057, 10057, 10057, 10057}},
	}
	for _, tc := range cases {
		for _, timeout := range []time.Duration{0, time.Hour} {
			t.Run(tc.name+" "+timeout.String(), func(t *testing.T) {
				t.Parallel()
				bothWays(t, func(t *testing.T, secure bool) {
					if tc.secure && !secure {
						return
					}
					srv := newSender(t, "LogSSLPackets=True")
					srv.DefaultTimeout = timeout
					path := file(t, "4", "4\n")
					said := make(chan [4]int, 1)
					var once sync.Once
					tc.hook(srv, func(c *Connection) {
						once.Do(func() { said <- sayAll(c, path) })
					})
					_, p, _ := meet(t, srv, secure)
					if tc.act != nil {
						tc.act(p)
					}
					assert.Equal(t, tc.want, receive(t, said, "the end of sending"))
					if tc.want == [4]int{} {
						p.hear("12\r\n")
						p.hear("34\n")
					}
				})
			})
		}
	}
}

func TestSendText(t *testing.T) {
	t.Parallel()
	cases := []struct {
		page, text, octets string // octets "" when the page lacks a character
	}{
		{"65001", "Übergröße €", "Übergröße €"},
		{"65001", "\xff kept", "\xff kept"},
		{"1252", "Ä€", "\xc4\x80"},
		{"1252", "Ж", ""},
		{"28591", "Ä", "\xc4"},
		{"28591", "€", ""},
		{"28591", "\xff", ""},
		{"1251", "Ж", "\xc6"},
		{"932", "日本", "\x93\xfa\x96\x7b"},
		{"37", "A1", "\xc1\xf1"},
		{"20127", "ä", ""},
	}
	srv := NewServer()
	_, p, c := meet(t, srv, false)
	for _, tc := range cases {
		set(t, srv, "CodePage="+tc.page)
		n, err := c.SendText(tc.text)
		if tc.octets == "" {
			assert.Zero(t, n)
			assert.Equal(t, 10022, code(t, err), tc)
			assert.Contains(t, err.Error(), tc.page)
			continue
		}
		require.NoError(t, err, tc)
		assert.Equal(t, len(tc.octets), n)
		assert.Equal(t, tc.octets, string(p.take(n)), tc) // nothing of those refused before
	}
	set(t, srv, "CodePage=1252")
	_, err := c.SendLine("€ and Ж")
	assert.Equal(t, 10022, code(t, err))
	n, err := srv.SendLine(c.ConnectionID(), "€")
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.Equal(t, "\x80\r\n", string(p.take(3)))
}

func TestNothingIsSentInTheClearAfterAFailedHandshake(t *testing.T) {
	t.Parallel()
	for _, mode := range []SSLStartMode{StartImplicit, StartExplicit} {
		t.Run(map[SSLStartMode]string{StartImplicit: "implicit", StartExplicit: "explicit"}[mode], func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			srv.SSLStartMode, srv.SSLCert = mode, ecServer()
			result := make(chan error, 1)
			srv.OnConnected = func(e *ConnectedEvent) {
				if e.StatusCode == 0 {
					assert.NoError(t, e.Connection.StartSSL())
					return
				}
				_, err := e.Connection.SendLine("secret")
				result <- err
			}
			serve(t, srv)
			p := dial(t, srv.core)
			p.say("GET / HTTP/1.1\r\n\r\n")
			all, _ := io.ReadAll(p.in)
			assert.NotContains(t, string(all), "secret")
			assert.Error(t, receive(t, result, "Connected"))
		})
	}
}

func TestSendingAfterTheEnd(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		end  func(p *peer, c *Connection)
		code int // of what sends return
	}{
		{"the client's", func(p *peer, _ *Connection) { _ = p.Close() }, 10057},
		{"Disconnect", func(_ *peer, c *Connection) { c.Disconnect() }, 10057},
		{"a reset", func(p *peer, _ *Connection) { p.reset() }, 10054},
	}
	for _, tc := range cases {
		for _, timeout := range []time.Duration{0, time.Hour} {
			t.Run(tc.name+" "+timeout.String(), func(t *testing.T) {
				t.Parallel()
				bothWays(t, func(t *testing.T, secure bool) {
					srv := newSender(t)
					srv.DefaultTimeout = timeout
					j, p, c := meet(t, srv, secure)
					tc.end(p, c)
					j.until(t, "Disconnected")
					assert.Equal(t, [4]int{tc.code, tc.code, tc.code, tc.code}, sayAll(c, file(t, "4", "4")))
					assert.Zero(t, c.BytesSent())
					assert.False(t, c.ReadyToSend())
					_, err := srv.Send(c.ConnectionID(), []byte("x"))
					assert.Equal(t, 126, code(t, err))
				})
			})
		}
	}
}

func TestTheEndOfAConnectionEndsASendThatWaits(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		end  func(srv *Server, p *peer, c *Connection)
		code int
	}{
		{"Disconnect", func(_ *Server, _ *peer, c *Connection) { c.Disconnect() }, 10057},
		{"Shutdown", func(srv *Server, _ *peer, _ *Connection) { srv.Shutdown() }, 10057},
		{"a reset", func(_ *Server, p *peer, _ *Connection) { p.reset() }, 10054},
	}
	for _, tc := range cases {
		for _, s := range sends {
			t.Run(tc.name+" "+s.name, func(t *testing.T) {
				t.Parallel()
				bothWays(t, func(t *testing.T, secure bool) {
					srv := newSender(t)
					srv.DefaultTimeout = time.Hour
					j, p, c := meet(t, srv, secure)
					done := going(s.call(t, c, much))
					p.take(1)
					tc.end(srv, p, c)
					await(t, done, tc.code)
					want := tc.code % 10057 // 0 after a normal end
					assert.Equal(t, want, j.until(t, "Disconnected").code)
				})
			})
		}
	}
}

// A program that sends to all connections there are finds one before its
// handshake has begun, too.
func TestNothingIsSentInTheClearBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	srv.SSLEnabled, srv.SSLCert = true, ecServer()
	serve(t, srv)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for c := range srv.Connections() {
					if _, err := c.Send([]byte("secret")); !assert.Error(t, err) {
						return
					}
				}
			}
		})
	}
	for range 100 {
		p := dial(t, srv.core)
		require.NoError(t, p.Conn.(*net.TCPConn).CloseWrite())
		all, _ := io.ReadAll(p.in)
		assert.NotContains(t, string(all), "secret")
		_ = p.Close()
	}
	close(stop)
	wg.Wait()
}

package tcpserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Headers of the PROXY protocol (haproxy.org, proxy-protocol.txt), by hand.
const (
	// begins every header of version 2 (section 2.2)
	proxySignature = "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"

	// 203.0.113.7:4711 to 198.51.100.8:3305
	proxyV1 = "PROXY TCP4 203.0.113.7 198.51.100.8 4711 3305\r\n"
	proxyV2 = proxySignature + "\x21\x11\x00\x0c" + "\xcb\x00\x71\x07" + "\xc6\x33\x64\x08" + "\x12\x67" + "\x0c\xe9"

	// [2001:db8::1]:4096 to [2001:db8::ff]:3305
	proxyV1Six = "PROXY TCP6 2001:db8::1 2001:db8::ff 4096 3305\r\n"
	proxyV2Six = proxySignature + "\x21\x21\x00\x24" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff" +
		"\x10\x00" + "\x0c\xe9"

	proxyUnknown = "PROXY UNKNOWN\r\n"
	proxyLocal   = proxySignature + "\x20\x00\x00\x00"
)

// told is whom a header speaks of; the zero value is nobody.
type told struct {
	host  string
	port  int
	local string
}

var proxyHeaders = []struct {
	name, header string
	want         told
}{
	{"version 1", proxyV1, told{"203.0.113.7", 4711, "198.51.100.8"}},
	{"version 1, IPv6", proxyV1Six, told{"2001:db8::1", 4096, "2001:db8::ff"}},
	{"version 1, mapped", "PROXY TCP6 ::ffff:203.0.113.7 ::ffff:198.51.100.8 4711 3305\r\n", told{"203.0.113.7", 4711, "198.51.100.8"}},
	{"version 1, UNKNOWN", proxyUnknown, told{}},
	{"version 2", proxyV2, told{"203.0.113.7", 4711, "198.51.100.8"}},
	{"version 2, IPv6", proxyV2Six, told{"2001:db8::1", 4096, "2001:db8::ff"}},
	{"version 2, LOCAL", proxyLocal, told{}},
	{"version 2, with a TLV", proxySignature + "\x21\x11\x00\x11" + proxyV2[16:] + "\x04\x00\x02\x00\x00", told{"203.0.113.7", 4711, "198.51.100.8"}},
}

// balanced is an explicit server that believes the headers of this machine. It
// does not greet, so that who connects speaks first.
func balanced(t *testing.T, settings ...string) *Server {
	t.Helper()
	srv := explicit()
	srv.OnConnected = nil
	set(t, srv, "ProxyProtocol=2", "ProxyProtocolSources=127.0.0.1")
	set(t, srv, settings...)
	return srv
}

// is asserts whose connection it is; p is the one who has made it.
func (who told) is(t *testing.T, conn *Connection, p *peer) {
	t.Helper()
	if who == (told{}) {
		who = told{"127.0.0.1", portOf(t, p.LocalAddr()), "127.0.0.1"}
	}
	assert.Equal(t, who, told{conn.RemoteHost(), conn.RemotePort(), conn.LocalAddress()})
}

func TestProxyHeaders(t *testing.T) {
	t.Parallel()
	ways := map[string]func(p *peer, header string){
		"with data behind it": func(p *peer, header string) { p.say(header + "hello\r\nagain\r\n") },
		"in octets": func(p *peer, header string) {
			for _, octet := range []byte(header + "hello\r\nagain\r\n") {
				p.say(string([]byte{octet}))
			}
		},
		"alone": func(p *peer, header string) { p.say(header); p.say("hello\r\nagain\r\n") },
	}
	for _, c := range proxyHeaders {
		for way, send := range ways {
			t.Run(c.name+" "+way, func(t *testing.T) {
				t.Parallel()
				srv := balanced(t)
				requests := make(chan ConnectionRequestEvent, 1)
				srv.OnConnectionRequest = func(e *ConnectionRequestEvent) { requests <- *e }
				j := serve(t, srv)
				p := dial(t, srv.core)
				send(p, c.header)
				conn := j.expect(t, "Connected", "ReadyToSend", `DataIn "hello"`, `DataIn "again"`).conn
				c.want.is(t, conn, p)
				assert.Equal(t, ConnectionRequestEvent{conn.RemoteHost(), conn.RemotePort(), true}, receive(t, requests, "ConnectionRequest"))
				p.hear("hello\r\n")
				p.hear("again\r\n")
			})
		}
	}
}

func TestProxySources(t *testing.T) {
	t.Parallel()
	partner, itself := told{"203.0.113.7", 4711, "198.51.100.8"}, told{}
	line := `DataIn "PROXY TCP4 203.0.113.7 198.51.100.8 4711 3305"`
	cases := []struct {
		name     string
		settings []string
		say      string
		who      told
		events   []string // after Connected and ReadyToSend; nil: the client does not get in
	}{
		{"off, header", []string{"ProxyProtocol=0"}, proxyV1 + "hello\r\n", itself, []string{line, `DataIn "hello"`}},
		{"through a proxy", []string{"ProxyProtocol=1"}, proxyV1 + "hello\r\n", partner, []string{`DataIn "hello"`}},
		{"direct", []string{"ProxyProtocol=1", "ProxyProtocolSources=192.0.2.1"}, "hello\r\n", itself, []string{`DataIn "hello"`}},
		{"a stranger's header", []string{"ProxyProtocol=1", "ProxyProtocolSources=192.0.2.1"}, proxyV1, itself, []string{line}},
		{"a header when nobody is believed", []string{"ProxyProtocol=1", "ProxyProtocolSources="}, proxyV1, itself, []string{line}},
		{"only through a proxy", []string{"ProxyProtocol=2"}, proxyV1 + "hello\r\n", partner, []string{`DataIn "hello"`}},
		{"a network of proxies", []string{"ProxyProtocolSources=192.0.2.1, 127.0.0.0/8"}, proxyV1 + "hello\r\n", partner, []string{`DataIn "hello"`}},
		{"a proxy by name", []string{"ProxyProtocolSources=localhost"}, proxyV1 + "hello\r\n", partner, []string{`DataIn "hello"`}},
		{"direct, refused", []string{"ProxyProtocol=2", "ProxyProtocolSources=192.0.2.1"}, "hello\r\n", itself, nil},
		{"a stranger's header, refused", []string{"ProxyProtocol=2", "ProxyProtocolSources=192.0.2.1"}, proxyV1 + "hello\r\n", itself, nil},
		{"nobody is believed, refused", []string{"ProxyProtocol=2", "ProxyProtocolSources="}, proxyV1 + "hello\r\n", itself, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := balanced(t, c.settings...)
			j := serve(t, srv)
			if c.events == nil {
				turnedAway(t, srv, c.say)
				end(t, srv.core)
				j.silent(t)
				return
			}
			p := dial(t, srv.core)
			p.say(c.say)
			conn := j.expect(t, append([]string{"Connected", "ReadyToSend"}, c.events...)...).conn
			c.who.is(t, conn, p)
		})
	}
}

// turnedAway asserts that a client gets no answer; it may notice at any moment.
func turnedAway(t *testing.T, srv *Server, say string) {
	t.Helper()
	nc, err := net.Dial("tcp", srv.Addr().String())
	if err != nil {
		return
	}
	p := newPeer(t, nc)
	_, _ = io.WriteString(p, say)
	got, _ := io.ReadAll(p.in)
	assert.Empty(t, got)
	_ = p.broken()
}

func TestProxyHeadersThatAreNone(t *testing.T) {
	t.Parallel()
	hangUp := func(p *peer) { _ = p.Close() }
	wait := func(*peer) {}
	cases := []struct {
		name, say string
		then      func(*peer)
		want      string
	}{
		{"silence", "", wait, "Error 10060"},
		{"silence in the middle, version 1", proxyV1[:20], wait, "Error 10060"},
		{"silence in the middle, version 2", proxyV2[:20], wait, "Error 10060"},
		{"a hang-up", "", hangUp, "Error 10054"},
		{"a hang-up in the middle, version 1", proxyV1[:20], hangUp, "Error 10054"},
		{"a hang-up in the middle, version 2", proxyV2[:20], hangUp, "Error 10054"},
		{"a reset", proxyV1[:20], (*peer).reset, "Error 10054"},
		{"a line", "hello\r\n", wait, "Error 10022"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00", wait, "Error 10022"},
		{"a bad address", "PROXY TCP4 203.0.113.777 198.51.100.8 4711 3305\r\n", wait, "Error 10022"},
		{"endless", "PROXY UNKNOWN " + strings.Repeat("x", 200), wait, "Error 10022"},
		{"65535 octets of TLVs", proxySignature + "\x21\x11\xff\xff", wait, "Error 10022"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			limit := "ProxyProtocolTimeout=30"
			if c.want == "Error 10060" {
				limit = "ProxyProtocolTimeout=0.05"
			}
			srv := balanced(t, limit, "MaxConnections=1")
			srv.OnConnectionRequest = func(e *ConnectionRequestEvent) {
				assert.Equal(t, "203.0.113.7", e.Address, "only who is known is asked about")
			}
			j := serve(t, srv)
			p := dial(t, srv.core)
			p.say(c.say)
			c.then(p)
			failed := j.expect(t, c.want)
			assert.Empty(t, failed.id)
			assert.Contains(t, failed.text, "PROXY header of 127.0.0.1:")
			_ = p.broken()

			// It takes nobody's place.
			for {
				next := dial(t, srv.core)
				_, _ = io.WriteString(next, proxyV1+"hello\r\n")
				if line, err := next.in.ReadString('\n'); err == nil {
					assert.Equal(t, "hello\r\n", line)
					break
				}
			}
			j.expect(t, "Connected", "ReadyToSend", `DataIn "hello"`)
			j.silent(t)
		})
	}
}

// Whoever keeps the server waiting keeps nobody else waiting.
func TestProxyHeadersAreAwaitedSideBySide(t *testing.T) {
	t.Parallel()
	srv := balanced(t, "ProxyProtocolTimeout=0")
	serve(t, srv)
	for range 100 {
		dial(t, srv.core).say("PROXY ")
	}
	p := dial(t, srv.core)
	p.say(proxyV1 + "hello\r\n")
	p.hear("hello\r\n")
}

func TestPartnersBehindAProxyAreAdmitted(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		setting string
		request func(*ConnectionRequestEvent)
		want    bool
	}{
		{"allowed", "AllowedClients=203.0.113.0/24", nil, true},
		{"not allowed, though the proxy is", "AllowedClients=127.0.0.1", nil, false},
		{"blocked", "BlockedClients=203.0.113.7", nil, false},
		{"the proxy is blocked", "BlockedClients=127.0.0.1", nil, true},
		{"the handler refuses", "AllowedClients=*", func(e *ConnectionRequestEvent) { e.Accept = e.Address != "203.0.113.7" }, false},
		{"the handler lets in", "BlockedClients=203.0.113.7", func(e *ConnectionRequestEvent) { e.Accept = e.Port == 4711 }, true},
	}
	for _, c := range cases {
		for version, header := range map[string]string{"v1": proxyV1, "v2": proxyV2} {
			t.Run(c.name+" "+version, func(t *testing.T) {
				t.Parallel()
				srv := balanced(t, c.setting)
				srv.OnConnectionRequest = c.request
				j := serve(t, srv)
				p := dial(t, srv.core)
				p.say(header)
				if c.want {
					j.expect(t, "Connected")
					p.say("hello\r\n")
					p.hear("hello\r\n")
					return
				}
				_ = p.broken()
				end(t, srv.core)
				j.silent(t)
			})
		}
	}
}

func TestConnectionsOfPartnersBehindAProxyAreCounted(t *testing.T) {
	t.Parallel()
	srv := balanced(t, "MaxConnectionsPerClient=2")
	j := serve(t, srv)
	comes := func(host string) *peer {
		p := dial(t, srv.core)
		p.say(fmt.Sprintf("PROXY TCP4 %s 198.51.100.8 4711 3305\r\n", host))
		return p
	}
	for range 3 { // all of them through one proxy
		for _, host := range []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"} {
			p := comes(host)
			p.say("hello\r\n")
			p.hear("hello\r\n")
			second := comes(host)
			second.say("hello\r\n")
			second.hear("hello\r\n")
			_ = comes(host).broken() // one too many
			for _, leaver := range []*peer{p, second} {
				leaver.say("quit\r\n")
				leaver.hear("bye\r\n")
				leaver.ended()
				j.until(t, "Disconnected")
			}
			// The count falls after that event.
			require.Eventually(t, func() bool {
				client := subscriber(netip.MustParseAddr(host))
				s := srv.core.conns.clientShard(client)
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.counts[client] == 0
			}, patience, time.Millisecond)
		}
	}
}

func TestTLSBehindAProxyHeader(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{false, true} {
		for version, header := range map[string]string{"v1": proxyV1, "v2": proxyV2} {
			t.Run(fmt.Sprintf("%s together %t", version, together), func(t *testing.T) {
				t.Parallel()
				srv := balanced(t)
				srv.SSLStartMode = StartImplicit
				j := serve(t, srv)
				p := dial(t, srv.core)
				if together {
					p.Conn = &eager{Conn: p.Conn, first: header, send: func(nc net.Conn, p []byte) error {
						_, err := nc.Write(p)
						return err
					}}
				} else {
					p.say(header)
				}
				secure, err := tryUpgrade(t, p, nil)
				require.NoError(t, err)
				secure.say("hello\r\n")
				secure.hear("hello\r\n")
				conn := j.expect(t, "Connected").conn
				assert.Equal(t, "203.0.113.7", conn.RemoteHost())
				assert.True(t, conn.SSLEnabled())
			})
		}
	}
}

func TestStartSSLBehindAProxyHeader(t *testing.T) {
	t.Parallel()
	srv := balanced(t)
	serve(t, srv)
	p := dial(t, srv.core)
	p.say(proxyV2 + "STARTTLS\r\n")
	p.hear("220 go ahead\r\n")
	secure, err := tryUpgrade(t, p, nil)
	require.NoError(t, err)
	secure.say("hello\r\n")
	secure.hear("hello\r\n")
}

func TestStreamProtocolBehindAProxyHeader(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		core, rec := NewCore(), newRecorder()
		configure(t, core, "ProxyProtocol=2", "ProxyProtocolSources=127.0.0.1")
		start(t, core, Options{Stream: greeter, UseSSL: secure, SSLCert: ecServer(), Hooks: rec.hooks()})
		p := dial(t, core)
		if secure {
			p.say(proxyV1)
			p = newPeer(t, tls.Client(p.Conn, trusting()))
		} else {
			p.say(proxyV1 + "hello\n")
		}
		p.hear("welcome\n")
		if secure {
			p.say("hello\n")
		}
		p.hear("HELLO\n")
		c := rec.expect(t, "Connected").conn
		assert.Equal(t, "203.0.113.7", c.RemoteHost())
		assert.Equal(t, 4711, c.RemotePort())
		assert.Equal(t, "198.51.100.8", c.LocalAddress())
		p.say("quit\n")
		p.ended()
		rec.expect(t, "Disconnected")
	}
}

// A connection that somebody hands over has no header.
func TestServeConnAwaitsNoProxyHeader(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "ProxyProtocol=2")
	p := adopt(t, core, Options{Stream: greeter})
	p.hear("welcome\n")
	p.say("quit\n")
	p.ended()
}

// A watchfulListener tells when the first read of a connection begins.
type watchfulListener struct {
	net.Listener
	reads chan struct{}
}

func (l watchfulListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchfulConn{Conn: nc, reads: l.reads}, nil
}

type watchfulConn struct {
	net.Conn
	reads chan struct{}
	told  atomic.Bool
}

func (c *watchfulConn) Read(p []byte) (int, error) {
	if !c.told.Swap(true) {
		c.reads <- struct{}{}
	}
	return c.Conn.Read(p)
}

func TestTheEndDoesNotWaitForAProxyHeader(t *testing.T) {
	t.Parallel()
	enders := map[string]func(*Server){
		"Shutdown":        (*Server).Shutdown,
		"ShutdownContext": func(s *Server) { _ = s.ShutdownContext(context.Background()) },
		"StopListening":   (*Server).StopListening,
		"Reset":           (*Server).Reset,
	}
	for name, finish := range enders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := balanced(t, "ProxyProtocolTimeout=0")
			record(srv)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			reads, served := make(chan struct{}, 1), make(chan error, 1)
			go func() { served <- srv.Serve(watchfulListener{l, reads}) }()
			nc, err := net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			p := newPeer(t, nc)
			p.say("PROXY ")
			receive(t, reads, "the reading of the header")
			finish(srv)
			_ = p.broken()
			assert.NoError(t, receive(t, served, "the end of Serve"))
			end(t, srv.core) // waits until nobody is left
		})
	}
}

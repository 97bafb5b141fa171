package tcpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// phoneBook resolves names from a map, and counts.
type phoneBook struct {
	entries map[string][]netip.Addr
	lookups int
}

func (b *phoneBook) lookUp(_ context.Context, host string) ([]netip.Addr, error) {
	b.lookups++
	if addrs, ok := b.entries[host]; ok {
		return addrs, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (b *phoneBook) names() *hostNames {
	h := newHostNames()
	h.resolve = b.lookUp
	return h
}

func TestClientLists(t *testing.T) {
	t.Parallel()
	book := &phoneBook{entries: map[string][]netip.Addr{
		"partner.example": {netip.MustParseAddr("::ffff:198.51.100.7"), netip.MustParseAddr("2001:db8::7")},
	}}
	hosts := book.names()
	cases := []struct {
		list string
		yes  []string
		no   []string
	}{
		{"", nil, []string{"10.0.0.1", "::1"}},
		{" , ,", nil, []string{"10.0.0.1"}},
		{"*", []string{"10.0.0.1", "::1"}, nil},
		{"10.0.0.1", []string{"10.0.0.1", "::ffff:10.0.0.1"}, []string{"10.0.0.2", "::1"}},
		{"::ffff:10.0.0.1", []string{"10.0.0.1", "::ffff:10.0.0.1"}, []string{"10.0.0.2"}},
		{"10.0.*", []string{"10.0.0.1", "10.0.255.255"}, []string{"10.1.0.1", "110.0.0.1"}},
		{"10.0.0.?", []string{"10.0.0.9"}, []string{"10.0.0.10"}},
		{"*.7", []string{"10.0.0.7"}, []string{"10.0.0.77"}},
		{"10.0.0.0/8, 192.0.2.128/25", []string{"10.255.0.1", "192.0.2.200"}, []string{"11.0.0.1", "192.0.2.1"}},
		{"10.1.2.3/8", []string{"10.255.0.1"}, []string{"11.0.0.1"}},
		{"::ffff:10.0.0.0/104", []string{"10.255.0.1"}, []string{"11.0.0.1", "::a00:1"}},
		{"::/0", []string{"::1"}, []string{"10.0.0.1"}},
		{"2001:DB8::/32", []string{"2001:db8:1::5"}, []string{"2001:db9::1"}},
		{"2001:DB8::*", []string{"2001:db8::5"}, []string{"2001:db8:1::5"}},
		{"fe80::1%eth0", []string{"fe80::1"}, []string{"fe80::2"}},
		{"partner.example", []string{"198.51.100.7", "2001:db8::7"}, []string{"198.51.100.8"}},
		{"nobody.example, 10.0.0.1", []string{"10.0.0.1"}, []string{"198.51.100.7"}},
	}
	for _, c := range cases {
		list, err := parseClients(c.list)
		require.NoError(t, err, c.list)
		for _, yes := range c.yes {
			assert.True(t, list.matches(netip.MustParseAddr(yes).Unmap(), hosts), "%q %s", c.list, yes)
		}
		for _, no := range c.no {
			assert.False(t, list.matches(netip.MustParseAddr(no).Unmap(), hosts), "%q %s", c.list, no)
		}
		assert.Equal(t, c.list == "*", list.matches(netip.Addr{}, hosts), "%q and no address", c.list)
	}
}

func TestBadClientLists(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"10.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "300", "a b", `a/b`, "a=b", "[::1]", "*.example.com", "partner?", "10.0.0.1;10.0.0.2/", "x/8",
	} {
		_, err := parseClients("127.0.0.1," + text)
		assert.ErrorContains(t, err, text)
	}
}

func TestHostNamesAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		book := &phoneBook{entries: map[string][]netip.Addr{"a.example": {one}}}
		hosts := book.names()
		for range 3 {
			assert.Equal(t, []netip.Addr{one}, hosts.addresses("a.example"))
		}
		assert.Equal(t, 1, book.lookups)

		book.entries["a.example"] = []netip.Addr{two}
		time.Sleep(hostNameLife) // of the test's own clock
		assert.Equal(t, []netip.Addr{two}, hosts.addresses("a.example"))

		delete(book.entries, "a.example")
		time.Sleep(hostNameLife)
		assert.Equal(t, []netip.Addr{two}, hosts.addresses("a.example"), "the last answer stands")
		assert.Equal(t, 3, book.lookups)
	})
}

func TestAResolverThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hosts := newHostNames()
		hosts.resolve = func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		begin := time.Now()
		assert.Empty(t, hosts.addresses("slow.example"))
		assert.Equal(t, hostNameLimit, time.Since(begin))
	})
}

// visit tells whether the core lets a client in.
func visit(t *testing.T, core *Core) bool {
	t.Helper()
	nc, err := net.Dial("tcp", core.Addr().String())
	if err != nil {
		return false // refused before the system had told of the connection
	}
	p := newPeer(t, nc)
	_, err = p.in.ReadString('\n')
	if err == nil {
		_, _ = p.Write([]byte("quit\n"))
	}
	_ = p.broken()
	return err == nil
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	answer := func(accept bool) func(*ConnectionRequest) {
		return func(r *ConnectionRequest) { r.Accept = accept }
	}
	cases := []struct {
		name     string
		settings []string
		hook     func(*ConnectionRequest)
		want     bool
	}{
		{"default", nil, nil, true},
		{"allowed", []string{"AllowedClients=127.*"}, nil, true},
		{"by name", []string{"AllowedClients=peer.example"}, nil, true},
		{"not allowed", []string{"AllowedClients=10.0.0.0/8"}, nil, false},
		{"blocked", []string{"BlockedClients=127.0.0.1"}, nil, false},
		{"blocked wins", []string{"AllowedClients=127.0.0.1", "BlockedClients=127.0.0.0/8"}, nil, false},
		{"nobody", []string{"AllowedClients="}, nil, false},
		{"overridden to yes", []string{"BlockedClients=*"}, answer(true), true},
		{"overridden to no", nil, answer(false), false},
		{"not decided", []string{"BlockedClients=*"}, func(*ConnectionRequest) {}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core, rec := NewCore(), newRecorder()
			book := &phoneBook{entries: map[string][]netip.Addr{"peer.example": {netip.MustParseAddr("127.0.0.1")}}}
			core.hosts = book.names()
			configure(t, core, c.settings...)
			hooks := rec.hooks()
			hooks.ConnectionRequest = c.hook
			start(t, core, Options{Stream: greeter, Hooks: hooks})
			assert.Equal(t, c.want, visit(t, core))
			end(t, core)
			if c.want {
				rec.expect(t, "Connected", "Disconnected")
			}
			rec.silent(t)
		})
	}
}

func TestMappedClientOfADualListener(t *testing.T) {
	t.Parallel()
	core, seen := NewCore(), make(chan string, 1)
	configure(t, core, "UseIPv6=2", "AllowedClients=127.0.0.1")
	err := core.StartListening(Options{Stream: greeter, Hooks: Hooks{
		ConnectionRequest: func(r *ConnectionRequest) { seen <- r.Address },
	}})
	require.NoError(t, err)
	t.Cleanup(func() { end(t, core) })
	_, port, err := net.SplitHostPort(core.Addr().String())
	require.NoError(t, err)
	nc, err := net.Dial("tcp4", "127.0.0.1:"+port)
	require.NoError(t, err)
	p := newPeer(t, nc)
	p.hear("welcome\n")
	assert.Equal(t, "127.0.0.1", receive(t, seen, "ConnectionRequest"))
	p.say("quit\n")
	p.ended()
}

func TestMaxConnections(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	configure(t, core, "MaxConnections=2")
	o := Options{Stream: greeter, Hooks: rec.hooks()}
	start(t, core, o)
	first, second := dial(t, core), dial(t, core)
	first.hear("welcome\n")
	second.hear("welcome\n")
	assert.False(t, visit(t, core))

	a, b := net.Pipe()
	err := core.ServeConn(a, o)
	assert.Equal(t, 11002, code(t, err))
	_, err = b.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)

	rec.expect(t, "Connected", "Connected")
	first.say("quit\n")
	first.ended()
	rec.expect(t, "Disconnected")
	rec.silent(t)
	// The place is free once the last handler has returned.
	for !visit(t, core) {
	}
	second.say("quit\n")
	second.ended()
}

func TestMaxConnectionsPerClient(t *testing.T) {
	t.Parallel()
	var known registry
	enter := func(addr string) bool {
		a, _ := netip.ParseAddr(addr)
		return known.enterClient(a, 2)
	}
	for range 2 {
		assert.True(t, enter("192.0.2.1"))
		assert.True(t, enter("192.0.2.2"))
	}
	assert.False(t, enter("192.0.2.1"))
	known.leaveClient(netip.MustParseAddr("192.0.2.1"))
	assert.True(t, enter("192.0.2.1"))

	assert.True(t, enter("2001:db8::1"))
	assert.True(t, enter("2001:db8::2"))
	assert.False(t, enter("2001:db8::3"), "one network")
	assert.True(t, enter("2001:db8:0:1::3"))

	for range 5 {
		assert.True(t, enter("none"), "a transport without addresses")
	}
}

func TestAClientThatHasItsConnectionsGetsNoOther(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "MaxConnectionsPerClient=1")
	o := Options{Stream: greeter}
	start(t, core, o)
	first := dial(t, core)
	first.hear("welcome\n")
	assert.False(t, visit(t, core))
	first.say("quit\n")
	first.ended()
	for !visit(t, core) { // the place is free once the connection is gone
	}
	require.NoError(t, core.ShutdownContext(t.Context()))
	for i := range core.conns.byClient {
		assert.Empty(t, core.conns.byClient[i].counts, "nothing is remembered of clients that are gone")
	}
}

func TestServeConnRefuses(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "AllowedClients=10.0.0.1")
	a, b := net.Pipe()
	err := core.ServeConn(a, Options{Stream: greeter})
	assert.Equal(t, 10013, code(t, err))
	_, err = b.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

func FuzzParseClients(f *testing.F) {
	for _, seed := range []string{"", "*", "10.0.0.1", "10.*,!", "10.0.0.0/8, ::1/128", "host.example", "fe80::1%eth0", "::ffff:1.2.3.4/120", "a?c"} {
		f.Add(seed)
	}
	hosts := newHostNames()
	hosts.resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no network") }
	addrs := []netip.Addr{{}, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("2001:db8::1")}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseClients(text)
		if err != nil {
			return
		}
		assert.Equal(t, text, list.text)
		assert.LessOrEqual(t, len(list.rules), strings.Count(text, ",")+1)
		hosts.known = map[string]hostEntry{}
		for _, a := range addrs {
			list.matches(a, hosts)
		}
	})
}

package tcpserver

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailedLoginsAreSlowedDown(t *testing.T) {
	t.Parallel()
	var (
		th   throttle
		now  = time.Unix(1_000_000_000, 0)
		addr = netip.MustParseAddr("192.0.2.1")
	)
	want := []time.Duration{0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30}
	for i, delay := range want {
		now = now.Add(time.Minute)
		assert.Equal(t, delay*time.Second, th.failed(addr, time.Second, now), "failure %d", i+1)
	}
	assert.Zero(t, th.failed(netip.MustParseAddr("192.0.2.2"), time.Second, now), "another address")
	assert.Zero(t, th.failed(addr, 0, now), "FailedLoginDelay=0")
	for range 100 {
		assert.Equal(t, time.Duration(30), th.failed(addr, 1, now))
	}
	assert.Positive(t, th.failed(addr, math.MaxInt64, now), "no overflow")

	now = now.Add(failureLife + 1)
	assert.Zero(t, th.failed(addr, time.Second, now), "forgotten after a while")

	for range 6 {
		th.failed(addr, time.Second, now)
	}
	th.succeeded(addr)
	assert.Zero(t, th.failed(addr, time.Second, now), "forgiven after a login")
}

func TestIPv6IsThrottledByNetwork(t *testing.T) {
	t.Parallel()
	var th throttle
	now := time.Unix(1_000_000_000, 0)
	for i := range 5 {
		var a [16]byte
		a[0], a[15] = 0x20, byte(i)
		assert.Zero(t, th.failed(netip.AddrFrom16(a), time.Second, now))
	}
	assert.Equal(t, time.Second, th.failed(netip.MustParseAddr("2000::ffff"), time.Second, now))
	assert.Zero(t, th.failed(netip.MustParseAddr("2000:0:0:1::"), time.Second, now))
	th.succeeded(netip.MustParseAddr("2000::1"))
	assert.Zero(t, th.failed(netip.MustParseAddr("2000::2"), time.Second, now))
	assert.Zero(t, th.failed(netip.Addr{}, time.Second, now), "a transport without addresses")
}

func TestTheMemoryOfFailuresIsBounded(t *testing.T) {
	t.Parallel()
	var th throttle
	now := time.Unix(1_000_000_000, 0)
	address := func(i int) netip.Addr {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], uint32(i))
		return netip.AddrFrom4(a)
	}
	for i := range rememberedMost + 100 {
		th.failed(address(i), time.Second, now)
		require.LessOrEqual(t, len(th.failures), rememberedMost)
	}
	now = now.Add(failureLife + 1)
	th.failed(address(0), time.Second, now)
	assert.Less(t, len(th.failures), rememberedMost, "what is old goes first")
}

func TestLogins(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "FailedLoginDelay=2")
	type guess struct{ delay time.Duration }
	guesses := make(chan guess, 8)
	start(t, core, Options{Stream: streamFunc(func(c *Conn) error {
		guesses <- guess{c.LoginFailed()}
		return nil
	})})
	for i := range 7 {
		dial(t, core).ended()
		want := max(0, 2*time.Second*time.Duration(i-4))
		assert.Equal(t, want, receive(t, guesses, "LoginFailed").delay, "guess %d", i+1)
	}
}

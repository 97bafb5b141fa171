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
		assert.Equal(t, delay*time.Second, th.delay(addr, "A", time.Second, now), "guess %d", i+1)
		th.failed(addr, "A", now)
	}
	assert.Zero(t, th.delay(netip.MustParseAddr("192.0.2.2"), "A", time.Second, now), "another address")
	assert.Zero(t, th.delay(addr, "A", 0, now), "FailedLoginDelay=0")
	for range 100 {
		th.failed(addr, "A", now)
		assert.Equal(t, time.Duration(30), th.delay(addr, "A", 1, now))
	}
	assert.Positive(t, th.delay(addr, "A", math.MaxInt64, now), "no overflow")

	now = now.Add(failureLife + 1)
	assert.Zero(t, th.delay(addr, "A", time.Second, now), "forgotten after a while")
	th.failed(addr, "A", now)
	assert.Zero(t, th.delay(addr, "A", time.Second, now), "and counted from one again")
}

func TestPartnersOfOneAddressDoNotSlowEachOtherDown(t *testing.T) {
	t.Parallel()
	var th throttle
	now, addr := time.Unix(1_000_000_000, 0), netip.MustParseAddr("192.0.2.1")
	for range freeAsAny - 1 {
		th.failed(addr, "WRONG", now)
	}
	assert.Equal(t, 30*time.Second, th.delay(addr, "WRONG", time.Second, now))
	assert.Zero(t, th.delay(addr, "RIGHT", time.Second, now))
	th.failed(addr, "ANOTHER", now)
	assert.Equal(t, time.Second, th.delay(addr, "RIGHT", time.Second, now), "but there is an end to it")
}

func TestIPv6IsThrottledByNetwork(t *testing.T) {
	t.Parallel()
	var th throttle
	now := time.Unix(1_000_000_000, 0)
	for i := range 5 {
		var a [16]byte
		a[0], a[15] = 0x20, byte(i)
		th.failed(netip.AddrFrom16(a), "A", now)
	}
	assert.Equal(t, time.Second, th.delay(netip.MustParseAddr("2000::ffff"), "A", time.Second, now))
	assert.Zero(t, th.delay(netip.MustParseAddr("2000:0:0:1::"), "A", time.Second, now))
	assert.Zero(t, th.delay(netip.Addr{}, "A", time.Second, now), "a transport without addresses")
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
		th.failed(address(i), "A", now)
		require.LessOrEqual(t, len(th.asOne), rememberedMost)
		require.LessOrEqual(t, len(th.asAny), rememberedMost)
	}
	now = now.Add(failureLife + 1)
	th.failed(address(0), "A", now)
	assert.Len(t, th.asOne, 1, "what is old goes first")
	assert.Len(t, th.asAny, 1)
}

func TestLogins(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "FailedLoginDelay=2", "LoginTimeout=7")
	delays := make(chan time.Duration, 8)
	start(t, core, Options{Stream: streamFunc(func(c *Conn) error {
		delays <- c.LoginDelay("A")
		c.LoginFailed("A")
		c.LoggedIn() // forgives nothing
		return nil
	})})
	for i, want := range []time.Duration{0, 0, 0, 0, 0, 2 * time.Second, 3500 * time.Millisecond, 3500 * time.Millisecond} {
		dial(t, core).ended()
		assert.Equal(t, want, receive(t, delays, "LoginDelay"), "guess %d", i+1)
	}
}

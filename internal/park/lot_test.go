package park

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Not parallel: it counts what the whole process has.
func TestAClosedLotLeavesNothing(t *testing.T) {
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	for _, w := range ways {
		l := NewLot()
		l.portable = w.portable
		for range 3 {
			require.NoError(t, l.Open())
			require.NoError(t, l.Open())
			nc, peer := w.connect(t)
			c, err := l.Park(nc, newSignals())
			require.NoError(t, err)
			l.Close()
			l.Close() // the connection holds it open
			_, err = c.TryWrite([]byte("x"))
			require.NoError(t, err)
			_, err = io.ReadFull(peer, make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, c.Close())
			require.NoError(t, peer.Close())
		}
		l.Close() // once too often
	}
	limit := time.Now().Add(patience)
	for runtime.NumGoroutine() > goroutines || openDescriptors() > descriptors {
		if time.Now().After(limit) {
			require.Fail(t, "something is left", "goroutines %d, were %d; descriptors %d, were %d",
				runtime.NumGoroutine(), goroutines, openDescriptors(), descriptors)
		}
		runtime.Gosched()
	}
}

// openDescriptors returns 0 where the system does not tell.
func openDescriptors() int {
	names, _ := os.ReadDir("/proc/self/fd")
	return len(names)
}

func TestParkTellsOfWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			nc, peer := w.connect(t)
			defer peer.Close()
			go func() { _, _ = peer.Write([]byte("early")) }()
			s := newSignals()
			c, err := NewLot().Park(nc, s)
			require.NoError(t, err)
			defer c.Close()
			await(t, s.readable, "Readable")
			p := make([]byte, 5)
			_, err = io.ReadFull(c, p)
			require.NoError(t, err)
			assert.Equal(t, "early", string(p))
		})
	}
}

func TestAWrapperIsReadThroughTheWrapper(t *testing.T) {
	t.Parallel()
	nc, peer := tcpPair(t)
	s := newSignals()
	c, err := NewLot().Park(upper{nc.(*net.TCPConn)}, s)
	require.NoError(t, err)
	defer c.Close()
	_, err = peer.Write([]byte("loud"))
	require.NoError(t, err)
	p := make([]byte, 8)
	n, err := readSome(t, c, s, p)
	require.NoError(t, err)
	assert.Equal(t, "LOUD", string(p[:n]))
	require.NoError(t, peer.Close())
}

// upper has the SyscallConn of what it wraps, and a Read of its own.
type upper struct{ *net.TCPConn }

func (u upper) Read(p []byte) (int, error) {
	n, err := u.TCPConn.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

func TestAClosedConnectionIsNotParked(t *testing.T) {
	t.Parallel()
	nc, peer := tcpPair(t)
	defer peer.Close()
	require.NoError(t, nc.Close())
	c, err := NewLot().Park(nc, newSignals())
	if err == nil { // where there is a goroutine for each, it finds out
		_, err = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	assert.ErrorIs(t, err, net.ErrClosed)
}

// Descriptors are given out again at once. However calls and Close overlap, no
// connection may see an octet of another.
func TestNoOctetReachesAnotherConnection(t *testing.T) {
	t.Parallel()
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	l := NewLot()
	require.NoError(t, l.Open())
	defer l.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	go acceptStamped(t, l, ln)
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			for i := range rounds {
				checkStamped(t, ln.Addr().String(), uint32(worker<<16|i), 1+i%7)
			}
		})
	}
	wg.Wait()
}

// acceptStamped parks what it accepts. The peer's first four octets are its
// stamp; it gets nothing but that from then on, by several goroutines that
// Close interrupts.
func acceptStamped(t *testing.T, l *Lot, ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		c, err := l.Park(nc, newSignals())
		if !assert.NoError(t, err) {
			return
		}
		go serveStamped(t, c)
	}
}

func serveStamped(t *testing.T, c Conn) {
	stamp := make([]byte, 4)
	if _, err := io.ReadFull(c, stamp); !assert.NoError(t, err) {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for err := error(nil); err == nil; {
			_, err = c.Write(bytes.Repeat(stamp, 512))
		}
	})
	wg.Go(func() {
		for p := make([]byte, 64); ; {
			n, err := c.TryRead(p)
			for _, b := range p[:n] {
				assert.Contains(t, stamp, b, "a stranger's octet")
			}
			if err != nil && !errors.Is(err, ErrWouldBlock) {
				return
			}
			runtime.Gosched()
		}
	})
	wg.Go(func() {
		_, _ = io.ReadFull(c, make([]byte, 4)) // the peer has seen enough
		_ = c.SetLinger(0)
		_ = c.Close()
		_, err := c.TryWrite(stamp)
		assert.ErrorIs(t, err, net.ErrClosed)
	})
	wg.Wait()
}

func checkStamped(t *testing.T, addr string, id uint32, blocks int) {
	nc, err := net.Dial("tcp", addr)
	if !assert.NoError(t, err) {
		return
	}
	defer nc.Close()
	stamp := binary.BigEndian.AppendUint32(nil, id)
	_, err = nc.Write(stamp)
	assert.NoError(t, err)
	p := make([]byte, 2048)
	for range blocks {
		if _, err := io.ReadFull(nc, p); !assert.NoError(t, err) {
			return
		}
		if !assert.True(t, bytes.Equal(p, bytes.Repeat(stamp, 512)), "a stranger's octets") {
			return
		}
	}
	_, _ = nc.Write(bytes.Repeat(stamp, 16)) // one of the two readers ends on it
	_ = nc.(*net.TCPConn).SetLinger(0)
}

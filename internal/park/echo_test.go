package park

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An echo is an owner as a server has it: a goroutine serves the connection
// while there is something to do, by a buffer of the pool.
type echo struct {
	state atomic.Int32 // 0 idle, 1 served, 2 served and told of more
	conn  Conn
	ready chan struct{} // closed when conn is set
}

var buffers = sync.Pool{New: func() any { return new([16 << 10]byte) }}

func (e *echo) Readable() { e.activate() }
func (e *echo) Writable() { e.activate() }

func (e *echo) activate() {
	for {
		switch s := e.state.Load(); {
		case s == 0 && e.state.CompareAndSwap(0, 1):
			go e.serve()
			return
		case s == 1 && e.state.CompareAndSwap(1, 2), s == 2:
			return
		}
	}
}

func (e *echo) serve() {
	<-e.ready
	b := buffers.Get().(*[16 << 10]byte)
	defer buffers.Put(b)
	for {
		n, err := e.conn.TryRead(b[:])
		if n > 0 {
			_, err = e.conn.TryWrite(b[:n]) // the peers of these tests read before they send more
		}
		if err != nil && !errors.Is(err, ErrWouldBlock) {
			_ = e.conn.Close()
			return
		}
		if n == len(b) {
			continue
		}
		if e.state.CompareAndSwap(1, 0) {
			return
		}
		e.state.Store(1)
	}
}

// serveEcho answers on all that ln accepts.
func serveEcho(ln net.Listener, l *Lot) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		if l == nil {
			go func() {
				defer nc.Close()
				_, _ = io.Copy(struct{ io.Writer }{nc}, struct{ io.Reader }{nc})
			}()
			continue
		}
		e := &echo{ready: make(chan struct{})}
		if e.conn, err = l.Park(nc, e); err != nil {
			_ = nc.Close()
		}
		close(e.ready)
	}
}

func TestEchoByActivations(t *testing.T) {
	t.Parallel()
	for _, portable := range []bool{false, true} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		l := NewLot()
		l.portable = portable
		require.NoError(t, l.Open())
		go serveEcho(ln, l)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() { talk(t, ln.Addr().String(), 300, 32) })
		}
		wg.Wait()
		require.NoError(t, ln.Close())
		l.Close()
	}
}

// talk sends messages of size octets and waits for each to come back.
func talk(t testing.TB, addr string, count, size int) {
	nc, err := net.Dial("tcp", addr)
	if !assert.NoError(t, err) {
		return
	}
	defer nc.Close()
	p := make([]byte, size)
	for range count {
		if _, err := nc.Write(p); !assert.NoError(t, err) {
			return
		}
		if _, err := io.ReadFull(nc, p); !assert.NoError(t, err) {
			return
		}
	}
}

// BenchmarkEcho compares round trips of 32 octets, 64 connections at a time,
// with those of package net and a goroutine for each.
func BenchmarkEcho(b *testing.B) {
	twin := NewLot()
	twin.portable = true
	for _, way := range []struct {
		name string
		lot  *Lot
	}{{"net", nil}, {"park", NewLot()}, {"twin", twin}} {
		b.Run(way.name, func(b *testing.B) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(b, err)
			defer ln.Close()
			go serveEcho(ln, way.lot)
			b.ReportAllocs()
			b.ResetTimer()
			const conns = 64
			var wg sync.WaitGroup
			for i := range conns {
				wg.Go(func() { talk(b, ln.Addr().String(), (b.N+i)/conns, 32) })
			}
			wg.Wait()
		})
	}
}

package measure

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// fewAtATime is how many connections are made, or used once, at the same
	// time. An avalanche would leave the server with buffers and stacks for all
	// at once, which tell nothing about idle connections.
	fewAtATime = 16

	// stallLimit is how long an answer may stay away.
	stallLimit = 20 * time.Second
)

// An Exchange is a message and the length of its answer in octets.
type Exchange struct {
	Request []byte
	Reply   int
}

// Echo is an exchange with a server that sends back what it gets.
func Echo(size int) Exchange { return Exchange{make([]byte, size), size} }

// on exchanges the message once; reply is scratch space of that length.
func (x Exchange) on(nc net.Conn, reply []byte) error {
	if _, err := nc.Write(x.Request); err != nil {
		return err
	}
	_, err := io.ReadFull(nc, reply)
	return err
}

// Clients are open connections to one server. One method may run at a time.
type Clients struct {
	conns []net.Conn
	watch func() bool // ends the watch over the context
}

// DialAll makes n connections. They break when ctx ends.
func DialAll(ctx context.Context, d *Dialer, n int) (*Clients, error) {
	cs := &Clients{conns: make([]net.Conn, n)}
	err := parallel(n, fewAtATime, func(i int) (err error) {
		cs.conns[i], err = d.Dial(ctx)
		return err
	})
	cs.watch = context.AfterFunc(ctx, cs.cut)
	if err != nil {
		cs.Close()
		return nil, fmt.Errorf("dialling %s: %w", d.Addr, err)
	}
	return cs, nil
}

// Close closes all connections.
func (cs *Clients) Close() {
	cs.watch()
	cs.cut()
}

func (cs *Clients) cut() {
	for _, nc := range cs.conns {
		if nc != nil {
			nc.Close()
		}
	}
}

// Once exchanges one message on each connection, a few at a time.
func (cs *Clients) Once(x Exchange) error {
	cs.limit(0)
	return parallel(len(cs.conns), fewAtATime, func(i int) error {
		return x.on(cs.conns[i], make([]byte, x.Reply))
	})
}

// Throughput is what a load has moved.
type Throughput struct {
	Messages int64
	Elapsed  time.Duration
}

// PerSecond is messages per second.
func (t Throughput) PerSecond() float64 { return float64(t.Messages) / t.Elapsed.Seconds() }

// Each is a message's share of a total, such as the server's CPU time.
func (t Throughput) Each(total time.Duration) time.Duration {
	return total / time.Duration(max(t.Messages, 1))
}

// Loop exchanges messages for a time, one outstanding on each connection. When
// it returns no answer is outstanding, so that a server's CPU time before and
// after is that of these messages and no others.
func (cs *Clients) Loop(x Exchange, d time.Duration) (Throughput, error) {
	cs.limit(d)
	var over atomic.Bool
	var messages atomic.Int64
	defer time.AfterFunc(d, func() { over.Store(true) }).Stop()
	begin := time.Now()
	err := parallel(len(cs.conns), len(cs.conns), func(i int) (err error) {
		reply, done := make([]byte, x.Reply), int64(0)
		for ; err == nil && !over.Load(); done++ {
			err = x.on(cs.conns[i], reply)
		}
		messages.Add(done)
		return err
	})
	return Throughput{messages.Load(), time.Since(begin)}, err
}

// limit ends all reading and writing some time after d. A connection that is
// closed says so when it is used.
func (cs *Clients) limit(d time.Duration) {
	end := time.Now().Add(d + stallLimit)
	for _, nc := range cs.conns {
		_ = nc.SetDeadline(end)
	}
}

// parallel does tasks 0 to n-1 on that many goroutines, and begins none after
// the first error, which it returns.
func parallel(n, goroutines int, task func(i int) error) error {
	var next atomic.Int64
	var first error
	var failed sync.Once
	var wg sync.WaitGroup
	for range min(n, goroutines) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := task(i); err != nil {
					failed.Do(func() { first = err })
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
	return first
}

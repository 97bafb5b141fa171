package measure

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Visits connects and leaves again and again for a time, with so many dialers
// at once. A visit with a Request exchanges it. Each says that it sends no
// more and waits until the server has closed too: a client that only connects
// would measure how fast the kernel fills the backlog.
func Visits(ctx context.Context, d *Dialer, x Exchange, dialers int, limit time.Duration) (Throughput, error) {
	var over atomic.Bool
	var visits atomic.Int64
	defer time.AfterFunc(limit, func() { over.Store(true) }).Stop()
	begin := time.Now()
	err := parallel(dialers, dialers, func(int) (err error) {
		reply, done := make([]byte, x.Reply), int64(0)
		for ; err == nil && !over.Load(); done++ {
			err = visit(ctx, d, x, reply)
		}
		visits.Add(done)
		return err
	})
	return Throughput{visits.Load(), time.Since(begin)}, err
}

// visit is one connection from its beginning to its end.
func visit(ctx context.Context, d *Dialer, x Exchange, reply []byte) error {
	nc, err := d.Dial(ctx)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(stallLimit)); err != nil {
		return err
	}
	if len(x.Request) > 0 {
		if err := x.on(nc, reply); err != nil {
			return err
		}
	}
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return err
		}
		return drain(nc)
	}
	return nil
}

// drain reads until the server has closed.
func drain(nc net.Conn) error {
	_, err := io.Copy(io.Discard, nc)
	return err
}

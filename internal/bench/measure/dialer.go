package measure

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

const (
	// dialLimit ends dialling a server that hangs.
	dialLimit = 20 * time.Second

	// sources is how many loopback addresses the connections come from: there
	// are 28,000 ports between one pair of address and port, and those of
	// connections closed in the last minute are not free.
	sources = 200
)

// A Dialer makes connections to one server.
type Dialer struct {
	Addr string

	// Open puts a protocol over a new connection: a TLS handshake, an HTTP
	// upgrade. It may be nil.
	Open func(context.Context, net.Conn) (net.Conn, error)

	dialled atomic.Uint32
}

// Dial makes one connection. It may be called from several goroutines.
func (d *Dialer) Dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	dialer := sourced(d.dialled.Add(1) % sources)
	nc, err := dialer.DialContext(ctx, "tcp", d.Addr)
	if err != nil || d.Open == nil {
		return nc, err
	}
	opened, err := d.Open(ctx, nc)
	if err != nil {
		nc.Close()
		return nil, err
	}
	return opened, nil
}

// OpenTLS is a [Dialer]'s Open. It believes every certificate: the server is a
// child of this process.
func OpenTLS(ctx context.Context, nc net.Conn) (net.Conn, error) {
	c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	return c, c.HandshakeContext(ctx)
}

package tcpserver

import (
	"crypto"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/park"
)

// A secured connection is TLS over a socket.
type secured struct {
	*tls.Conn
	under  *impatient       // what TLS reads and writes; nil when somebody else made it
	key    crypto.PublicKey // of the certificate that the client was shown
	texts  []string         // for SSLStatus; guarded by Conn.mu
	parked park.Conn        // of an adopted TLS connection under a push protocol: what stands over it
}

// An impatient connection is what TLS reads and writes. It gives the peer a
// limited time for each answer, while it has a limit.
type impatient struct {
	net.Conn
	first   []byte       // is read before anything else
	limit   atomic.Int64 // time.Duration, 0 none
	polling atomic.Bool  // Read does not wait

	mu       sync.Mutex // guards hurrying
	hurrying bool       // the deadline for writing stays as it is
}

// settled tells that the handshake is over. A push protocol's connection reads
// only what there is: to TLS that looks like a deadline, after which it can go on.
func (c *impatient) settled(push bool) {
	c.limit.Store(0)
	c.polling.Store(push)
}

// hurry makes all writing end within the limit.
func (c *impatient) hurry(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurrying = true
	_ = c.Conn.SetWriteDeadline(deadline(limit)) // fails on a closed socket, where nothing waits
}

// SetWriteDeadline implements [net.Conn]: crypto/tls gives its farewell more
// time than there may be.
func (c *impatient) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hurrying {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

func (c *impatient) Read(p []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	if c.polling.Load() {
		n, err := c.Conn.(park.Conn).TryRead(p)
		if errors.Is(err, park.ErrWouldBlock) {
			err = os.ErrDeadlineExceeded
		}
		return n, err
	}
	if limit := time.Duration(c.limit.Load()); limit > 0 {
		if err := c.Conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(p)
}

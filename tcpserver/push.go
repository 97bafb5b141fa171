package tcpserver

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// PushBuffer is the most that the core offers a [PushProtocol] at once, and the
// most that it keeps for one that does not consume.
const PushBuffer = 64 << 10

// firstPushBuffer is where the buffer of a connection begins to grow.
const firstPushBuffer = 4 << 10

// A pusher feeds a push protocol from one connection.
type pusher struct {
	conn  *Conn
	proto PushProtocol
	buf   []byte // its first kept octets have not been consumed yet
	kept  int
	live  atomic.Bool // Open has been called, Closed has not

	mu      sync.Mutex // guards paused
	paused  bool
	resumed *sync.Cond // paused has become false, or the connection has ended
}

func newPusher(c *Conn, proto PushProtocol) *pusher {
	p := &pusher{conn: c, proto: proto}
	p.resumed = sync.NewCond(&p.mu)
	return p
}

// run drives the protocol from Open to the end of the connection.
func (p *pusher) run() error {
	p.live.Store(true)
	if err := p.proto.Open(p.conn); err != nil {
		return err
	}
	p.proto.Writable(p.conn)
	p.buf = make([]byte, firstPushBuffer)
	for {
		// What a pause has left over comes before anything new.
		if err := p.offer(); err != nil {
			return err
		}
		if p.wait() {
			continue
		}
		if !p.conn.Connected() {
			return p.conn.Err()
		}
		if err := p.fill(); err != nil {
			return err
		}
	}
}

// wait reports whether there was a pause, after its end.
func (p *pusher) wait() (waited bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.paused && p.conn.Connected() {
		waited = true
		p.resumed.Wait()
	}
	return waited && !p.paused
}

// fill reads once, behind what has been kept.
func (p *pusher) fill() error {
	if p.kept == len(p.buf) {
		if p.kept == PushBuffer {
			return trap.New(trap.CodeInvalidArgument, "the protocol consumes nothing of %d octets", p.kept)
		}
		p.buf = append(p.buf, make([]byte, min(len(p.buf), PushBuffer-len(p.buf)))...)
	}
	n, err := p.conn.Read(p.buf[p.kept:])
	p.kept += n
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// offer gives the protocol what there is, until it is paused or wants more.
func (p *pusher) offer() error {
	data := p.buf[:p.kept]
	for len(data) > 0 && !p.isPaused() && p.conn.Connected() {
		used, err := p.proto.Data(p.conn, data)
		if err != nil {
			return err
		}
		if used == 0 {
			break
		}
		data = data[used:]
	}
	p.kept = copy(p.buf, data)
	return nil
}

func (p *pusher) tick(now time.Time) {
	if p.live.Load() && p.conn.Connected() {
		p.conn.Here(func() { p.proto.Tick(p.conn, now) })
	}
}

// closed tells the protocol, unless it has never seen the connection.
func (p *pusher) closed() {
	if p.live.Swap(false) {
		p.conn.Here(func() { p.proto.Closed(p.conn, p.conn.Err()) })
	}
}

func (p *pusher) isPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

func (p *pusher) setPaused(paused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = paused
	p.resumed.Broadcast()
}

// Pause stops the delivery of data to a [PushProtocol], and soon the reading
// from the socket, so that the peer has to wait. Octets that the protocol has
// not consumed stay with the core.
func (c *Conn) Pause() {
	if c.pushed != nil {
		c.pushed.setPaused(true)
	}
}

// Resume ends [Conn.Pause].
func (c *Conn) Resume() {
	if c.pushed != nil {
		c.pushed.setPaused(false)
	}
}

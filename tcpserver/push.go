package tcpserver

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/park"
	"github.com/ediport/ediport/internal/trap"
)

// PushBuffer is the most that the core offers a [PushProtocol] at once, and the
// most that it keeps for one that does not consume, unless [Conn.SetKeep] says
// otherwise.
const PushBuffer = 64 << 10

// A push protocol's connection is parked: it has no goroutine and no buffer
// while nothing happens. What happens is noted as a bit of work that is due, and
// a goroutine is put to work unless there is one already; it does one thing
// after the other and ends when nothing is due. That is why the calls of one
// connection never overlap.

// A due is a set of things to do.
type due uint8

// The things to do; those that are due together are done in this order.
const (
	dueEnd     due = 1 << iota // the connection is closed: say farewell
	dueOpen                    // it is established: Open
	dueUpgrade                 // StartTLS
	dueRoom                    // there is room to send: Writable
	dueStatus                  // texts for SSLStatus have come
	dueAgain                   // offer again what was kept
	dueData                    // read
)

// whilePaused are the things that wait for the end of a pause.
const whilePaused = dueAgain | dueData

// readsPerStep is how often a connection reads before others come first, where
// they share a goroutine.
const readsPerStep = 4

// buffers are lent to connections that have something to read.
var buffers = sync.Pool{New: func() any { return new([PushBuffer]byte) }}

// Buffers of connections that keep much are their own, and read behind what they
// hold; little is copied to the front of a lent one instead.
const littleKept = 4 << 10

// pushed is what a connection of a push protocol has besides. The first part is
// guarded by Conn.mu.
type pushed struct {
	due     due
	working bool  // somebody is at work, or queued for it
	queued  bool  // for DoEvents, and has not begun
	paused  bool  // data stays where it is
	refused int32 // how many sends found no room since there was some

	opened    atomic.Bool  // Open has been called
	halted    atomic.Bool  // paused, or StartTLS has been asked for; changes under Conn.mu
	allRead   atomic.Bool  // the peer's end of the stream, or its reset, has been read
	upgrading atomic.Bool  // a TLS handshake is going on, or asked for
	keep      atomic.Int64 // most octets that are kept

	// The rest belongs to whoever is at work.
	kept []byte // octets that came and were not consumed
}

// park makes the connection wait without a goroutine. Until begin, somebody is
// at work on it.
func (c *Conn) park() error {
	c.working = true
	c.keep.Store(PushBuffer)
	nc := c.raw
	adopted := c.secure.Load()
	if adopted != nil {
		nc = adopted.Conn
	}
	parked, err := c.run.core.lot.Park(nc, (*watcher)(c))
	if err != nil {
		return trap.Wrap(trap.Code(err), err, "taking the connection of "+c.remote.String())
	}
	if adopted == nil {
		c.raw = parked
		return nil
	}
	c.secure.Store(&secured{Conn: adopted.Conn, under: adopted.under, parked: parked})
	return nil
}

// A watcher is a connection as what watches its socket sees it.
type watcher Conn

func (w *watcher) Readable() { (*Conn)(w).happened(dueData) }
func (w *watcher) Writable() { (*Conn)(w).roomAgain() }

// begin lets the connection live, once its opening has succeeded.
func (c *Conn) begin(err error) {
	if err != nil {
		c.part(err)
		return
	}
	c.mu.Lock()
	c.due |= dueOpen | dueData // TLS may have read ahead
	c.mu.Unlock()
	c.goOn()
}

// goOn works on from a goroutine that is not that of DoEvents.
func (c *Conn) goOn() {
	if !c.requeue() {
		c.work()
	}
}

// happened notes that something is to do, and has it done.
func (c *Conn) happened(what due) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.happen(what)
}

// happen is happened for whoever holds c.mu.
func (c *Conn) happen(what due) {
	if c.run.options.Push == nil {
		return
	}
	c.due |= what
	switch {
	case what == dueEnd && (c.queued || !c.working):
		// The end waits for nobody's DoEvents.
		c.working, c.queued = true, false
		c.run.crew.take(c)
	case c.working || c.paused && what&whilePaused != 0:
	default:
		c.working = true
		if c.queued = c.lane.Post(c.dequeued); !c.queued {
			c.run.crew.take(c)
		}
	}
}

// dequeued is work that DoEvents begins.
func (c *Conn) dequeued() {
	c.mu.Lock()
	mine := c.queued
	c.queued = false
	c.mu.Unlock()
	if mine {
		c.work()
	}
}

// work does what is due, until nothing is. In pump mode it does one thing and
// queues behind the other connections.
func (c *Conn) work() {
	for {
		more := true
		// A panic has closed the connection: go on with its end.
		c.Here(func() { more = c.step() })
		if !more || c.requeue() {
			return
		}
	}
}

func (c *Conn) requeue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over.Load() && c.due != 0 {
		c.queued = c.lane.Post(c.dequeued)
	}
	return c.queued
}

// step does the first thing that is due. False means that there is none, or that
// somebody else goes on.
func (c *Conn) step() bool {
	var err error
	switch proto := c.run.options.Push; c.next() {
	case 0:
		return false
	case dueEnd:
		c.run.depart(c)
		return false
	case dueOpen:
		c.opened.Store(true)
		if err = proto.Open(c); err == nil {
			proto.Writable(c)
		}
	case dueUpgrade:
		go c.upgrade()
		return false
	case dueRoom:
		proto.Writable(c)
	case dueStatus:
		c.tellStatuses()
	case dueAgain:
		err = c.offer(c.kept)
	case dueData:
		err = c.receive()
	}
	switch {
	case err == nil || !c.Connected():
		return true
	case errors.Is(err, io.EOF) && c.allRead.Load(): // nothing can reset the connection any more
		c.Close(nil)
		return true
	}
	go c.part(normal(err))
	return false
}

// next takes the first thing that is due; 0 means that nobody is at work any
// more.
func (c *Conn) next() due {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.due
	if c.paused {
		now &^= whilePaused
	}
	if now == 0 {
		c.working = false
		return 0
	}
	first := now & -now
	c.due &^= first
	return first
}

// part ends the connection from the protocol's side: what was sent last reaches
// the peer. It may take a while.
func (c *Conn) part(err error) {
	if c.Connected() {
		c.finish(err)
	}
	c.work()
}

// receive reads what there is, and offers it.
func (c *Conn) receive() error {
	lent := buffers.Get().(*[PushBuffer]byte)
	defer buffers.Put(lent)
	for range readsPerStep {
		data, more, err := c.read(lent[:])
		if len(data) > len(c.kept) {
			c.touch()
			if err := c.offer(data); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, park.ErrWouldBlock):
			return nil
		case err != nil:
			c.allRead.Store(true)
			return c.explain(err)
		case !more:
			return nil
		}
		if c.held() {
			break
		}
	}
	c.happened(dueData)
	return nil
}

// read returns what is kept and what came behind it, in the lent buffer or in
// one of the connection's own; more is false when there was no more.
func (c *Conn) read(lent []byte) (data []byte, more bool, err error) {
	data = lent
	n := len(c.kept)
	if n < littleKept {
		copy(data, c.kept)
	} else {
		c.kept = grow(c.kept, int(c.keep.Load()))
		data = c.kept[:cap(c.kept)]
	}
	m, more, err := c.readNow(data[n:])
	return data[:n+m], more, err
}

// grow makes room behind what is kept, at most up to the limit, but at least
// some.
func grow(kept []byte, limit int) []byte {
	if len(kept) < cap(kept) {
		return kept
	}
	fresh := make([]byte, len(kept), min(2*len(kept), max(limit, len(kept)+littleKept)))
	copy(fresh, kept)
	return fresh
}

// readNow reads without waiting. With less than asked for nothing is left in the
// socket, except under TLS, where a read ends with its record.
func (c *Conn) readNow(p []byte) (n int, more bool, err error) {
	s := c.secure.Load()
	switch {
	case s == nil:
		n, err = c.raw.(park.Conn).TryRead(p)
		return n, n == len(p), err
	case s.parked != nil:
		n, err = s.parked.TryRead(p)
		return n, n == len(p), err
	}
	n, err = s.Read(p)
	return n, true, err
}

// offer gives the protocol data, as long as it takes some, and keeps the rest.
func (c *Conn) offer(data []byte) error {
	for len(data) > 0 && !c.held() {
		used, err := c.run.options.Push.Data(c, data)
		if err != nil {
			return err
		}
		if used == 0 {
			if limit := int(c.keep.Load()); len(data) >= limit {
				return trap.New(trap.CodeInvalidArgument, "the protocol consumes nothing of %d octets", len(data))
			}
			break
		}
		data = data[used:]
	}
	c.keepRest(data)
	return nil
}

// held reports whether data has to stay where it is.
func (c *Conn) held() bool { return c.halted.Load() || c.over.Load() }

// keepRest keeps what was not consumed, in the connection's own memory.
func (c *Conn) keepRest(rest []byte) {
	have := cap(c.kept)
	switch {
	case len(rest) == 0:
		c.kept = nil
	case have >= len(rest) && have <= 4*max(len(rest), littleKept/4):
		c.kept = c.kept[:copy(c.kept[:have], rest)]
	default:
		c.kept = append([]byte(nil), rest...)
	}
}

// rest is what is left over at the end: nothing when this side ended the
// connection, and does not want to hear any more.
func (c *Conn) rest() []byte {
	if !c.allRead.Load() {
		return nil
	}
	return c.kept
}

// SetKeep changes how many octets the core keeps at most for a [PushProtocol]
// that waits for more before it consumes any; it offers at least so many. The
// default is [PushBuffer], and the least.
func (c *Conn) SetKeep(n int) { c.keep.Store(int64(max(n, PushBuffer))) }

// Pause stops the delivery of data to a [PushProtocol], and with it the reading
// from the socket, so that the peer has to wait. Octets that the protocol has
// not consumed stay with the core.
func (c *Conn) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = true
	c.halted.Store(true)
}

// Resume ends [Conn.Pause].
func (c *Conn) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused {
		c.paused = false
		c.halted.Store(c.due&dueUpgrade != 0)
		c.happen(dueAgain | dueData)
	}
}

// Paused reports whether the connection is paused.
func (c *Conn) Paused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused
}

func (c *Conn) tick(now time.Time) {
	proto := c.run.options.Push
	if c.opened.Load() && c.Connected() {
		c.Here(func() { proto.Tick(c, now) })
	}
}

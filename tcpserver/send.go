package tcpserver

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/ediport/ediport/internal/park"
	"github.com/ediport/ediport/internal/trap"
)

// Octets are written in chunks. Under TLS a chunk is a record: between two,
// writing can be interrupted. With an IdleTimeout chunks are as small, for only
// between two it is seen that octets move.
const (
	bigChunk   = 256 << 10
	smallChunk = 16 << 10
)

func (c *Conn) chunk() int {
	if c.secure.Load() != nil || c.IdleTimeout() > 0 {
		return smallChunk
	}
	return bigChunk
}

// interruptGrace is how long Interrupt lets the record under way move on: TLS
// cannot go on after half of one.
const interruptGrace = time.Second

// Write writes all of p; writes of several goroutines come one after the other.
// Each part that moves extends the Timeout. Codes: 10060 for so long nothing
// moved; 10004 [Conn.Interrupt]; 10036 a TLS handshake is going on; otherwise
// why the connection has ended. n octets were sent also with an error. Under TLS
// an error ends the connection.
func (c *Conn) Write(p []byte) (n int, err error) {
	if err := c.beginSend(); err != nil {
		return 0, err
	}
	defer c.endSend()
	return c.write(p)
}

// write is Write for whoever holds c.sending.
func (c *Conn) write(p []byte) (n int, err error) {
	out := c.stream()
	_, secure := out.(*secured)
	for n < len(p) && err == nil {
		if err = c.renew(out); err != nil {
			break
		}
		chunk := p[n:min(len(p), n+c.chunk())]
		var moved int
		moved, err = out.Write(chunk)
		if moved > 0 {
			c.touch()
		}
		n += moved
		if moved > 0 && !secure && errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil // slow is not stuck
		}
	}
	return n, c.sendError(err, secure)
}

// renew gives what is written next the Timeout again, unless it is to be
// interrupted.
func (c *Conn) renew(out net.Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.breaking {
		return trap.ErrInterrupted
	}
	// Writing reports what is wrong with the socket.
	if parked, ok := c.raw.(park.Conn); ok {
		parked.SetWriteTimeout(c.Timeout())
	} else {
		_ = out.SetWriteDeadline(deadline(c.Timeout()))
	}
	return nil
}

// sendError says what an error of writing means, and ends a TLS connection that
// cannot go on after it.
func (c *Conn) sendError(err error, secure bool) error {
	if err == nil || err == trap.ErrInterrupted { // before anything was lost
		return err
	}
	c.mu.Lock()
	interrupted := c.breaking
	c.mu.Unlock()
	switch {
	case c.over.Load(): // why says more than how the socket failed
		return c.ended()
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return c.noteReset(trap.FromNet(err))
	case interrupted:
		err = trap.New(trap.CodeInterrupted, "sending to %v was interrupted", c.remote)
	default:
		err = trap.New(trap.CodeTimedOut, "%v took nothing for %v", c.remote, c.Timeout())
	}
	if secure {
		c.Close(err)
	}
	return err
}

// noteReset remembers a reset as the reason of the end that is to come: the
// system tells of it once, and whoever reads then finds an orderly end. EPIPE is
// what follows a reset, or the client's own orderly end.
func (c *Conn) noteReset(err *Error) error {
	errno, ok := errors.AsType[syscall.Errno](err)
	if ok && errno != syscall.EPIPE && err.Code == trap.CodeReset {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.over.Load() {
			c.ending().reason = err
		}
	}
	return err
}

func (c *Conn) beginSend() error {
	if err := c.canSend(); err != nil {
		return err
	}
	c.sending.Lock()
	if err := c.canSend(); err != nil {
		c.sending.Unlock()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing = true
	return nil
}

func (c *Conn) canSend() error {
	switch {
	case c.over.Load():
		return c.ended()
	case c.upgrading.Load():
		return trap.New(trap.CodeInProgress, "connection %s has its TLS handshake: send after Connected", c.id)
	}
	return nil
}

// ended is why nothing can be sent or received any more.
func (c *Conn) ended() error {
	if err := c.Err(); err != nil {
		return err
	}
	return trap.New(trap.CodeNotConnected, "connection %s has ended", c.id)
}

func (c *Conn) endSend() {
	c.mu.Lock()
	broken := c.breaking
	c.writing, c.breaking = false, false
	if broken {
		_ = c.raw.SetWriteDeadline(time.Time{})
	}
	c.mu.Unlock()
	c.sending.Unlock()
	c.roomAgain()
}

// Interrupt ends the Write or SendFile under way on this connection, which
// returns with code 10004 and how much it has sent; the connection goes on.
// Under TLS it ends between two records; a record that does not move on for a
// second ends the connection, with that code. Interrupt reports whether
// there was something to end.
func (c *Conn) Interrupt() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing {
		return false
	}
	c.breaking = true
	at := time.Unix(1, 0)
	if c.secure.Load() != nil {
		at = time.Now().Add(interruptGrace)
	}
	_ = c.raw.SetWriteDeadline(at) // fails on a closed socket, where nothing waits
	return true
}

// TryWrite writes as much of p as there is room for, without waiting. When that
// is less than all, the error has code 10035; when it is nothing, Writable comes
// as soon as there is room again. Under TLS, and with a stream protocol, it is Write.
func (c *Conn) TryWrite(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.canSend()
	}
	parked, ok := c.raw.(park.Conn)
	if !ok || c.secure.Load() != nil {
		return c.Write(p)
	}
	if err := c.canSend(); err != nil {
		return 0, err
	}
	if !c.sending.TryLock() {
		c.refuse()
		if !c.sending.TryLock() {
			return 0, c.noRoom(0, p) // whoever holds it announces room at the end
		}
		c.unrefuse()
	}
	if c.secure.Load() != nil || c.upgrading.Load() { // since it was looked at
		c.sending.Unlock()
		return c.Write(p)
	}
	n, err := parked.TryWrite(p)
	if n == 0 && errors.Is(err, park.ErrWouldBlock) {
		c.refuse() // from now on Writable comes; room that came before is found by trying again
		if n, err = parked.TryWrite(p); n > 0 || !errors.Is(err, park.ErrWouldBlock) {
			c.unrefuse()
		}
	}
	c.sending.Unlock()
	if n > 0 {
		c.touch()
		c.roomAgain() // for those refused before
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, park.ErrWouldBlock):
		return n, c.noRoom(n, p)
	}
	return n, c.sendError(err, false)
}

func (c *Conn) noRoom(n int, p []byte) error {
	if n == 0 {
		return trap.New(trap.CodeBlocked, "there is no room to send to %v now: wait for ReadyToSend", c.remote)
	}
	return trap.New(trap.CodeBlocked, "there was room for %d of %d octets to %v", n, len(p), c.remote)
}

// refuse notes that somebody was refused and waits for room.
func (c *Conn) refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused++
}

// unrefuse takes one refusal back.
func (c *Conn) unrefuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = max(0, c.refused-1)
}

// roomAgain has Writable come if anybody was refused.
func (c *Conn) roomAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused > 0 {
		c.refused = 0
		c.happen(dueRoom)
	}
}

// ReadyToSend reports whether the connection took the last data that
// [Conn.TryWrite] offered, or has had room since.
func (c *Conn) ReadyToSend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused == 0 && !c.over.Load()
}

// SendFile sends what is left of a file, with sendfile(2) where the system has
// it. It waits as Write does, and nothing else is sent in between.
func (c *Conn) SendFile(f *os.File) (n int64, err error) {
	if err := c.beginSend(); err != nil {
		return 0, err
	}
	defer c.endSend()
	left, err := toSend(f)
	parked, ok := c.raw.(park.Conn)
	switch {
	case err != nil: // a pipe is sent until it ends
		n, err = io.Copy(lockedWriter{c}, onlyReader{f})
	case ok && c.secure.Load() == nil:
		n, err = c.sendFile(parked, f, left)
	default:
		n, err = io.CopyN(lockedWriter{c}, onlyReader{f}, left)
	}
	if err == io.EOF {
		err = trap.New(trap.CodeAborted, "%s became shorter while it was sent: %w", f.Name(), io.ErrUnexpectedEOF)
	}
	return n, withCode(err)
}

// sendFile sends what is left of a file without copying it; io.EOF says that it
// became shorter.
func (c *Conn) sendFile(parked park.Conn, f *os.File, left int64) (n int64, err error) {
	for left > 0 && err == nil {
		if err = c.renew(parked); err != nil {
			break
		}
		var moved int64
		moved, err = parked.SendFile(f, min(left, int64(c.chunk())))
		if moved > 0 {
			c.touch()
		}
		n += moved
		left -= moved
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, io.EOF
	}
	return n, c.sendError(err, false)
}

var errNoLength = errors.New("only a regular file has a length")

// toSend is how many octets a file has from where it stands.
func toSend(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errNoLength
	}
	at, err := f.Seek(0, io.SeekCurrent)
	return info.Size() - at, err
}

// A lockedWriter writes for whoever holds c.sending.
type lockedWriter struct{ c *Conn }

func (w lockedWriter) Write(p []byte) (int, error) { return w.c.write(p) }

// An onlyReader keeps io.Copy from finding a shorter way round the writer.
type onlyReader struct{ io.Reader }

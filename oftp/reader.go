package oftp

import (
	"bufio"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/ediport/ediport/internal/oftpwire"
)

// queued is how many exchange buffers are read ahead: enough for the next to
// arrive while one is written to disk.
const queued = 3

// beforeLogin is the largest exchange buffer that is read from a stranger.
const beforeLogin = 2048

// A reader takes exchange buffers off a connection and puts them into a bounded
// queue. What is said here of goroutines: start once, the rest by whoever
// drives the session.
type reader struct {
	buffers chan *[]byte // closed after the last
	err     error        // why it was the last; valid once buffers is closed

	last    chan struct{} // closed when an ESID, or the end, is in the queue
	gone    chan struct{} // closed when the peer has closed the connection, or we have
	largest atomic.Int32  // exchange buffer that is accepted
}

func (r *reader) init() {
	r.buffers = make(chan *[]byte, queued)
	r.last = make(chan struct{})
	r.gone = make(chan struct{})
	r.largest.Store(beforeLogin)
}

// trust lets exchange buffers of any legal size in: the peer has logged in.
func (r *reader) trust() { r.largest.Store(oftpwire.MaxBuffer) }

// run reads until the stream ends or done is closed. What follows a buffer that
// is no buffer is thrown away: a connection closed with octets unread would
// take our last words with it.
func (r *reader) run(stream io.Reader, done <-chan struct{}) {
	defer close(r.gone)
	in := bufio.NewReaderSize(stream, 32<<10)
	r.fill(in, done)
	_, _ = io.Copy(io.Discard, in)
}

func (r *reader) fill(in *bufio.Reader, done <-chan struct{}) {
	finished := sync.OnceFunc(func() { close(r.last) })
	defer finished()
	defer close(r.buffers)
	for {
		buf, err := r.read(in)
		if err != nil {
			r.err = err
			return
		}
		if buf == nil {
			continue
		}
		end := oftpwire.ID((*buf)[0]) == oftpwire.IDESID
		select {
		case r.buffers <- buf:
		case <-done:
			giveBack(buf)
			return
		}
		if end {
			finished()
		}
	}
}

// read returns the next exchange buffer; nil for an empty one, which some
// peers send at the end.
func (r *reader) read(in *bufio.Reader) (*[]byte, error) {
	header, err := in.Peek(oftpwire.HeaderSize)
	if err != nil {
		if len(header) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	n, err := oftpwire.ParseHeader([oftpwire.HeaderSize]byte(header))
	_, _ = in.Discard(oftpwire.HeaderSize) // what was peeked at is there
	if err != nil || n == 0 {
		return nil, err
	}
	if n > int(r.largest.Load()) {
		return nil, &oftpwire.Error{Reason: 7, Detail: "exchange buffer larger than allowed before login"}
	}
	buf := takeBuffer(n)
	if _, err := io.ReadFull(in, *buf); err != nil {
		giveBack(buf)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return buf, nil
}

// Exchange buffers are lent from two pools: commands and small data, and data
// of any size.
const smallBuffer = 4 << 10

var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallBuffer); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, oftpwire.MaxBuffer); return &b }}
)

func takeBuffer(n int) *[]byte {
	pool := &largeBuffers
	if n <= smallBuffer {
		pool = &smallBuffers
	}
	buf := pool.Get().(*[]byte)
	*buf = (*buf)[:n]
	return buf
}

func giveBack(buf *[]byte) {
	switch cap(*buf) {
	case smallBuffer:
		smallBuffers.Put(buf)
	case oftpwire.MaxBuffer:
		largeBuffers.Put(buf)
	}
}

// waiting reports whether there is a buffer to be had without waiting.
func (r *reader) waiting() bool { return len(r.buffers) > 0 }

// over reports whether the peer has sent its last.
func (r *reader) over() bool {
	select {
	case <-r.last:
		return true
	default:
		return false
	}
}

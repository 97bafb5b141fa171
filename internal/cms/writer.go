package cms

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
)

// segmentSize is how many octets of content one segment has.
const segmentSize = 64 << 10

// segmentHeader is the room for the longest header of a segment.
const segmentHeader = 5

// segments writes content: in segments when its length is indefinite, else as
// it is.
type segments struct {
	w       io.Writer
	bare    bool
	encrypt func(b []byte) // in place; nil for content that is not encrypted
	buf     []byte         // room for a header, then octets
}

func newSegments(w io.Writer, f *frame) *segments {
	return &segments{w: w, bare: f.size != indefinite, buf: make([]byte, segmentHeader, segmentHeader+segmentSize)}
}

// Write gathers octets until there is a whole segment of them.
func (s *segments) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		k := min(len(p), cap(s.buf)-len(s.buf))
		s.buf = append(s.buf, p[:k]...)
		p, n = p[k:], n+k
		if len(s.buf) == cap(s.buf) {
			if err := s.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush writes what has been gathered.
func (s *segments) flush() error {
	octets := s.buf[segmentHeader:]
	start := segmentHeader
	if len(octets) == 0 {
		return nil
	}
	if s.encrypt != nil {
		s.encrypt(octets)
	}
	if !s.bare {
		var room [segmentHeader]byte
		head := appendHeader(room[:0], idOctetString, int64(len(octets)))
		start -= len(head)
		copy(s.buf[start:], head)
	}
	_, err := s.w.Write(s.buf[start:])
	s.buf = s.buf[:segmentHeader]
	return err
}

// pad appends padding up to whole blocks (RFC 5652, section 6.3).
func (s *segments) pad(blockSize int) error {
	n := blockSize - (len(s.buf)-segmentHeader)%blockSize
	for range n {
		if _, err := s.Write([]byte{byte(n)}); err != nil {
			return err
		}
	}
	return nil
}

// writer is what the caller writes content to.
type writer struct {
	to     io.Writer
	left   int64        // octets still promised, or indefinite
	finish func() error // writes what follows the content
	err    error        // stays
}

var errClosed = errors.New("cms: the package is closed already")

// Write takes content.
func (w *writer) Write(p []byte) (n int, err error) {
	switch {
	case w.err != nil:
		return 0, w.err
	case w.left == indefinite:
	case int64(len(p)) > w.left:
		w.err = fmt.Errorf("cms: %d octets of content more than promised", int64(len(p))-w.left)
		return 0, w.err
	default:
		w.left -= int64(len(p))
	}
	n, w.err = w.to.Write(p)
	return n, w.err
}

// Close ends the package, and leaves the writer below open. Without it the
// package is not complete.
func (w *writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.left > 0 {
		w.err = fmt.Errorf("cms: %d octets of content less than promised", w.left)
		return w.err
	}
	w.err = errClosed
	if err := w.finish(); err != nil {
		w.err = err
		return err
	}
	return nil
}

// promised is the size of the content, or indefinite.
func promised(definite bool, size int64) (int64, error) {
	switch {
	case !definite:
		return indefinite, nil
	case size < 0:
		return 0, fmt.Errorf("cms: a content of %d octets is promised", size)
	}
	return size, nil
}

// marshal is asn1.Marshal, whose failures are the caller's values.
func marshal(v any) ([]byte, error) {
	der, err := asn1.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	return der, nil
}

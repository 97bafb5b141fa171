package split

// A Piece is what one DataIn delivers.
type Piece struct {
	// Data are the octets without the line end. They alias the input, with no
	// capacity behind them.
	Data []byte

	// EOL is false for a part of a line that goes on after MaxLine octets, and
	// for the end of a stream that stops within a line. It is true for a whole
	// line, for a record, and in raw mode.
	EOL bool
}

// A Splitter remembers between two calls what the octets themselves do not
// tell. The zero value is ready. It serves one stream and one goroutine at a
// time.
type Splitter struct {
	searched int32 // no line end begins before this offset of the kept octets
	afterCR  bool  // the last line ended with CR: an LF that comes next is part of that end
}

// Next cuts one piece off data, which are all octets not consumed so far. The
// first used octets are consumed. When ok is false there is no whole piece yet;
// used may still be 1, for the LF of a CRLF whose CR has ended a line before.
func (s *Splitter) Next(m Mode, data []byte) (piece Piece, used int, ok bool) {
	skipped := s.skipLF(data)
	data = data[skipped:]
	switch {
	case len(data) == 0:
	case m.RecordLength > 0:
		piece, used, ok = record(m.RecordLength, data)
	case m.lines():
		piece, used, ok = s.line(m, data)
	default:
		piece, used, ok = cut(data, len(data), true), len(data), true
	}
	return piece, skipped + used, ok
}

// Rest is Next for a stream that has ended: when no whole piece is left, what
// is left of a line comes with EOL false, in more than one piece if it is
// longer than MaxLine. What is left of a record is no record: ok is false.
func (s *Splitter) Rest(m Mode, data []byte) (piece Piece, used int, ok bool) {
	piece, used, ok = s.Next(m, data)
	left := data[used:]
	if ok || !m.lines() || len(left) == 0 {
		return piece, used, ok
	}
	size := min(len(left), m.maxLine())
	s.searched = 0
	return cut(left, size, false), used + size, true
}

// Reset says that the mode has changed, and must be called then: what is not consumed will be cut by
// the new one. An LF behind a CR that has ended a line is not cut by it but
// remains part of that line's end, else it would depend on the packets whether
// the new mode sees it.
func (s *Splitter) Reset() { s.searched = 0 }

// skipLF returns 1 when data begins with the second half of a CRLF. It waits
// for the first octet after CR and then forgets about it.
func (s *Splitter) skipLF(data []byte) int {
	if !s.afterCR || len(data) == 0 {
		return 0
	}
	s.afterCR = false
	if data[0] != '\n' {
		return 0
	}
	return 1
}

func record(length int, data []byte) (piece Piece, used int, ok bool) {
	if len(data) < length {
		return Piece{}, 0, false
	}
	return cut(data, length, true), length, true
}

// line cuts a line, or MaxLine octets of one as soon as no end can begin
// within or directly behind them.
func (s *Splitter) line(m Mode, data []byte) (piece Piece, used int, ok bool) {
	at, whole := m.end(data, min(int(s.searched), len(data)))
	size := m.maxLine()
	switch {
	case at > size:
		s.searched = int32(at - size)
		return cut(data, size, false), size, true
	case whole:
		s.searched = 0
		s.afterCR = m.SingleLine && data[at] == '\r'
		return cut(data, at, true), at + m.endLength(), true
	}
	s.searched = int32(at)
	return Piece{}, 0, false
}

func cut(data []byte, size int, eol bool) Piece {
	return Piece{Data: data[:size:size], EOL: eol}
}

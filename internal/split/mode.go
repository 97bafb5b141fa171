package split

// Mode says how a stream is cut. The first of RecordLength, SingleLine and EOL
// that is set wins; with none of them octets come as they came. The zero value
// is therefore the raw mode.
type Mode struct {
	// RecordLength is the number of octets of every piece, in octets. Values
	// below 1 mean that there are no records.
	RecordLength int

	// SingleLine ends lines at CR, LF or CRLF and ignores EOL.
	SingleLine bool

	// EOL ends lines. It may be any octets, NUL among them.
	EOL string

	// MaxLine is how many octets a piece of a line may have, its end not
	// counted. Values below 1 count as 1: a line has to go on somewhere.
	MaxLine int
}

// Need is how many octets have to be kept for one piece: of so many, one piece
// or more can always be cut. It is 1 in raw mode.
func (m Mode) Need() int {
	switch {
	case m.RecordLength > 0:
		return m.RecordLength
	case m.lines():
		return m.maxLine() + m.endLength()
	}
	return 1
}

func (m Mode) lines() bool { return m.RecordLength < 1 && (m.SingleLine || m.EOL != "") }

func (m Mode) maxLine() int { return min(max(m.MaxLine, 1), longestLine) }

// longestLine bounds what a Splitter counts.
const longestLine = 1 << 30

// endLength is the length of a line end. That of CRLF is 1, for CR has ended
// the line before LF is seen.
func (m Mode) endLength() int {
	if m.SingleLine {
		return 1
	}
	return len(m.EOL)
}

package cms

import (
	"bufio"
	"io"
	"math"

	"github.com/ediport/ediport/internal/ber"
)

// Limits of one package. Its content has none.
const (
	maxDepth = 32      // levels; a certificate has about 12, content 5 and its segments
	maxSmall = 1 << 20 // octets of everything kept but the content, together
)

// bufferSize is what one reader asks for at once, and decrypts at once.
const bufferSize = 64 << 10

// Identifier octets (X.690, section 8.1.2) that are met in packages.
const (
	idInteger     = 0x02
	idOctetString = 0x04
	idOID         = 0x06
	idSequence    = 0x30
	idSet         = 0x31
	idContext0    = 0x80 // primitive
	idExplicit0   = 0xA0 // constructed
	idExplicit1   = 0xA1

	constructed = 0x20 // the bit
	longTag     = 0x1F // all bits of the tag number
)

// indefinite is the length of an element that ends in two zero octets.
const indefinite = -1

var errSmall = fail(TooLarge, "certificates, signatures and keys take more than %d KiB", maxSmall>>10)

// header is what stands before the contents of an element.
type header struct {
	id     byte
	length int64 // or indefinite
}

// level is an element that the scanner is inside of.
type level struct {
	end   int64 // position after its contents, or indefinite
	limit int64 // position that nothing inside of it may pass
}

// scanner walks through BER as it arrives, element by element.
type scanner struct {
	r      *bufio.Reader
	pos    int64
	levels []level

	small  int // octets that [scanner.element] may still keep
	saving bool
	saved  []byte
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, bufferSize), small: maxSmall}
}

// octet reads one octet of a header.
func (s *scanner) octet() (byte, error) {
	b, err := s.r.ReadByte()
	if err != nil {
		return 0, early(err)
	}
	s.pos++
	if !s.saving {
		return b, nil
	}
	if len(s.saved) >= s.small {
		return 0, errSmall
	}
	s.saved = append(s.saved, b)
	return b, nil
}

// header reads a header, and checks that the element fits where it is.
func (s *scanner) header() (h header, err error) {
	if h.id, err = s.octet(); err != nil {
		return h, err
	}
	switch {
	case h.id == 0:
		return h, fail(Malformed, "an end of contents where none belongs")
	case h.id&longTag == longTag:
		return h, fail(Malformed, "a tag number above 30")
	}
	if h.length, err = s.length(); err != nil {
		return h, err
	}
	switch {
	case h.length == indefinite && h.id&constructed == 0:
		return h, fail(Malformed, "an indefinite length of a primitive element")
	case s.pos > s.limit() || h.length > s.limit()-s.pos:
		return h, fail(Malformed, "an element is longer than the one that it is in")
	}
	return h, nil
}

// length reads the octets of a length (X.690, section 8.1.3).
func (s *scanner) length() (int64, error) {
	first, err := s.octet()
	switch {
	case err != nil:
		return 0, err
	case first < 0x80:
		return int64(first), nil
	case first == 0x80:
		return indefinite, nil
	case first > 0x88:
		return 0, fail(Malformed, "a length of more than 8 octets")
	}
	var n uint64
	for range first & 0x7F {
		b, err := s.octet()
		if err != nil {
			return 0, err
		}
		n = n<<8 | uint64(b)
	}
	if n > math.MaxInt64 {
		return 0, fail(Malformed, "a length above 2^63")
	}
	return int64(n), nil
}

// limit is the position that the next element must not pass.
func (s *scanner) limit() int64 {
	if len(s.levels) == 0 {
		return math.MaxInt64
	}
	return s.levels[len(s.levels)-1].limit
}

// push makes an element the one that the scanner is in.
func (s *scanner) push(h header) error {
	if len(s.levels) == maxDepth {
		return fail(Malformed, "elements nested more than %d deep", maxDepth)
	}
	l := level{indefinite, s.limit()}
	if h.length != indefinite {
		l = level{s.pos + h.length, s.pos + h.length}
	}
	s.levels = append(s.levels, l)
	return nil
}

// enter goes inside of the next element, which must have the given identifier.
func (s *scanner) enter(id byte) error {
	h, err := s.header()
	if err != nil {
		return err
	}
	if h.id != id {
		return fail(Malformed, "an element %02X where %02X belongs", h.id, id)
	}
	return s.push(h)
}

// next returns the identifier of the next element, 0 at the end of the one that
// the scanner is in.
func (s *scanner) next() (byte, error) {
	l := s.levels[len(s.levels)-1]
	if s.pos == l.end {
		return 0, nil
	}
	b, err := s.r.Peek(1)
	if err != nil {
		return 0, early(err)
	}
	if b[0] == 0 && l.end != indefinite {
		return 0, fail(Malformed, "an end of contents where none belongs")
	}
	return b[0], nil
}

// leave goes out of as many elements, which must end here.
func (s *scanner) leave(levels int) error {
	for range levels {
		l := s.levels[len(s.levels)-1]
		id, err := s.next()
		switch {
		case err != nil:
			return err
		case id != 0:
			return fail(Malformed, "an element %02X where none belongs", id)
		}
		s.levels = s.levels[:len(s.levels)-1]
		if l.end != indefinite {
			continue
		}
		if err := s.endOfContents(); err != nil {
			return err
		}
	}
	return nil
}

// endOfContents reads the two zero octets, the first of which has been seen.
func (s *scanner) endOfContents() error {
	for range 2 {
		b, err := s.octet()
		switch {
		case err != nil:
			return err
		case b != 0 || s.pos > s.limit():
			return fail(Malformed, "an end of contents that is none")
		}
	}
	return nil
}

// each calls read for every element of a set.
func (s *scanner) each(set byte, limit int, read func(id byte) error) error {
	if err := s.enter(set); err != nil {
		return err
	}
	for n := 0; ; n++ {
		id, err := s.next()
		switch {
		case err != nil:
			return err
		case id == 0:
			return s.leave(1)
		case n == limit:
			return fail(TooLarge, "more than %d certificates, signers or recipients", limit)
		}
		if err := read(id); err != nil {
			return err
		}
	}
}

// element keeps the next element, in DER.
func (s *scanner) element() ([]byte, error) {
	s.saving, s.saved = true, nil
	err := s.skip()
	raw := s.saved
	s.saving, s.saved = false, nil
	s.small -= len(raw)
	if err != nil {
		return nil, err
	}
	der, err := ber.DER(raw)
	if err != nil {
		return nil, fail(Malformed, "%w", err)
	}
	return der, nil
}

// elementOf is element for one that must have the given identifier.
func (s *scanner) elementOf(id byte) ([]byte, error) {
	next, err := s.next()
	switch {
	case err != nil:
		return nil, err
	case next != id:
		return nil, fail(Malformed, "an element %02X where %02X belongs", next, id)
	}
	return s.element()
}

// skip reads over the next element.
func (s *scanner) skip() error {
	h, err := s.header()
	if err != nil {
		return err
	}
	if h.length != indefinite {
		return s.pass(h.length)
	}
	if err := s.push(h); err != nil {
		return err
	}
	for {
		id, err := s.next()
		switch {
		case err != nil:
			return err
		case id == 0:
			return s.leave(1)
		}
		if err := s.skip(); err != nil {
			return err
		}
	}
}

// pass reads over n octets, which are kept while saving.
func (s *scanner) pass(n int64) error {
	var to io.Writer = io.Discard
	if s.saving {
		if n > int64(s.small-len(s.saved)) {
			return errSmall
		}
		to = (*appender)(&s.saved)
	}
	done, err := io.CopyN(to, s.r, n)
	s.pos += done
	return early(err)
}

// appender is a slice to write to: memory grows with what has come, and not
// with what has been announced.
type appender []byte

// Write appends p.
func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

// drain reads what follows the package. Some peers send octets there that mean
// nothing; a reader below may have an error there that means much.
func (s *scanner) drain() error {
	_, err := io.Copy(io.Discard, s.r)
	return err
}

package cms

import "io"

// content is the octets of an OCTET STRING, which may come in segments, and
// these in segments again (X.690, section 8.7).
type content struct {
	s    *scanner
	base int   // levels outside of it
	left int64 // octets of the segment that is being read
}

// openContent begins with the next element, which must have the identifier
// given, or its constructed form.
func openContent(s *scanner, id byte) (*content, error) {
	h, err := s.header()
	if err != nil {
		return nil, err
	}
	c := &content{s: s, base: len(s.levels)}
	switch h.id {
	case id:
		c.left = h.length
	case id | constructed:
		err = s.push(h)
	default:
		err = fail(Malformed, "an element %02X where content belongs", h.id)
	}
	return c, err
}

// Read returns io.EOF where the string ends properly.
func (c *content) Read(p []byte) (int, error) {
	for c.left == 0 {
		if err := c.segment(); err != nil {
			return 0, err
		}
	}
	n, err := c.s.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.s.pos += int64(n)
	if n > 0 {
		return n, nil // the error comes again
	}
	return 0, early(err)
}

// segment goes to the next octets, or out of a string.
func (c *content) segment() error {
	if len(c.s.levels) == c.base {
		return io.EOF
	}
	id, err := c.s.next()
	switch {
	case err != nil:
		return err
	case id == 0:
		return c.s.leave(1)
	case id != idOctetString && id != idOctetString|constructed:
		return fail(Malformed, "content has a segment %02X", id)
	}
	h, err := c.s.header()
	if err != nil {
		return err
	}
	if h.id&constructed != 0 {
		return c.s.push(h)
	}
	c.left = h.length
	return nil
}

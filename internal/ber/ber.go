// Package ber turns BER into DER (ITU-T X.690), so that encoding/asn1 reads
// what Bouncy Castle, OpenSSL when it streams, and many older programs write.
//
// It changes what a reader trips over: indefinite lengths, lengths in more
// octets than needed, OCTET STRINGs in segments. It leaves the order of a SET
// and the values themselves alone, because a signature may cover them.
//
// The octets may come from a stranger: size, depth and number of elements are
// bounded, the work grows with the size, and nothing here panics.
package ber

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

// Limits of one conversion.
const (
	maxSize     = 16 << 20
	maxDepth    = 32 // a certificate inside PKCS #7 needs about 12
	maxElements = 1 << 20
)

// Identifier octets (X.690, section 8.1.2).
const (
	octetString            = 0x04
	constructedOctetString = 0x24
	constructed            = 0x20 // the bit
	tagNumber              = 0x1F // the bits; all of them stand for a longer form
)

// indefinite is the length of an element that ends in two zero octets.
const indefinite = -1

var (
	endOfContents = []byte{0, 0}

	errTruncated = errors.New("the data ends inside of an element")
	errSegment   = errors.New("an OCTET STRING has a segment that is none")
)

// DER returns data, which is one element in BER, in DER. Data that is in DER
// already comes out as it is, in a copy.
func DER(data []byte) ([]byte, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("larger than the limit of %d MiB", maxSize>>20)
	}
	c := converter{out: make([]byte, 0, len(data))}
	rest, err := c.element(data, 0)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, fmt.Errorf("%d octets after the end", len(rest))
	}
	return c.out, nil
}

// Octets returns the contents of an OCTET STRING whose own tag is hidden by an
// implicit one. Only the reader of a structure knows of that, so that [DER]
// leaves its segments as they are.
func Octets(v asn1.RawValue) ([]byte, error) {
	if !v.IsCompound {
		return v.Bytes, nil
	}
	var c converter
	_, err := c.each(header{length: len(v.Bytes)}, v.Bytes, func(data []byte) ([]byte, error) { return c.segment(data, 1) })
	return c.out, err
}

// converter holds the DER so far.
type converter struct {
	out      []byte
	elements int
}

// element converts the first element of data and returns what follows it.
func (c *converter) element(data []byte, depth int) (rest []byte, err error) {
	h, data, err := c.next(data, depth)
	if err != nil {
		return nil, err
	}
	convert := c.element
	if h.identifier == constructedOctetString {
		h.identifier, convert = octetString, c.segment
	}
	c.out = append(c.out, h.identifier)
	start := len(c.out)
	if h.constructed {
		rest, err = c.each(h, data, func(data []byte) ([]byte, error) { return convert(data, depth+1) })
	} else {
		c.out = append(c.out, data[:h.length]...)
		rest = data[h.length:]
	}
	// The contents are the last thing written, so that making room for the
	// length moves nothing else.
	c.out = slices.Insert(c.out, start, appendLength(nil, len(c.out)-start)...)
	return rest, err
}

// segment appends the contents of the OCTET STRING that data begins with. Its
// segments may have segments (X.690, section 8.7.3).
func (c *converter) segment(data []byte, depth int) (rest []byte, err error) {
	h, data, err := c.next(data, depth)
	switch {
	case err != nil:
		return nil, err
	case h.identifier == octetString:
		c.out = append(c.out, data[:h.length]...)
		return data[h.length:], nil
	case h.identifier == constructedOctetString:
		return c.each(h, data, func(data []byte) ([]byte, error) { return c.segment(data, depth+1) })
	}
	return nil, errSegment
}

// each visits the elements inside of h, whose contents data begins with, and
// returns what follows h.
func (c *converter) each(h header, data []byte, visit func([]byte) ([]byte, error)) (rest []byte, err error) {
	inside := data
	if h.length != indefinite {
		inside, rest = data[:h.length], data[h.length:]
	}
	for err == nil {
		switch {
		case h.length != indefinite && len(inside) == 0:
			return rest, nil
		case h.length == indefinite && bytes.HasPrefix(inside, endOfContents):
			return inside[len(endOfContents):], nil
		}
		inside, err = visit(inside)
	}
	return nil, err
}

// next reads a header, and keeps the limits.
func (c *converter) next(data []byte, depth int) (header, []byte, error) {
	c.elements++
	switch {
	case depth > maxDepth:
		return header{}, nil, fmt.Errorf("nested more than %d deep", maxDepth)
	case c.elements > maxElements:
		return header{}, nil, fmt.Errorf("more than %d elements", maxElements)
	}
	return parseHeader(data)
}

package ber

import (
	"errors"
	"fmt"
)

// header is what stands before the contents of an element (X.690, section 8.1).
type header struct {
	identifier  byte
	constructed bool
	length      int // of the contents, which are there, or indefinite
}

// parseHeader reads a header and returns what follows it. Tags of several
// octets are in no format that is read here.
func parseHeader(data []byte) (h header, rest []byte, err error) {
	if len(data) < 2 {
		return h, nil, errTruncated
	}
	h.identifier, h.constructed = data[0], data[0]&constructed != 0
	switch {
	case h.identifier == 0:
		return h, nil, errors.New("an end of contents where none belongs")
	case h.identifier&tagNumber == tagNumber:
		return h, nil, errors.New("a tag number above 30 is not supported")
	}
	h.length, rest, err = parseLength(data[1:])
	switch {
	case err != nil:
		return h, nil, err
	case h.length == indefinite && !h.constructed:
		return h, nil, errors.New("an indefinite length of a primitive element")
	case h.length > len(rest):
		return h, nil, errTruncated
	}
	return h, rest, nil
}

// parseLength reads the length octets (X.690, section 8.1.3): one for lengths
// up to 127, else their number and a number, or 80 for an indefinite length.
func parseLength(data []byte) (length int, rest []byte, err error) {
	first, rest := data[0], data[1:]
	if first < 0x80 {
		return int(first), rest, nil
	}
	n := int(first & 0x7F)
	switch {
	case n == 0:
		return indefinite, rest, nil
	case n > 4:
		return 0, nil, fmt.Errorf("a length of %d octets: the limit is 4", n)
	case n > len(rest):
		return 0, nil, errTruncated
	}
	var value uint64
	for _, octet := range rest[:n] {
		value = value<<8 | uint64(octet)
	}
	if value > maxSize {
		return 0, nil, errTruncated // no input is that long
	}
	return int(value), rest[n:], nil
}

// appendLength writes a length in as few octets as possible (X.690, section 10.1).
func appendLength(b []byte, length int) []byte {
	if length < 0x80 {
		return append(b, byte(length))
	}
	n := 1
	for length>>(8*n) > 0 {
		n++
	}
	b = append(b, 0x80|byte(n))
	for n--; n >= 0; n-- {
		b = append(b, byte(length>>(8*n)))
	}
	return b
}

package proxyhead

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// What a header of each version begins with.
const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// Sizes in octets.
const (
	shortest     = len("PROXY UNKNOWN\r\n") // of both versions; so many can be asked for at once
	longestLine  = 107                      // of version 1, with CR LF (section 2.1)
	fixedPart    = 16                       // of version 2, before its addresses
	longestBlock = 4096                     // of addresses and TLVs; a client's certificate fits in
)

// Why what came is no header.
var (
	errForeign = errors.New("it is something else")
	errTooLong = errors.New("it is too long")
)

// receive reads the octets of a header, and returns what it has read with an
// error too. It asks for no more than is sure to belong to the header, since
// the octets behind it are for others. What does not begin as a header is
// refused at once: a client that came past the load balancer waits for an
// answer, and sends no more.
func receive(r io.Reader) ([]byte, error) {
	raw := make([]byte, 0, longestLine)
	for len(raw) < shortest {
		n, err := io.ReadAtLeast(r, raw[len(raw):shortest], 1)
		raw = raw[:len(raw)+n]
		if err != nil {
			return raw, err
		}
		if !begins(raw) {
			return raw, errForeign
		}
	}
	if isVersion2(raw) {
		return receiveBlock(r, raw)
	}
	return receiveLine(r, raw)
}

// begins reports whether a header may begin with raw, which may be shorter or
// longer than a signature.
func begins(raw []byte) bool {
	if agree(raw, signature2) {
		return true
	}
	early := bytes.IndexByte(raw[:min(len(raw), shortest-1)], '\n') >= 0
	return agree(raw, signature1) && !early
}

// agree reports whether raw and the signature are equal as far as both go.
func agree(raw []byte, signature string) bool {
	n := min(len(raw), len(signature))
	return string(raw[:n]) == signature[:n]
}

func isVersion2(raw []byte) bool { return raw[0] == signature2[0] }

// receiveLine reads the rest of version 1. It goes by single octets: nothing
// but the end of the line tells where it is.
func receiveLine(r io.Reader, raw []byte) (_ []byte, err error) {
	for raw[len(raw)-1] != '\n' {
		if len(raw) == longestLine {
			return raw, errTooLong
		}
		if raw, err = receiveUpTo(r, raw, len(raw)+1); err != nil {
			return raw, err
		}
	}
	return raw, nil
}

// receiveBlock reads the rest of version 2, which says how long it is.
func receiveBlock(r io.Reader, raw []byte) ([]byte, error) {
	raw, err := receiveUpTo(r, raw, fixedPart)
	if err != nil {
		return raw, err
	}
	length := int(binary.BigEndian.Uint16(raw[fixedPart-2:]))
	if length > longestBlock {
		return raw, errTooLong
	}
	return receiveUpTo(r, raw, fixedPart+length)
}

// receiveUpTo reads until raw has the given size.
func receiveUpTo(r io.Reader, raw []byte, size int) ([]byte, error) {
	raw = slices.Grow(raw, size-len(raw))
	n, err := io.ReadFull(r, raw[len(raw):size])
	return raw[:len(raw)+n], err
}

package oftpwire

import (
	"encoding/binary"
	"fmt"
)

// Sizes in octets (RFC 5024 sections 5.3.2 and 8.2).
const (
	// HeaderSize is the length of the stream transmission header.
	HeaderSize = 4

	// MinBuffer is the smallest data exchange buffer that may be agreed.
	MinBuffer = 128

	// MaxBuffer is the largest data exchange buffer that may be agreed, and so
	// the largest exchange buffer of any kind.
	MaxBuffer = 99999

	// MaxCommand is the largest exchange buffer that is not data. The agreed
	// buffer size does not limit commands, and the lengths inside an end
	// response would allow 131180 octets; but a stream transmission buffer ends
	// before.
	MaxCommand = MaxBuffer
)

const streamVersion = 1 // in the upper half of the header's first octet

// AppendHeader adds the stream transmission header of an exchange buffer of n
// octets, 1 to [MaxBuffer] (RFC 5024 section 8.2).
func AppendHeader(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, header(n))
}

// PutHeader writes the stream transmission header of an exchange buffer of n
// octets, 1 to [MaxBuffer], into the first [HeaderSize] octets of b.
func PutHeader(b []byte, n int) {
	binary.BigEndian.PutUint32(b, header(n))
}

func header(n int) uint32 {
	return streamVersion<<28 | uint32(n+HeaderSize)&0xFFFFFF
}

// ParseHeader returns the length of the exchange buffer that follows, at most
// [MaxBuffer]. It is 0 for a buffer that is nothing but its header: the RFC
// forbids it, but one peer sends it before it closes the connection, and it is
// best passed over. The flags are reserved and not looked at. The error is of
// type [*Error] with reason 7.
func ParseHeader(b [HeaderSize]byte) (n int, err error) {
	h := binary.BigEndian.Uint32(b[:])
	if h>>28 != streamVersion {
		return 0, &Error{Reason: reasonBufferSize, Field: "STH", Detail: fmt.Sprintf("version %d instead of %d", h>>28, streamVersion)}
	}
	n = int(h&0xFFFFFF) - HeaderSize
	if n < 0 || n > MaxBuffer {
		return 0, &Error{Reason: reasonBufferSize, Field: "STH", Detail: fmt.Sprintf("length %d is not between %d and %d", n+HeaderSize, HeaderSize+1, HeaderSize+MaxBuffer)}
	}
	return n, nil
}

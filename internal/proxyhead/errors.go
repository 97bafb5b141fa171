package proxyhead

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/ediport/ediport/internal/trap"
)

// shown is how many octets of a stranger an error shows.
const shown = 32

// ended is the error of a header that did not come completely.
func ended(nc net.Conn, raw []byte, err error) error {
	switch {
	case errors.Is(err, errForeign), errors.Is(err, errTooLong):
		return refused(nc, raw, err)
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF // the peer has gone: 10054
	}
	return trap.New(trap.Code(err), "waiting for the PROXY header of %s, %d octets of which came: %w", nc.RemoteAddr(), len(raw), err)
}

// refused is the error of a header that is none. The cause may quote all of the
// header, so the message does without its text.
func refused(nc net.Conn, raw []byte, cause error) error {
	why := "it is malformed"
	if errors.Is(cause, errForeign) || errors.Is(cause, errTooLong) {
		why = cause.Error()
	}
	return &trap.Error{
		Code: trap.CodeInvalidArgument,
		Message: fmt.Sprintf("what %s sent first is no PROXY header, %s: %q; have the load balancer send one, and clients connect to that",
			nc.RemoteAddr(), why, raw[:min(len(raw), shown)]),
		Err: cause,
	}
}

package trap

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// FromNet returns err as an [Error]: err itself when its chain has one, else
// one with the code of the component's TCP/IP or SSL table; [Codes] tells which
// error has which. An error that no table knows becomes 10053, "connection
// aborted", and so does io.EOF: whoever reads knows better whether that was a
// normal end. FromNet(nil) is nil.
func FromNet(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: codeOf(err), Message: err.Error(), Err: err}
}

// finders know one kind of errors each, and return 0 for the others. The first
// that knows the error decides: what ends a connection every day comes first.
var finders = []func(error) int{ofErrno, ofDNS, ofSentinel, ofAddress, ofTLS, ofTimeout}

func codeOf(err error) int {
	for _, find := range finders {
		if code := find(err); code != 0 {
			return code
		}
	}
	return CodeAborted
}

func ofErrno(err error) int {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return 0
	}
	return codeOfErrno(errno)
}

// ofDNS goes before the sentinels: a lookup that took too long is the name
// server's silence and not the peer's.
func ofDNS(err error) int {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case !ok:
		return 0
	case errors.Is(dns, context.Canceled):
		return CodeInterrupted
	case dns.IsNotFound:
		return CodeHostNotFound
	case dns.IsTemporary, dns.IsTimeout:
		return CodeTryAgain
	}
	return CodeNoRecovery
}

// sentinels are the values that Go's packages return.
var sentinels = []struct {
	err  error
	code int
}{
	{io.EOF, CodeAborted},
	{net.ErrClosed, CodeAborted},
	{os.ErrDeadlineExceeded, CodeTimedOut},
	{context.Canceled, CodeInterrupted},
	{context.DeadlineExceeded, CodeTimedOut},
	{io.ErrUnexpectedEOF, CodeReset},
	{io.ErrClosedPipe, CodeAborted},
	{net.ErrWriteToConnected, 10056},
	{errors.ErrUnsupported, CodeNotSupported},
}

func ofSentinel(err error) int {
	for _, row := range sentinels {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return 0
}

// ofAddress knows addresses that are none.
func ofAddress(err error) int {
	switch {
	case has[*net.AddrError](err), has[*net.ParseError](err), has[net.InvalidAddrError](err):
		return CodeInvalidArgument
	case has[net.UnknownNetworkError](err):
		return 10043
	}
	return 0
}

func ofTimeout(err error) int {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return CodeTimedOut
	}
	return 0
}

// has reports whether the chain of err has an E.
func has[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

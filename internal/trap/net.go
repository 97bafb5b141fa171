package trap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// netCodes maps what Go and the operating system report to the TCP/IP table.
// The first row that matches wins; syscall.Errno values exist on every system
// that Go builds for.
var netCodes = []struct {
	err  error
	code int
}{
	{context.Canceled, CodeInterrupted},
	{context.DeadlineExceeded, CodeTimedOut},
	{os.ErrDeadlineExceeded, CodeTimedOut},
	{net.ErrClosed, CodeAborted},
	{io.ErrUnexpectedEOF, CodeReset},
	{syscall.EINTR, CodeInterrupted},
	{syscall.EBADF, 10009},
	{syscall.EACCES, CodeAccessDenied},
	{syscall.EPERM, CodeAccessDenied},
	{syscall.EFAULT, 10014},
	{syscall.EINVAL, CodeInvalidArgument},
	{syscall.EMFILE, CodeTooManyFiles},
	{syscall.ENFILE, CodeTooManyFiles},
	{syscall.EAGAIN, CodeBlocked},
	{syscall.EINPROGRESS, CodeInProgress},
	{syscall.EALREADY, 10037},
	{syscall.ENOTSOCK, 10038},
	{syscall.EDESTADDRREQ, 10039},
	{syscall.EMSGSIZE, 10040},
	{syscall.EPROTOTYPE, 10041},
	{syscall.ENOPROTOOPT, 10042},
	{syscall.EPROTONOSUPPORT, 10043},
	{syscall.EOPNOTSUPP, CodeNotSupported},
	{syscall.EAFNOSUPPORT, 10047},
	{syscall.EADDRINUSE, CodeAddressInUse},
	{syscall.EADDRNOTAVAIL, CodeNoAddress},
	{syscall.ENETDOWN, 10050},
	{syscall.ENETUNREACH, 10051},
	{syscall.ENETRESET, 10052},
	{syscall.ECONNABORTED, CodeAborted},
	{syscall.ECONNRESET, CodeReset},
	{syscall.EPIPE, CodeReset},
	{syscall.ENOBUFS, 10055},
	{syscall.EISCONN, 10056},
	{syscall.ENOTCONN, CodeNotConnected},
	{syscall.ETIMEDOUT, CodeTimedOut},
	{syscall.ECONNREFUSED, CodeRefused},
	{syscall.ELOOP, 10062},
	{syscall.ENAMETOOLONG, 10063},
	{syscall.EHOSTUNREACH, 10065},
	{syscall.ENOTEMPTY, 10066},
}

// FromNet returns err as an [Error]: err itself when its chain has one, else
// one with the code of the component's TCP/IP or SSL table. An error that no
// row knows becomes 10053, "connection aborted". FromNet(nil) is nil.
func FromNet(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: codeOf(err), Message: err.Error(), Err: err}
}

func codeOf(err error) int {
	for _, row := range netCodes {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	var (
		dns     *net.DNSError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		unknown x509.UnknownAuthorityError
		timeout net.Error
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return CodeHostNotFound
	case errors.As(err, &dns):
		return CodeTryAgain
	case errors.As(err, &timeout) && timeout.Timeout():
		return CodeTimedOut
	case errors.As(err, &unknown):
		return CodeChainInvalid
	case errors.As(err, &record), errors.As(err, &alert):
		return CodeHandshake
	}
	return CodeAborted
}

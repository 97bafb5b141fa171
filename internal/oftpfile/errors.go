package oftpfile

import (
	"errors"
	"syscall"

	"github.com/ediport/ediport/internal/trap"
)

// Codes of the component's error table that this package returns.
const (
	CodeRead      = 679 // a file to be sent cannot be read
	CodeDuplicate = 681 // the local file exists and may not be overwritten
	CodeSend      = 687 // a file cannot be sent as its layout says
	CodeReceive   = 671 // a file cannot be received
)

// Answer reasons of SFNA and EFNA (RFC 5024, sections 5.3.5 and 5.3.10) that
// errors of this package stand for.
const (
	ReasonFileName     = 1
	ReasonFormat       = 4
	ReasonRecordLength = 5
	ReasonTooBig       = 6
	ReasonRecordCount  = 10
	ReasonOctetCount   = 11
	ReasonAccess       = 12
	ReasonDuplicate    = 13
	ReasonUnspecified  = 99
)

// fault is an error with the reason that the peer is told.
type fault struct {
	reason int
	err    *trap.Error
	passes bool
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func refuse(reason, code int, format string, args ...any) error {
	return &fault{reason: reason, err: trap.New(code, format, args...)}
}

// access is an error of the operating system. A name that the system cannot
// take is the peer's business, all else is ours.
func access(code int, err error, what string) error {
	reason := ReasonAccess
	if errors.Is(err, syscall.ENAMETOOLONG) {
		reason = ReasonFileName
	}
	return &fault{reason: reason, err: trap.Wrap(code, err, what)}
}

// Reason returns the answer reason of an SFNA or EFNA that fits an error of
// this package: one of the Reason constants, 99 for any other error, 0 for nil.
func Reason(err error) int {
	var f *fault
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		return f.reason
	}
	return ReasonUnspecified
}

// Passes reports whether the reason of an error will pass: another session is
// receiving the file, or under its name. The peer may offer it again later.
func Passes(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.passes
}

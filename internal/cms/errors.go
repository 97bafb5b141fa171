package cms

import (
	"errors"
	"fmt"
	"io"
)

// A Reason says in one word why a package cannot be read. It is an error itself,
// so that errors.Is(err, cms.NotForUs) asks for it.
type Reason int

// The reasons.
const (
	Malformed        Reason = 1 + iota // not a package, or one that breaks the syntax
	Truncated                          // the octets end inside of the package
	Unsupported                        // an algorithm or a form that is not known here
	TooLarge                           // over one of the limits; decompressed content too
	NotForUs                           // encrypted, but for none of the keys given
	CannotDecrypt                      // a wrong key or damaged content, which cannot be told apart
	CannotDecompress                   // the compressed octets are damaged
	UnknownSigner                      // nobody whose certificate is known has signed it
	BadSignature                       // the signature does not hold
)

var reasons = [...]string{
	Malformed:        "malformed",
	Truncated:        "truncated",
	Unsupported:      "not supported",
	TooLarge:         "too large",
	NotForUs:         "not encrypted for us",
	CannotDecrypt:    "cannot be decrypted",
	CannotDecompress: "cannot be decompressed",
	UnknownSigner:    "signer unknown",
	BadSignature:     "signature invalid",
}

// Error returns the reason in words.
func (r Reason) Error() string {
	if r < Malformed || int(r) >= len(reasons) {
		return fmt.Sprintf("reason %d", int(r))
	}
	return reasons[r]
}

// Error is why a package cannot be read. What fails below it, such as a disk,
// is returned as it is.
type Error struct {
	// Reason is for programs.
	Reason Reason

	// Message is for people, and complete without the reason.
	Message string

	// Err is the cause, or nil.
	Err error
}

// Error returns "cms: " and the message.
func (e *Error) Error() string { return "cms: " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error's reason.
func (e *Error) Is(target error) bool { return target == e.Reason }

// ReasonOf returns the reason in err's chain, 0 when there is none: then
// something else than the package is wrong.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return 0
}

// fail returns an [Error] with a message made by [fmt.Errorf].
func fail(reason Reason, format string, args ...any) *Error {
	made := fmt.Errorf(format, args...)
	return &Error{Reason: reason, Message: made.Error(), Err: errors.Unwrap(made)}
}

// early turns the end of the octets into an error: it is looked for only where
// a package has one.
func early(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fail(Truncated, "the package is truncated: %w", io.ErrUnexpectedEOF)
	}
	return err
}

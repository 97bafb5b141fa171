// Package trap is the error type that every ediport package returns: a message
// for people, a code for programs, and the cause for [errors.Is].
//
// The codes are those of the component tables. Those that all components share
// are declared here; a component with codes of its own declares them itself.
package trap

import (
	"errors"
	"fmt"
)

// Error says what happened, to whom, and what to do about it.
type Error struct {
	// Code is the number of the component's error tables. It never changes
	// between releases, so programs may decide by it.
	Code int

	// Message is one sentence for people, without the code.
	Message string

	// Err is the cause, or nil.
	Err error
}

// New returns an error with a message made by [fmt.Errorf]. An argument of the
// verb %w becomes the cause.
func New(code int, format string, args ...any) *Error {
	made := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: made.Error(), Err: errors.Unwrap(made)}
}

// Wrap returns an error with the given code, the message "what: cause", and
// the cause. A cause that carries a code already keeps it: the place nearest
// to the fault knows best.
func Wrap(code int, err error, what string) *Error {
	var inner *Error
	if errors.As(err, &inner) {
		code = inner.Code
	}
	return &Error{Code: code, Message: what + ": " + text(err), Err: err}
}

// text is the error's message without the code that [Error.Error] puts before it.
func text(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Message
	}
	return err.Error()
}

// Error returns "CODE: message".
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an [Error] of the same code, so that
// errors.Is(err, trap.ErrBusy) holds for every error of that kind whatever its
// message says.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Code returns the code of the first [Error] in err's chain, the mapped code of
// a network error (see [FromNet]), 0 for nil.
func Code(err error) int {
	if err == nil {
		return 0
	}
	return FromNet(err).Code
}

package certstore

import (
	"github.com/ediport/ediport/internal/pbe"
	"github.com/ediport/ediport/internal/trap"
)

// Error is what every function of this package returns: a code for programs, a
// sentence for people, the cause.
type Error = trap.Error

// Sentinels for errors.Is; returned errors say more in their message.
var (
	// ErrStore is any failure to open a store.
	ErrStore = &Error{Code: trap.CodeCertStore, Message: "the certificate store cannot be opened"}

	// ErrNotFound is a store without a certificate of the wanted description.
	ErrNotFound = &Error{Code: trap.CodeCertNotFound, Message: "no such certificate in the store"}

	// ErrPassword is a missing or wrong password of a store or of a private key.
	ErrPassword = pbe.ErrPassword
)

// errNoPassword is an encrypted key for which no password was given.
var errNoPassword = &passwordError{"the private key is encrypted and no password was given"}

// passwordError is an [ErrPassword] that knows more.
type passwordError struct{ text string }

func (e *passwordError) Error() string        { return e.text }
func (e *passwordError) Is(target error) bool { return target == ErrPassword }

// suspectPassword makes an [ErrPassword] of a decrypted key that does not
// parse: with a wrong password the padding is right by chance once in 256.
func suspectPassword(err error) error {
	return &passwordError{ErrPassword.Error() + ": " + err.Error()}
}

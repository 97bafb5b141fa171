//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ediport/ediport/certstore"
	p11 "github.com/miekg/pkcs11"
)

// gone are the errors after which a session does not exist any more.
var gone = []p11.Error{
	p11.CKR_SESSION_HANDLE_INVALID,
	p11.CKR_SESSION_CLOSED,
	p11.CKR_DEVICE_REMOVED,
	p11.CKR_TOKEN_NOT_PRESENT,
	p11.CKR_SLOT_ID_INVALID,
	p11.CKR_CRYPTOKI_NOT_INITIALIZED,
}

// unusable are the errors after which one exists and is of no use. General errors
// are not among them: with some modules a ciphertext that a stranger made up
// ends in one.
var unusable = []p11.Error{
	p11.CKR_DEVICE_ERROR,
	p11.CKR_TOKEN_NOT_RECOGNIZED,
	p11.CKR_USER_NOT_LOGGED_IN,
	p11.CKR_OPERATION_ACTIVE,
	p11.CKR_OPERATION_NOT_INITIALIZED,
}

// stale are the errors of an object's number that is not the object's any more.
var stale = []p11.Error{p11.CKR_OBJECT_HANDLE_INVALID, p11.CKR_KEY_HANDLE_INVALID}

// lost reports whether err means that new sessions are needed.
func lost(err error) bool { return is(err, gone...) || is(err, unusable...) }

// is reports whether err is one of the module's errors.
func is(err error, codes ...p11.Error) bool {
	var code p11.Error
	return errors.As(err, &code) && slices.Contains(codes, code)
}

// meanings are of errors that people can do something about.
var meanings = map[p11.Error]string{
	p11.CKR_PIN_LOCKED:                 "the PIN is locked after too many wrong ones, and the security officer of the token must set a new one",
	p11.CKR_PIN_EXPIRED:                "the PIN has expired and must be changed",
	p11.CKR_USER_PIN_NOT_INITIALIZED:   "the token has no PIN yet",
	p11.CKR_SESSION_COUNT:              "the token has no more sessions for this program",
	p11.CKR_DEVICE_REMOVED:             "the token was pulled",
	p11.CKR_TOKEN_NOT_PRESENT:          "the token was pulled",
	p11.CKR_MECHANISM_INVALID:          "the token cannot do that",
	p11.CKR_MECHANISM_PARAM_INVALID:    "the token cannot do that with these parameters",
	p11.CKR_ARGUMENTS_BAD:              "the token cannot do that with these parameters",
	p11.CKR_KEY_FUNCTION_NOT_PERMITTED: "the key is not meant for that",
	p11.CKR_KEY_TYPE_INCONSISTENT:      "the key is not meant for that",
}

// explain puts words before the name of a module's error.
func explain(err error) error {
	var code p11.Error
	if errors.As(err, &code) && meanings[code] != "" {
		return fmt.Errorf("%s (%w)", meanings[code], err)
	}
	return err
}

// passwordError is a [certstore.ErrPassword] that knows more.
type passwordError struct{ text string }

func (e *passwordError) Error() string        { return e.text }
func (e *passwordError) Is(target error) bool { return target == certstore.ErrPassword }

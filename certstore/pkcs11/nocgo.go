//go:build !cgo

package pkcs11

import (
	"errors"

	"github.com/ediport/ediport/certstore"
)

// errNoCgo is for programs built with CGO_ENABLED=0 or without a C compiler.
var errNoCgo = errors.New("this program was built without cgo, which PKCS #11 modules need: build it with CGO_ENABLED=1 and a C compiler")

func (store) open(string) (certstore.Contents, error) { return certstore.Contents{}, errNoCgo }

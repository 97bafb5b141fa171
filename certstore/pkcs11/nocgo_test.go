//go:build !cgo

package pkcs11

import (
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/require"
)

func TestWithoutCgo(t *testing.T) {
	t.Parallel()
	_, err := certstore.Open(certstore.StorePKCS11, "/usr/lib/softhsm/libsofthsm2.so", "1234", "")
	require.ErrorIs(t, err, errNoCgo)
	require.ErrorIs(t, err, certstore.ErrStore)
	_, err = certstore.Open(certstore.StorePKCS11, "pkcs11:token=edi", "1234", "")
	require.ErrorContains(t, err, "add ?module-path=", "a fault of the URI is named first")
}

//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublicHalves(t *testing.T) {
	t.Parallel()
	octetString := func(octets []byte) []byte { return append([]byte{4, byte(len(octets))}, octets...) }
	ec := keyOf(t, "p256").Public().(*ecdsa.PublicKey)
	raw, err := ec.Bytes()
	require.NoError(t, err)
	ed := keyOf(t, "ed25519").Public().(ed25519.PublicKey)
	p256 := []byte("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
	modulus := bytes.Repeat([]byte{0xC5}, 256)
	for name, row := range map[string]struct {
		kind   uint
		values [][]byte
		want   crypto.PublicKey
	}{
		"RSA":                {p11.CKK_RSA, [][]byte{modulus, {1, 0, 1}}, &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}},
		"RSA, small":         {p11.CKK_RSA, [][]byte{modulus[:32], {3}}, nil},
		"RSA, large":         {p11.CKK_RSA, [][]byte{bytes.Repeat(modulus, 9), {3}}, nil},
		"RSA, exponent":      {p11.CKK_RSA, [][]byte{modulus, modulus}, nil},
		"RSA, even exponent": {p11.CKK_RSA, [][]byte{modulus, {4}}, nil},
		"RSA, no exponent":   {p11.CKK_RSA, [][]byte{modulus, nil}, nil},
		"RSA, sensitive":     {p11.CKK_RSA, [][]byte{nil, nil}, nil},
		"ECDSA":              {p11.CKK_EC, [][]byte{p256, octetString(raw)}, ec},
		"ECDSA, bare point":  {p11.CKK_EC, [][]byte{p256, raw}, ec},
		"ECDSA, not a point": {p11.CKK_EC, [][]byte{p256, octetString(bytes.Repeat([]byte{4}, 65))}, nil},
		"ECDSA, half":        {p11.CKK_EC, [][]byte{p256, octetString(raw[:33])}, nil},
		"ECDSA, other curve": {p11.CKK_EC, [][]byte{[]byte("\x06\x05\x2b\x81\x04\x00\x0a"), octetString(raw)}, nil},
		"Ed25519 by number":  {ckkEdwards, [][]byte{[]byte("\x06\x03\x2b\x65\x70"), octetString(ed)}, ed},
		"Ed25519 by name":    {ckkEdwards, [][]byte{[]byte("\x13\x0cedwards25519"), ed}, ed},
		"Ed25519, short":     {ckkEdwards, [][]byte{[]byte("\x06\x03\x2b\x65\x70"), octetString(ed[1:])}, nil},
		"Ed448":              {ckkEdwards, [][]byte{[]byte("\x06\x03\x2b\x65\x71"), octetString(ed)}, nil},
	} {
		assert.Equal(t, row.want, keyParts[row.kind].parse(row.values), name)
	}
	assert.Nil(t, keyParts[p11.CKK_DSA], "what is not known has no public half")
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	assert.EqualValues(t, 0x01010101, number([]byte{1, 1, 1, 1}), "of Windows")
	assert.EqualValues(t, 0x0202020202020202, number(bytes.Repeat([]byte{2}, 8)))
	assert.Equal(t, p11.CK_UNAVAILABLE_INFORMATION, number(nil))
}

package pbe

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type pkcs12Params struct {
	Salt       []byte
	Iterations int
}

func pkcs12Algorithm(t *testing.T, oid string, params pkcs12Params) pkix.AlgorithmIdentifier {
	t.Helper()
	der, err := asn1.Marshal(params)
	require.NoError(t, err)
	return pkix.AlgorithmIdentifier{Algorithm: parseOID(t, oid), Parameters: asn1.RawValue{FullBytes: der}}
}

// Each scheme reads what its own cipher wrote, under both forms of an empty password.
func TestPKCS12Schemes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		oid     string
		keySize int
		create  func([]byte) (cipher.Block, error)
	}{
		{"1.2.840.113549.1.12.1.3", 24, newTripleDES},
		{"1.2.840.113549.1.12.1.4", 16, newTwoKeyTripleDES},
		{"1.2.840.113549.1.12.1.5", 16, newRC2},
		{"1.2.840.113549.1.12.1.6", 5, newRC2},
	} {
		for _, pw := range bmpPasswords("") {
			var d Decrypter
			salt := []byte("saltsalt")
			key, err := d.pkcs12Key(sha1.New, pw, salt, 3, purposeKey, row.keySize)
			require.NoError(t, err)
			iv, err := d.pkcs12Key(sha1.New, pw, salt, 3, purposeIV, 8)
			require.NoError(t, err)
			block, err := row.create(key)
			require.NoError(t, err)
			data := append([]byte("eleven octe"), bytes.Repeat([]byte{5}, 5)...)
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)

			plain, err := d.Decrypt(pkcs12Algorithm(t, row.oid, pkcs12Params{salt, 3}), data, "")
			require.NoError(t, err)
			assert.Equal(t, "eleven octe", string(plain))
		}
	}
}

func TestHostilePKCS12Parameters(t *testing.T) {
	t.Parallel()
	const oid = "1.2.840.113549.1.12.1.3"
	for want, params := range map[string]pkcs12Params{
		"iteration count 0":        {nil, 0},
		"iteration count 10000001": {nil, maxIterations + 1},
		"salt of 1025 octets":      {make([]byte, maxSalt+1), 1},
	} {
		_, err := new(Decrypter).Decrypt(pkcs12Algorithm(t, oid, params), make([]byte, 8), "secret")
		require.ErrorContains(t, err, want)
	}
	_, err := new(Decrypter).Decrypt(pkix.AlgorithmIdentifier{Algorithm: parseOID(t, oid)}, make([]byte, 8), "secret")
	require.ErrorContains(t, err, "PKCS #12 encryption parameters")
}

func TestAddPlusOne(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ a, b, want string }{
		{"0000", "0000", "0001"},
		{"00ff", "0000", "0100"},
		{"ffff", "0000", "0000"}, // the carry is lost
		{"1234", "4321", "5556"},
	} {
		a := unhex(t, row.a)
		addPlusOne(a, unhex(t, row.b))
		assert.Equal(t, unhex(t, row.want), a)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	assert.Nil(t, fill(nil, 4))
	assert.Equal(t, "abca", string(fill([]byte("abc"), 4)))
	assert.Equal(t, "abcdeabc", string(fill([]byte("abcde"), 4)))
	assert.Equal(t, "abcd", string(fill([]byte("abcd"), 4)))
}

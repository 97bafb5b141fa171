package pbe

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The second and the third row of RFC 7914, section 12.
func TestScrypt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		password string
		params   scryptParams
		want     string
	}{
		{
			"password", scryptParams{Salt: []byte("NaCl"), N: 1024, R: 8, P: 16},
			"fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
		},
		{
			"pleaseletmein", scryptParams{Salt: []byte("SodiumChloride"), N: 16384, R: 8, P: 1},
			"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
		},
	} {
		got, err := row.params.derive(new(Decrypter), row.password, 64)
		require.NoError(t, err)
		assert.Equal(t, unhex(t, row.want), got)
	}
}

// Bouncy Castle's fault makes p of r.
func TestScryptWithTheBlockSizeTwice(t *testing.T) {
	t.Parallel()
	salt := []byte("salt")
	want, err := scryptParams{Salt: salt, N: 16, R: 4, P: 4}.derive(new(Decrypter), "secret", 32)
	require.NoError(t, err)
	got, err := scryptParams{Salt: salt, N: 16, R: 4, P: 1}.derive(&Decrypter{BlockSizeTwice: true}, "secret", 32)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// Memory and time are bounded before they are spent.
func TestHostileScrypt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		params scryptParams
		want   string
	}{
		"no power of 2":  {scryptParams{N: 1000, R: 8, P: 1}, "scrypt cost 1000: it must be a power of 2"},
		"one":            {scryptParams{N: 1, R: 8, P: 1}, "scrypt cost 1:"},
		"negative":       {scryptParams{N: math.MinInt, R: 8, P: 1}, "it must be a power of 2"},
		"memory":         {scryptParams{N: 1 << 16, R: 8, P: 1}, "the limit is 32 MiB"},
		"much memory":    {scryptParams{N: 1 << 30, R: math.MaxInt, P: 1}, "the limit is 32 MiB"},
		"block size 0":   {scryptParams{N: 1024, R: 0, P: 1}, "block size 0"},
		"lanes 0":        {scryptParams{N: 1024, R: 8, P: 0}, "scrypt parallelization 0"},
		"lanes":          {scryptParams{N: 2, R: 8, P: 1025}, "scrypt parallelization 1025: the limit is 1024 at block size 8"},
		"many lanes":     {scryptParams{N: 2, R: 8, P: math.MaxInt}, "the limit is 1024"},
		"wide":           {scryptParams{N: 2, R: 10000, P: 1}, "the limit is 0 at block size 10000"},
		"time":           {scryptParams{N: 1 << 15, R: 8, P: 20}, "scrypt cost 32768, block size 8: iteration count 20"},
		"salt of 1 KiB+": {scryptParams{Salt: make([]byte, maxSalt+1), N: 2, R: 8, P: 1}, "scrypt salt of 1025 octets"},
	} {
		_, err := row.params.derive(new(Decrypter), "secret", 32)
		require.ErrorContains(t, err, row.want, name)
	}
	scrypt := parseOID(t, oidScrypt)
	_, err := parseKDF(pkix.AlgorithmIdentifier{Algorithm: scrypt})
	require.ErrorContains(t, err, "scrypt parameters")
	assert.True(t, IsScrypt(pkix.AlgorithmIdentifier{Algorithm: scrypt}))
	assert.False(t, IsScrypt(pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2}))
}

// A key of a length that the cipher does not take is not cut or filled up.
func TestScryptKeyLength(t *testing.T) {
	t.Parallel()
	raw := func(v any) asn1.RawValue {
		der, err := asn1.Marshal(v)
		require.NoError(t, err)
		return asn1.RawValue{FullBytes: der}
	}
	pbes2 := pkix.AlgorithmIdentifier{
		Algorithm: parseOID(t, "1.2.840.113549.1.5.13"),
		Parameters: raw(struct{ KDF, Encryption pkix.AlgorithmIdentifier }{
			pkix.AlgorithmIdentifier{Algorithm: parseOID(t, oidScrypt), Parameters: raw(scryptParams{nil, 2, 1, 1, 24})},
			pkix.AlgorithmIdentifier{Algorithm: parseOID(t, "2.16.840.1.101.3.4.1.2"), Parameters: raw(make([]byte, 16))},
		}),
	}
	_, err := new(Decrypter).Decrypt(pbes2, make([]byte, 16), strings.Repeat("x", 10))
	require.ErrorContains(t, err, "scrypt key length 24: the cipher wants 16")
}

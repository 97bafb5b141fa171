package pbe

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parseOID(t *testing.T, text string) asn1.ObjectIdentifier {
	t.Helper()
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		require.NoError(t, err)
		oid = append(oid, n)
	}
	return oid
}

func hmacOf(newHash func() hash.Hash, key, content []byte) []byte {
	h := hmac.New(newHash, key)
	h.Write(content)
	return h.Sum(nil)
}

// pbmac1 makes a PBMAC1 with HMAC-SHA-256 and a key of the given length.
func pbmac1(t *testing.T, content []byte, keyLength int) MACData {
	t.Helper()
	hmacSHA256 := pkix.AlgorithmIdentifier{Algorithm: parseOID(t, "1.2.840.113549.2.9")}
	kdf, err := asn1.Marshal(pbkdf2Params{[]byte("saltsalt"), 10, keyLength, hmacSHA256})
	require.NoError(t, err)
	params, err := asn1.Marshal(struct{ KDF, MAC pkix.AlgorithmIdentifier }{
		pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: kdf}}, hmacSHA256,
	})
	require.NoError(t, err)
	key, err := pbkdf2.Key(sha256.New, "secret", []byte("saltsalt"), 10, keyLength)
	require.NoError(t, err)
	var mac MACData
	mac.MAC.Algorithm = pkix.AlgorithmIdentifier{Algorithm: oidPBMAC1, Parameters: asn1.RawValue{FullBytes: params}}
	mac.MAC.Digest = hmacOf(sha256.New, key, content)
	return mac
}

func TestPBMAC1(t *testing.T) {
	t.Parallel()
	content := []byte("safe contents")
	mac := pbmac1(t, content, 32)
	assert.NoError(t, new(Decrypter).VerifyMAC(mac, content, "secret"))
	assert.ErrorIs(t, new(Decrypter).VerifyMAC(mac, content, "other"), ErrPassword)
	assert.ErrorContains(t, new(Decrypter).VerifyMAC(pbmac1(t, content, 8), content, "secret"), "key length 8")
	assert.ErrorContains(t, new(Decrypter).VerifyMAC(pbmac1(t, content, 65), content, "secret"), "key length 65")
}

// The parameters of an integrity check come from a stranger too.
func TestHostileMACs(t *testing.T) {
	t.Parallel()
	classic := func(salt []byte, iterations int) MACData {
		mac := MACData{Salt: salt, Iterations: iterations}
		mac.MAC.Algorithm.Algorithm = parseOID(t, "2.16.840.1.101.3.4.2.1")
		return mac
	}
	odd := func(parameters any) MACData {
		der, err := asn1.Marshal(parameters)
		require.NoError(t, err)
		var mac MACData
		mac.MAC.Algorithm = pkix.AlgorithmIdentifier{Algorithm: oidPBMAC1, Parameters: asn1.RawValue{FullBytes: der}}
		return mac
	}
	type params struct{ KDF, MAC pkix.AlgorithmIdentifier }
	unknown := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3}}
	known := pkix.AlgorithmIdentifier{Algorithm: parseOID(t, "1.2.840.113549.2.9")}
	for want, mac := range map[string]MACData{
		"iteration count 10000001": classic(nil, maxIterations+1),
		"iteration count 0":        classic(nil, 0),
		"salt of 1025 octets":      classic(make([]byte, maxSalt+1), 1),
		"PBMAC1 parameters":        odd(1),
		"PBMAC1 function 1.2.3":    odd(params{unknown, unknown}),
		"key derivation 1.2.3":     odd(params{unknown, known}),
		"PBKDF2 parameters":        odd(params{pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2}, known}),
	} {
		require.ErrorContains(t, new(Decrypter).VerifyMAC(mac, nil, "secret"), want)
	}
}

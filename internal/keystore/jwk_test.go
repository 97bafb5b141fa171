package keystore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var jwkNames = []string{"RS256", "ES256", "ES384", "ES512", "ed25519"}

func TestJWKFiles(t *testing.T) {
	t.Parallel()
	for _, name := range jwkNames {
		c, err := JWK(vector(t, "jwk/"+name+".jwk"), Passwords{})
		key := onlyKey(t, c, err)
		c, err = JWK(vector(t, "jwk/"+name+".pub.jwk"), Passwords{})
		assert.Equal(t, onlyPublic(t, c, err), key.Public(), name)
	}
}

// RFC 8037, appendices A.1 and A.2.
const rfc8037 = `{"kty":"OKP","crv":"Ed25519",
"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`

// RFC 7517, appendix A.1, the EC key; then a key as RFC 8037 has it.
const rfc7517 = `{"keys":[{"kty":"EC","crv":"P-256",
"x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
"use":"enc","kid":"1"},` + rfc8037 + `]}`

func TestJWKOfTheRFCs(t *testing.T) {
	t.Parallel()
	c, err := JWK([]byte(rfc8037), Passwords{})
	assert.IsType(t, ed25519.PrivateKey{}, onlyKey(t, c, err))
	c, err = JWK([]byte("\uFEFF\n "+rfc7517), Passwords{})
	require.NoError(t, err)
	require.Len(t, c.PublicKeys, 1)
	assert.IsType(t, &ecdsa.PublicKey{}, c.PublicKeys[0])
	assert.Len(t, c.Keys, 1)
}

func TestJWKWithCertificates(t *testing.T) {
	t.Parallel()
	private, err := JWK(vector(t, "jwk/x5c.jwk"), Passwords{})
	require.NoError(t, err)
	require.Len(t, private.Keys, 1)
	assertSigns(t, private.Keys[0])
	require.Len(t, private.Certificates, 2)
	assert.Equal(t, "CN=jwk", private.Certificates[0].Subject.String())
	assert.Equal(t, private.Certificates[0].PublicKey, private.Keys[0].Public())

	public, err := JWK(vector(t, "jwk/x5c.pub.jwk"), Passwords{})
	require.NoError(t, err)
	assert.Equal(t, private.Certificates, public.Certificates)
	assert.Empty(t, public.PublicKeys, "it does not stand alone")

	c, err := JWK(vector(t, "jwk/nocrt.jwk"), Passwords{})
	assert.True(t, samePublic(onlyKey(t, c, err).Public(), private.Keys[0].Public()))
}

func TestJWKSets(t *testing.T) {
	t.Parallel()
	c, err := JWK(vector(t, "jwk/set.jwks"), Passwords{})
	require.NoError(t, err)
	assert.Len(t, c.Keys, 2, "the secret key is passed over")

	oct := string(vector(t, "jwk/bad-oct.jwk"))
	_, err = JWK([]byte(oct), Passwords{})
	require.ErrorContains(t, err, `a secret key (kty oct) is not supported: expected RSA, EC or OKP (kid "edi secret")`)
	_, err = JWK([]byte(`{"keys":[`+oct+`,{"kty":"EC","crv":"secp256k1"}]}`), Passwords{})
	require.ErrorContains(t, err, `none of the 2 keys of the set can be used: curve (crv) "secp256k1" is not supported`)
	_, err = JWK([]byte(`{"keys":[`+rfc8037+`,{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}`), Passwords{})
	require.ErrorContains(t, err, "key 2 of the set: Ed25519 public key of 3 octets")
	_, err = JWK([]byte(`{"keys":[`+rfc8037+`,5]}`), Passwords{})
	require.ErrorContains(t, err, "key 2 of the set: the member before octet")
	_, err = JWK([]byte(`{"keys":[]}`), Passwords{})
	require.ErrorContains(t, err, "the set has no keys")
}

// changed is a JWK with some members replaced; nil removes one.
func changed(t *testing.T, text []byte, members map[string]any) []byte {
	t.Helper()
	key := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &key))
	for name, value := range members {
		if key[name] = value; value == nil {
			delete(key, name)
		}
	}
	text, err := json.Marshal(key)
	require.NoError(t, err)
	return text
}

// member is one text member of a JWK.
func member(t *testing.T, file, name string) string {
	t.Helper()
	key := map[string]any{}
	require.NoError(t, json.Unmarshal(vector(t, "jwk/"+file), &key))
	return key[name].(string)
}

func TestBadJWK(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	ec := member(t, "ES256.jwk", "x")
	for _, row := range []struct {
		file    string
		members m
		want    string
	}{
		{"RS256.jwk", m{"kty": nil}, "the key type is missing (kty)"},
		{"RS256.jwk", m{"kty": nil, "ciphertext": "AAAA"}, "an encrypted key (JWE) is not supported"},
		{"RS256.jwk", m{"kty": "AKP"}, `key type (kty) "AKP" is not supported`},
		{"RS256.jwk", m{"kty": "EC"}, `curve (crv) "" is not supported`},
		{"RS256.jwk", m{"n": nil}, "the modulus or the public exponent is missing"},
		{"RS256.jwk", m{"e": ""}, "the modulus or the public exponent is missing"},
		{"RS256.jwk", m{"e": "!"}, "e: illegal base64"},
		{"RS256.jwk", m{"e": "AQAC"}, "the public exponent is not"},
		{"RS256.jwk", m{"d": nil}, "the private exponent is missing"},
		{"RS256.jwk", m{"d": "AQAB"}, errMismatch.Error()},
		{"RS256.jwk", m{"qi": "AQAB"}, errMismatch.Error()},
		{"RS256.jwk", m{"q": nil}, "one of the two primes is missing"},
		{"RS256.jwk", m{"n": member(t, "x5c.jwk", "n")}, errMismatch.Error()},
		{"nocrt.jwk", m{"n": member(t, "RS256.jwk", "n")}, errMismatch.Error()},
		{"RS256.jwk", m{"oth": []any{m{"r": "AQAB"}}}, "more than two primes (oth)"},
		{"RS256.jwk", m{"n": strings.Repeat("A", 4) + strings.Repeat("_", 2732)}, "RSA key of 16392 bits"},
		{"ES256.jwk", m{"crv": "P-256K"}, `curve (crv) "P-256K" is not supported`},
		{"ES256.jwk", m{"crv": "P-384"}, "the point is not one of P-384"},
		{"ES256.jwk", m{"x": nil}, "x and y have 0 and 32 octets"},
		{"ES384.jwk", m{"crv": "P-256"}, "x and y have 48 and 48 octets: expected 32"},
		{"ES256.jwk", m{"y": ec}, "the point is not one of P-256"},
		{"ES256.jwk", m{"y": "*"}, "y: illegal base64"},
		{"ES256.jwk", m{"d": ec}, errMismatch.Error()},
		{"ES256.jwk", m{"d": strings.Repeat("_", 43)}, "out of the range of P-256"},
		{"ed25519.jwk", m{"crv": "X25519"}, `curve (crv) "X25519" is not supported`},
		{"ed25519.jwk", m{"x": nil}, "Ed25519 public key of 0 octets"},
		{"ed25519.jwk", m{"x": "*"}, "x: illegal base64"},
		{"ed25519.jwk", m{"d": member(t, "ed25519.jwk", "x")}, errMismatch.Error()},
		{"ed25519.jwk", m{"d": "AAAA"}, "Ed25519 private key of 3 octets"},
		{"ed25519.jwk", m{"d": 123456789}, "has a value of the wrong type"},
		{"x5c.jwk", m{"x5c": []string{"*"}}, "certificate 1 in x5c: illegal base64"},
		{"x5c.jwk", m{"x5c": []string{"AAAA"}}, "certificate 1 in x5c: x509"},
		{"x5c.jwk", m{"x5c": "AAAA"}, "has a value of the wrong type"},
	} {
		c, err := JWK(changed(t, vector(t, "jwk/"+row.file), row.members), Passwords{})
		require.ErrorContains(t, err, row.want, "%s %v", row.file, slices.Collect(maps.Keys(row.members)))
		assert.NotContains(t, err.Error(), "123456789")
		assert.Equal(t, Contents{}, c)
	}
	chain := map[string]any{}
	require.NoError(t, json.Unmarshal(vector(t, "jwk/x5c.jwk"), &chain))
	_, err := JWK(changed(t, vector(t, "jwk/RS256.jwk"), m{"x5c": chain["x5c"]}), Passwords{})
	require.ErrorContains(t, err, "the first certificate in x5c is that of another key")
	for _, text := range []string{"", "{", "hello", "[]", "{}{}", strings.Repeat(`{"keys":[`, 20_000), strings.Repeat(" ", maxText+1)} {
		_, err := JWK([]byte(text), Passwords{})
		require.Error(t, err)
	}
}

// Programs that leave zeros out in front, or pad base64, are understood.
func TestSloppyJWK(t *testing.T) {
	t.Parallel()
	c, err := JWK([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}`), Passwords{})
	onlyPublic(t, c, err)
	x, y := shortPoint(t)
	c, err = JWK(fmt.Appendf(nil, `{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, x, y), Passwords{})
	onlyPublic(t, c, err)
}

// shortPoint returns a point of P-256 whose x starts with a zero octet, which
// is left out: one in 256 has.
func shortPoint(t *testing.T) (x, y string) {
	t.Helper()
	for {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		point, err := key.PublicKey.Bytes()
		require.NoError(t, err)
		if point[1] == 0 {
			return base64.RawURLEncoding.EncodeToString(point[2:33]), base64.RawURLEncoding.EncodeToString(point[33:])
		}
	}
}

func b64(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }

func TestTruncatedJWK(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ES256.jwk", "RS256.pub.jwk", "set.jwks"} {
		assertNoPrefix(t, JWK, bytes.TrimSpace(vector(t, "jwk/"+name)), Passwords{})
	}
}

func TestHostileJWK(t *testing.T) {
	t.Parallel()
	hostile := hostileRSA(t)
	key := fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB","d":%q},`, b64(hostile.n), b64(hostile.d))
	for _, element := range []string{key, "{},", `{"kty":"oct"},`, `{"kty":"EC"},`} {
		set := `{"keys":[` + strings.Repeat(element, (maxText-20)/len(element))
		_ = assertCheap(t, JWK, []byte(strings.TrimSuffix(set, ",")+"]}"))
	}
}

// TestJWKMadeAfresh reads what the program jose of this machine writes.
func TestJWKMadeAfresh(t *testing.T) {
	t.Parallel()
	jose := needs.Program(t, "jose")
	for _, algorithm := range []string{"RS512", "PS256", "ES256", "ES384", "ES512"} {
		dir := t.TempDir()
		run(t, dir, jose, "jwk", "gen", "-i", `{"alg":"`+algorithm+`"}`, "-o", "k")
		run(t, dir, jose, "jwk", "pub", "-i", "k", "-o", "p")
		private, err := os.ReadFile(filepath.Join(dir, "k"))
		require.NoError(t, err)
		public, err := os.ReadFile(filepath.Join(dir, "p"))
		require.NoError(t, err)
		c, err := JWK(private, Passwords{})
		key := onlyKey(t, c, err)
		c, err = JWK(public, Passwords{})
		assert.Equal(t, key.Public(), onlyPublic(t, c, err), algorithm)
	}
}

func FuzzJWK(f *testing.F) {
	for _, name := range jwkNames {
		f.Add(vector(f, "jwk/"+name+".jwk"))
	}
	for _, name := range []string{"set.jwks", "x5c.jwk", "nocrt.jwk", "bad-oct.jwk"} {
		f.Add(vector(f, "jwk/"+name))
	}
	f.Add([]byte(rfc7517))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := JWK(data, Passwords{})
		check(t, c, err)
	})
}

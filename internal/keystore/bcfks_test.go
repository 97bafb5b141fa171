package keystore

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/ediport/ediport/internal/pbe"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var bcfksFiles = []string{"keytool.bcfks", "ccm.bcfks", "kwp.bcfks", "sha3.bcfks", "scrypt.bcfks", "scrypt-kwp.bcfks"}

func TestBCFKSFiles(t *testing.T) {
	t.Parallel()
	for _, name := range bcfksFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := vector(t, "bcfks/"+name)
			c, err := BCFKS(data, same)
			require.NoError(t, err)
			assertJavaKeys(t, c)

			_, err = BCFKS(data, Passwords{})
			require.ErrorIs(t, err, ErrNoPassword)
			_, err = BCFKS(data, Passwords{Store: "Secret", Key: "secret"})
			require.ErrorIs(t, err, ErrPassword)
			require.ErrorContains(t, err, "integrity check")
			_, err = BCFKS(data, Passwords{Store: "secret"})
			require.ErrorIs(t, err, ErrNoPassword)
			_, err = BCFKS(data, Passwords{Store: "secret", Key: "other"})
			require.ErrorIs(t, err, ErrPassword)
			require.ErrorContains(t, err, "no private key can be opened")
		})
	}
}

func TestBCFKSWithKeyPassword(t *testing.T) {
	t.Parallel()
	c, err := BCFKS(vector(t, "bcfks/key.bcfks"), Passwords{Store: "secret", Key: "ec-secret"})
	require.NoError(t, err)
	require.Len(t, c.Keys, 1)
	assertSigns(t, c.Keys[0])
	assert.Equal(t, []string{"ec"}, names(c))
	_, err = BCFKS(vector(t, "bcfks/key.bcfks"), same)
	require.ErrorIs(t, err, ErrPassword)
}

func TestSignedBCFKSIsRefused(t *testing.T) {
	t.Parallel()
	_, err := BCFKS(vector(t, "bcfks/signed.bcfks"), same)
	require.ErrorContains(t, err, "protected by a signature is not supported")
}

func TestTruncatedBCFKS(t *testing.T) {
	t.Parallel()
	data := vector(t, "bcfks/ccm.bcfks")
	assertNoPrefix(t, BCFKS, data, same)
	_, err := BCFKS(append(data, 0), same)
	require.ErrorContains(t, err, "1 octets after the end")
	all, err := JKS(vector(t, "jks/trusted.jks"), same)
	require.NoError(t, err)
	data = bcfksOf(t, bcfksObject{Data: all.Certificates[0].Raw})
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		_, err := BCFKS(damaged, same)
		require.Error(t, err, "octet %d", i)
	}
}

func TestBCFKSPasswords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "\x00p\x20\xAC\x00\x00\x00X\x00\x00", bcfksPassword("p€", "X"))
	assert.Equal(t, "\x00X\x00\x00", bcfksPassword("", "X"), "an empty password has no end")
}

// Identifiers for stores made by hand.
var (
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidHMACSHA512 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}
	oidDES        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 7}
)

func algorithm(tb testing.TB, oid asn1.ObjectIdentifier, parameters any) pkix.AlgorithmIdentifier {
	tb.Helper()
	return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: marshal(tb, parameters)}}
}

// pbkdf2Of are parameters for keys of a size.
func pbkdf2Of(tb testing.TB, iterations, size int) pkix.AlgorithmIdentifier {
	tb.Helper()
	return algorithm(tb, oidPBKDF2, struct {
		Salt             []byte
		Iterations, Size int
		PRF              pkix.AlgorithmIdentifier
	}{[]byte("salt"), iterations, size, pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA512}})
}

func raw(tb testing.TB, v any) asn1.RawValue {
	tb.Helper()
	return asn1.RawValue{FullBytes: marshal(tb, v)}
}

// sealBCFKS adds the MAC.
func sealBCFKS(tb testing.TB, data asn1.RawValue) []byte {
	tb.Helper()
	key, err := pbkdf2.Key(sha512.New, bcfksPassword("secret", bcfksIntegrity), []byte("salt"), 1, 64)
	require.NoError(tb, err)
	h := hmac.New(sha512.New, key)
	h.Write(data.FullBytes)
	check := bcfksMAC{pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA512}, pbkdf2Of(tb, 1, 64), h.Sum(nil)}
	return marshal(tb, bcfksObjectStore{data, raw(tb, check)})
}

// encryptBCFKS encrypts for a purpose, with DES, which is in the standard library.
func encryptBCFKS(tb testing.TB, plain []byte, purpose string) bcfksEncrypted {
	tb.Helper()
	key, err := pbkdf2.Key(sha512.New, bcfksPassword("secret", purpose), []byte("salt"), 1, 8)
	require.NoError(tb, err)
	scheme := algorithm(tb, oidPBES2, struct{ KDF, Encryption pkix.AlgorithmIdentifier }{
		pbkdf2Of(tb, 1, 8), algorithm(tb, oidDES, make([]byte, 8)),
	})
	block, err := des.NewCipher(key)
	require.NoError(tb, err)
	padding := 8 - len(plain)%8
	data := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, make([]byte, 8)).CryptBlocks(data, data)
	return bcfksEncrypted{scheme, data}
}

// bcfksOf makes a store of objects.
func bcfksOf(tb testing.TB, objects ...bcfksObject) []byte {
	tb.Helper()
	null := asn1.NullRawValue
	for i := range objects {
		objects[i].Created, objects[i].Modified = null, null
	}
	contents := marshal(tb, struct {
		Version           int
		MAC               pkix.AlgorithmIdentifier
		Created, Modified asn1.RawValue
		Objects           []bcfksObject
	}{1, pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA512}, null, null, objects})
	return sealBCFKS(tb, raw(tb, encryptBCFKS(tb, contents, bcfksStore)))
}

func TestBadBCFKS(t *testing.T) {
	t.Parallel()
	all, err := JKS(vector(t, "jks/all.jks"), same)
	require.NoError(t, err)
	cert := all.Certificates[0].Raw
	noKey := encryptBCFKS(t, []byte("text"), bcfksPrivateKey)
	keyOf := func(key any, chain ...asn1.RawValue) []byte {
		return marshal(t, bcfksKeyData{raw(t, key), chain})
	}
	costly := encryptBCFKS(t, nil, bcfksPrivateKey)
	costly.Algorithm = algorithm(t, oidPBES2, struct{ KDF, Encryption pkix.AlgorithmIdentifier }{
		pbkdf2Of(t, 1<<30, 8), algorithm(t, oidDES, make([]byte, 8)),
	})
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":      {nil, "not a BCFKS"},
		"large":        {make([]byte, maxStore+1), "larger than the limit of 16 MiB"},
		"check":        {marshal(t, bcfksObjectStore{raw(t, 1), raw(t, 2)}), "integrity check of the store: asn1"},
		"plain":        {sealBCFKS(t, raw(t, 1)), "encrypted part of the store: asn1"},
		"unknown":      {sealBCFKS(t, raw(t, bcfksEncrypted{algorithm(t, asn1.ObjectIdentifier{1, 2, 3}, 0), nil})), "algorithm 1.2.3 is not supported"},
		"contents":     {sealBCFKS(t, raw(t, encryptBCFKS(t, []byte("text"), bcfksStore))), "decrypted part of the store"},
		"empty":        {bcfksOf(t), "no certificate and no private key"},
		"secret keys":  {bcfksOf(t, bcfksObject{Type: 2}, bcfksObject{Type: 4}), "no certificate and no private key"},
		"many":         {bcfksOf(t, make([]bcfksObject, maxEntries+1)...), "4097 entries: the limit is 4096"},
		"certificate":  {bcfksOf(t, bcfksObject{Alias: "a"}), `entry 1 (alias "a"): certificate 1:`},
		"key":          {bcfksOf(t, bcfksObject{Type: 1, Alias: "k"}), `entry 1 (alias "k"): private key: asn1`},
		"inner key":    {bcfksOf(t, bcfksObject{Type: 1, Data: keyOf(1)}), "encrypted private key: asn1"},
		"no key":       {bcfksOf(t, bcfksObject{Type: 3, Data: keyOf(noKey)}), "not an RSA, ECDSA or Ed25519 key"},
		"chain":        {bcfksOf(t, bcfksObject{Type: 1, Data: keyOf(noKey, raw(t, 1))}), "certificate 1:"},
		"costly key":   {bcfksOf(t, bcfksObject{Type: 1, Data: keyOf(costly)}), "iteration count 1073741824"},
		"only a chain": {bcfksOf(t, bcfksObject{Type: 1, Data: keyOf(noKey, asn1.RawValue{FullBytes: cert})}), "no private key can be opened"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := BCFKS(row.data, same)
			require.ErrorContains(t, err, row.want)
			assert.Equal(t, Contents{}, c)
		})
	}
}

// The work that a store asks for is bounded over all its parts.
func TestHostileBCFKS(t *testing.T) {
	t.Parallel()
	scrypt := func(n, r, p int) pkix.AlgorithmIdentifier {
		return algorithm(t, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}, struct {
			Salt          []byte
			N, R, P, Size int
		}{nil, n, r, p, 64})
	}
	for name, row := range map[string]struct {
		kdf  pkix.AlgorithmIdentifier
		want string
	}{
		"iterations": {pbkdf2Of(t, 10_000_000, 64), "iteration count 10000000"},
		"memory":     {scrypt(1<<20, 8, 1), "the limit is 32 MiB"},
		"lanes":      {scrypt(2, 1, 1<<30), "scrypt parallelization 1073741824"},
		"twice":      {scrypt(1<<12, 60, 1), "iteration count 60"},
	} {
		check := bcfksMAC{pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA512}, row.kdf, nil}
		data := marshal(t, bcfksObjectStore{raw(t, 1), raw(t, check)})
		require.ErrorContains(t, assertCheap(t, with(BCFKS, same), data), row.want, name)
	}
}

func TestCostlyBCFKSKeys(t *testing.T) {
	t.Parallel()
	key := marshal(t, bcfksKeyData{Key: raw(t, bcfksEncrypted{
		algorithm(t, oidPBES2, struct{ KDF, Encryption pkix.AlgorithmIdentifier }{
			pbkdf2Of(t, 1000, 8), algorithm(t, oidDES, make([]byte, 8)),
		}), make([]byte, 8),
	})})
	data := bcfksOf(t, slices.Repeat([]bcfksObject{{Type: 1, Data: key}}, 3)...)
	for limit, want := range map[int]string{
		3*3000 + 6: "no private key can be opened",
		3*3000 + 5: `entry 3 (alias ""): iteration count 1000`,
	} {
		r := &bcfksReader{Passwords: same, decrypter: pbe.Decrypter{Limit: limit}}
		_, err := r.done(r.read(data))
		require.ErrorContains(t, err, want)
	}
}

func TestJavaStoresMadeAfresh(t *testing.T) {
	t.Parallel()
	needs.Program(t, "java")
	jar := filepath.FromSlash("/usr/share/java/bcprov.jar")
	dir := makeJKS(t)
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return data
	}
	c, err := JKS(read("all.jks"), same)
	require.NoError(t, err)
	assertJavaKeys(t, c)
	c, err = JKS(read("keys.jks"), Passwords{Store: "secret", Key: "ec-secret"})
	require.NoError(t, err)
	assert.Len(t, c.Keys, 1)

	needs.File(t, jar)
	script, err := filepath.Abs(filepath.FromSlash("testdata/bcfks/make.sh"))
	require.NoError(t, err)
	source := filepath.Join(filepath.Dir(script), "Bcfks.java")
	run(t, dir, needs.Program(t, "sh"), script, "base.p12", source, jar)
	for _, name := range bcfksFiles {
		c, err := BCFKS(read(name), same)
		require.NoError(t, err, name)
		assertJavaKeys(t, c)
	}
}

func FuzzBCFKS(f *testing.F) {
	for _, name := range []string{"ccm.bcfks", "kwp.bcfks", "scrypt-kwp.bcfks", "signed.bcfks"} {
		f.Add(vector(f, "bcfks/"+name), "secret")
	}
	f.Add(bcfksOf(f, bcfksObject{Type: 2}), "secret")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if len(data) > 64<<10 {
			return
		}
		pw := Passwords{Store: password, Key: password}
		// As the decrypted part of a store, data is looked at, too.
		inside := sealBCFKS(t, raw(t, encryptBCFKS(t, data, bcfksStore)))
		for _, data := range [][]byte{data, inside} {
			r := &bcfksReader{Passwords: pw, decrypter: pbe.Decrypter{Limit: 20_000}} // keeps each run short
			c, err := r.done(r.read(data))
			check(t, c, err)
		}
	})
}

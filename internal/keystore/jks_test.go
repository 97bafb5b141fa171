package keystore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// same is both passwords of a store whose keys have no others.
var same = Passwords{Store: "secret", Key: "secret"}

// with fixes the passwords of a format.
func with(read Format, pw Passwords) Format {
	return func(data []byte, _ Passwords) (Contents, error) { return read(data, pw) }
}

// names are the subjects of the certificates, in their order.
func names(c Contents) (list []string) {
	for _, cert := range c.Certificates {
		list = append(list, cert.Subject.CommonName)
	}
	return list
}

// assertJavaKeys checks what every complete store of testdata/jks and
// testdata/bcfks holds; keytool does not keep the order of entries.
func assertJavaKeys(t *testing.T, c Contents) {
	t.Helper()
	require.Len(t, c.Keys, 3)
	kinds := map[string]int{}
	for _, key := range c.Keys {
		assertSigns(t, key)
		assert.True(t, slices.ContainsFunc(c.Certificates, func(cert *x509.Certificate) bool {
			return samePublic(cert.PublicKey, key.Public())
		}))
		switch key.(type) {
		case *rsa.PrivateKey:
			kinds["rsa"]++
		case *ecdsa.PrivateKey:
			kinds["ec"]++
		case ed25519.PrivateKey:
			kinds["ed"]++
		}
	}
	assert.Equal(t, map[string]int{"rsa": 1, "ec": 1, "ed": 1}, kinds)
	got := names(c)
	assert.ElementsMatch(t, []string{"rsa", "Issuing", "Root", "ec", "ed"}, got)
	assert.Less(t, slices.Index(got, "rsa"), slices.Index(got, "Issuing"), "the chain keeps its order")
}

func TestJKSFiles(t *testing.T) {
	t.Parallel()
	data := vector(t, "jks/all.jks")
	c, err := JKS(data, same)
	require.NoError(t, err)
	assertJavaKeys(t, c)

	_, err = JKS(data, Passwords{})
	require.ErrorIs(t, err, ErrNoPassword)
	_, err = JKS(data, Passwords{Store: "Secret", Key: "secret"})
	require.ErrorIs(t, err, ErrPassword)
	require.ErrorContains(t, err, "integrity digest")
	_, err = JKS(data, Passwords{Store: "secret"})
	require.ErrorIs(t, err, ErrNoPassword)
	_, err = JKS(data, Passwords{Store: "secret", Key: "other"})
	require.ErrorIs(t, err, ErrPassword)
	require.ErrorContains(t, err, "no private key can be opened")

	c, err = JKS(vector(t, "jks/trusted.jks"), Passwords{Store: "secret"})
	require.NoError(t, err)
	assert.Equal(t, []string{"Root"}, names(c))
	assert.Empty(t, c.Keys)
}

// A password opens the keys that are under it, and leaves the others out.
func TestJKSWithKeyPasswords(t *testing.T) {
	t.Parallel()
	data := vector(t, "jks/keys.jks")
	for _, password := range []string{"rsa-secret", "ec-secret", "secret"} {
		c, err := JKS(data, Passwords{Store: "secret", Key: password})
		require.NoError(t, err)
		require.Len(t, c.Keys, 1)
		assertSigns(t, c.Keys[0])
		assert.Len(t, c.Certificates, 5, "the certificates are all there")
	}
	_, err := JKS(data, Passwords{Store: "secret", Key: "other"})
	require.ErrorIs(t, err, ErrPassword)
}

func TestJCEKSIsRefused(t *testing.T) {
	t.Parallel()
	_, err := JKS(vector(t, "jks/all.jceks"), same)
	require.ErrorContains(t, err, "a JCEKS key store is not supported: convert it")
}

func TestTruncatedJKS(t *testing.T) {
	t.Parallel()
	data := vector(t, "jks/all.jks")
	assertNoPrefix(t, JKS, data, same)
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		_, err := JKS(damaged, same)
		require.Error(t, err, "octet %d", i)
	}
	// With a digest that fits, it is the lengths that do not.
	body := data[:len(data)-sha1.Size]
	for n := len(jksMagic) + 8; n < len(body); n++ {
		_, err := JKS(sealJKS(body[:n]), same)
		require.ErrorIs(t, err, errJKSTruncated, "%d octets", n)
	}
}

// sealJKS adds the integrity digest.
func sealJKS(body []byte) []byte {
	return append(bytes.Clone(body), jksDigest("secret", []byte(jksSalt), body)...)
}

// jksOf makes a store from numbers, texts and blobs.
func jksOf(version, count uint32, fields ...any) []byte {
	b := binary.BigEndian.AppendUint32([]byte(jksMagic), version)
	b = binary.BigEndian.AppendUint32(b, count)
	for _, field := range fields {
		switch field := field.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(field))
		case string:
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(field))), field...)
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(field))), field...)
		case date:
			b = append(b, make([]byte, 8)...)
		}
	}
	return sealJKS(b)
}

type date struct{}

// protectJKS encrypts a key as Java does.
func protectJKS(t *testing.T, plain []byte) []byte {
	t.Helper()
	mask := make([]byte, sha1.Size)
	data := bytes.Clone(mask)
	for part := range slices.Chunk(plain, sha1.Size) {
		mask = jksDigest("secret", mask)
		masked := make([]byte, len(part))
		subtle.XORBytes(masked, part, mask)
		data = append(data, masked...)
	}
	return marshal(t, struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{pkix.AlgorithmIdentifier{Algorithm: jksKeyProtector}, append(data, jksDigest("secret", plain)...)})
}

func marshal(tb testing.TB, v any) []byte {
	tb.Helper()
	der, err := asn1.Marshal(v)
	require.NoError(tb, err)
	return der
}

// Version 1 has no types of certificates.
func TestJKSOfVersion1(t *testing.T) {
	t.Parallel()
	all, err := JKS(vector(t, "jks/all.jks"), same)
	require.NoError(t, err)
	key := newRSA(t, 1024)
	private, err := key.private()
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	c, err := JKS(jksOf(1, 2,
		1, "key", date{}, protectJKS(t, der), 2, all.Certificates[0].Raw, all.Certificates[1].Raw,
		2, "trusted", date{}, all.Certificates[0].Raw), same)
	require.NoError(t, err)
	require.Len(t, c.Keys, 1)
	assert.True(t, private.Equal(c.Keys[0]))
	assert.Equal(t, names(all)[:2], names(c))
}

func TestBadJKS(t *testing.T) {
	t.Parallel()
	foreign := marshal(t, struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3}}, nil})
	sized := func(size int) []byte {
		return marshal(t, struct {
			Algorithm pkix.AlgorithmIdentifier
			Data      []byte
		}{pkix.AlgorithmIdentifier{Algorithm: jksKeyProtector}, make([]byte, size)})
	}
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":          {nil, "expected FE ED FE ED"},
		"large":            {make([]byte, maxStore+1), "larger than the limit of 16 MiB"},
		"short":            {[]byte(jksMagic + "1234"), "end too early"},
		"version":          {jksOf(3, 0), "version 3 is not supported"},
		"empty":            {jksOf(2, 0), "no certificate and no private key"},
		"count":            {jksOf(2, 1<<31), "2147483648 entries: the limit is 4096"},
		"more at the end":  {jksOf(2, 0, 7), "4 octets after the last entry"},
		"kind":             {jksOf(2, 1, 3, "a\nb", date{}), `entry 1 (alias "a\nb"): entry of kind 3`},
		"certificate type": {jksOf(2, 1, 2, "a", date{}, "X.510", []byte{}), `certificate of type "X.510"`},
		"certificate":      {jksOf(2, 1, 2, "a", date{}, "X.509", []byte{0x30}), "certificate 1:"},
		"huge certificate": {jksOf(2, 1, 2, "a", date{}, "X.509", -1), "end too early"},
		"huge key":         {jksOf(2, 1, 1, "a", date{}, -1), "end too early"},
		"huge chain":       {jksOf(2, 1, 1, "a", date{}, protectJKS(t, nil), -1), "end too early"},
		"key":              {jksOf(2, 1, 1, "a", date{}, []byte{0x30}, 0), "encrypted private key:"},
		"key protection":   {jksOf(2, 1, 1, "a", date{}, foreign, 0), "key encryption 1.2.3 is not that of a JKS"},
		"short key":        {jksOf(2, 1, 1, "a", date{}, sized(39), 0), "encrypted private key of 39 octets"},
		"long key":         {jksOf(2, 1, 1, "a", date{}, sized(maxKey+41), 0), "encrypted private key of 16425 octets"},
		"no key":           {jksOf(2, 1, 1, "a", date{}, protectJKS(t, []byte("text")), 0), "not an RSA, ECDSA or Ed25519 key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := JKS(row.data, same)
			require.ErrorContains(t, err, row.want)
			assert.Equal(t, Contents{}, c)
		})
	}
}

// Keys and certificates by the thousand cost a bounded time.
func TestHostileJKS(t *testing.T) {
	t.Parallel()
	private, err := newRSA(t, 1024).private()
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	var keys, certs []any
	protected := protectJKS(t, der)
	all, err := JKS(vector(t, "jks/all.jks"), same)
	require.NoError(t, err)
	for range maxEntries {
		keys = append(keys, 1, "", date{}, protected, 0)
	}
	certs = append(certs, 1, "", date{}, protected, maxEntries+1)
	for range maxEntries + 1 {
		certs = append(certs, "X.509", all.Certificates[0].Raw)
	}
	require.ErrorContains(t, assertCheap(t, with(JKS, same), jksOf(2, maxEntries, keys...)), "512 KiB for all keys")
	require.ErrorContains(t, assertCheap(t, with(JKS, same), jksOf(2, 1, certs...)), "more than 4096 certificates")
}

// One key of another kind does not hide the others.
func TestForeignKeyInAJKS(t *testing.T) {
	t.Parallel()
	private, err := newRSA(t, 1024).private()
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	c, err := JKS(jksOf(2, 2,
		1, "dsa", date{}, protectJKS(t, []byte("text")), 0,
		1, "rsa", date{}, protectJKS(t, der), 0), same)
	assert.True(t, private.Equal(onlyKey(t, c, err)))
}

// makeJKS runs testdata/jks/make.sh in a new directory.
func makeJKS(t *testing.T) string {
	t.Helper()
	needs.Program(t, "keytool")
	script, err := filepath.Abs(filepath.FromSlash("testdata/jks/make.sh"))
	require.NoError(t, err)
	dir := t.TempDir()
	run(t, dir, needs.Program(t, "sh"), script)
	return dir
}

func FuzzJKS(f *testing.F) {
	f.Add(vector(f, "jks/all.jks"), "secret", "secret")
	f.Add(vector(f, "jks/keys.jks"), "secret", "ec-secret")
	f.Add(vector(f, "jks/trusted.jks"), "secret", "")
	f.Add(jksOf(1, 0), "secret", "")
	f.Fuzz(func(t *testing.T, data []byte, store, key string) {
		if len(data) > 64<<10 {
			return
		}
		// A digest that fits lets it reach the entries.
		for _, data := range [][]byte{data, sealJKS(data[:max(0, len(data)-sha1.Size)])} {
			c, err := JKS(data, Passwords{Store: store, Key: key})
			check(t, c, err)
		}
	})
}

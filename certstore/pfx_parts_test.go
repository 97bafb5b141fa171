package certstore

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Identifiers of bags for stores made by hand.
var (
	keyBagOID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	shroudedOID  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	certBagOID   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	secretBagOID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 5}
	nestedOID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 6}
)

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	require.NoError(t, err)
	return der
}

// explicit puts DER under the tag [0].
func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der}
}

// bag makes one safe bag.
func bag(t *testing.T, oid asn1.ObjectIdentifier, value []byte) asn1.RawValue {
	t.Helper()
	return asn1.RawValue{FullBytes: marshal(t, struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}{oid, explicit(value)})}
}

// part makes content of a type.
func part(t *testing.T, oid asn1.ObjectIdentifier, content []byte) asn1.RawValue {
	t.Helper()
	return bag(t, oid, content)
}

// pfxOf makes a store without integrity check from its parts.
func pfxOf(t *testing.T, parts ...asn1.RawValue) []byte {
	t.Helper()
	return marshal(t, struct {
		Version  int
		AuthSafe asn1.RawValue
	}{3, part(t, oidData, marshal(t, marshal(t, parts)))})
}

// plainPFX makes a store whose bags are not encrypted.
func plainPFX(t *testing.T, bags ...asn1.RawValue) []byte {
	t.Helper()
	return pfxOf(t, part(t, oidData, marshal(t, marshal(t, bags))))
}

// certBagValue is the inside of a certificate bag.
func certBagValue(t *testing.T, oid asn1.ObjectIdentifier, der []byte) []byte {
	t.Helper()
	return marshal(t, struct {
		Type asn1.ObjectIdentifier
		Data asn1.RawValue
	}{oid, explicit(marshal(t, der))})
}

func TestBagsOfEveryKind(t *testing.T) {
	t.Parallel()
	key, cert := derOf([]byte(load(t, "server.key"))), derOf([]byte(load(t, "server.pem")))
	nested := marshal(t, []asn1.RawValue{bag(t, certBagOID, certBagValue(t, oidX509Bag, cert))})
	data := plainPFX(t,
		bag(t, secretBagOID, marshal(t, 1)),
		bag(t, keyBagOID, key),
		bag(t, shroudedOID, derOf([]byte(load(t, "key-aes256.pem")))),
		bag(t, certBagOID, certBagValue(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 2}, []byte("SDSI"))),
		bag(t, nestedOID, nested),
	)
	c, err := OpenBytes(StorePFXBlob, data, "secret", "")
	require.NoError(t, err)
	assert.Equal(t, serverSubject, c.Subject())
	assert.Equal(t, load(t, "server.key"), c.PrivateKey())
}

func TestKeyPasswordOfAPFX(t *testing.T) {
	t.Parallel()
	shrouded := plainPFX(t, bag(t, shroudedOID, derOf([]byte(load(t, "key-aes256.pem")))))
	s := Source{Type: StorePFXBlob, Store: string(shrouded), Password: "store", KeyPassword: "secret"}
	c, err := s.Open()
	require.NoError(t, err)
	assert.True(t, c.PrivateKeyAvailable())

	_, err = Source{Type: StorePFXFile, Store: "testdata/modern.p12", Password: "secret", KeyPassword: "other"}.Open()
	require.ErrorIs(t, err, ErrPassword)
	require.ErrorContains(t, err, "private key 1")
}

func TestBrokenPartsOfAPFX(t *testing.T) {
	t.Parallel()
	junk := marshal(t, 1)
	unknown := marshal(t, struct {
		Version int
		Info    any
	}{0, struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
	}{oidData, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3}}}})
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"no parts":  {pfxOf(t), "no certificate and no key"},
		"part type": {pfxOf(t, part(t, asn1.ObjectIdentifier{1, 2, 3}, junk)), "type 1.2.3: only parts protected by a password"},
		"part":      {pfxOf(t, part(t, oidData, junk)), "PFX data:"},
		"bags":      {pfxOf(t, part(t, oidData, marshal(t, junk))), "PFX bags:"},
		"encrypted": {pfxOf(t, part(t, oidEncryptedData, junk)), "PFX encrypted data:"},
		"cipher":    {pfxOf(t, part(t, oidEncryptedData, unknown)), "algorithm 1.2.3 is not supported"},
		"contents": {marshal(t, struct {
			Version  int
			AuthSafe asn1.RawValue
		}{3, part(t, oidData, marshal(t, junk))}), "PFX contents:"},
		"key":           {plainPFX(t, bag(t, keyBagOID, junk)), "private key 1: neither PKCS #8"},
		"keys":          {plainPFX(t, slices.Repeat([]asn1.RawValue{bag(t, keyBagOID, derOf([]byte(load(t, "tools/openssl/pkcs1.pem"))))}, 1000)...), "private keys of more than 512 KiB"},
		"encrypted key": {plainPFX(t, bag(t, shroudedOID, junk)), "private key 1: encrypted private key:"},
		"bag":           {plainPFX(t, bag(t, certBagOID, junk)), "PFX certificate bag:"},
		"certificate":   {plainPFX(t, bag(t, certBagOID, certBagValue(t, oidX509Bag, []byte("x")))), "certificate 1:"},
		"nested":        {plainPFX(t, bag(t, nestedOID, junk)), "PFX bags:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := OpenBytes(StorePFXBlob, row.data, "", "")
			require.ErrorIs(t, err, ErrStore)
			require.ErrorContains(t, err, row.want)
		})
	}
}

// A store that asks for more work than allowed is refused before the work.
func TestCostlyPFXIsRefused(t *testing.T) {
	t.Parallel()
	r := &pfxReader{passwords: passwords{"secret", "secret"}}
	r.decrypter.Limit = 2047 // the integrity check alone asks for 2,048
	require.ErrorContains(t, r.read([]byte(load(t, "modern.p12"))), "iteration count 2048")
}

func TestSimilarPFXKeysAreNotMixedUp(t *testing.T) {
	t.Parallel()
	one, two := newKey(t), newKey(t)
	der := func(text string) []byte { return derOf([]byte(text)) }
	data := plainPFX(t,
		bag(t, certBagOID, certBagValue(t, oidX509Bag, newCert(t, two, commonName("same")).Raw)),
		bag(t, keyBagOID, der(keyPEM(t, one))),
		bag(t, keyBagOID, der(keyPEM(t, two))),
		bag(t, certBagOID, certBagValue(t, oidX509Bag, newCert(t, one, commonName("same")).Raw)),
	)
	list, err := List(StorePFXBlob, string(data), "")
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.True(t, two.Equal(list[0].Signer()))
	assert.True(t, one.Equal(list[1].Signer()))
}

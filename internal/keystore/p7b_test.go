package keystore

import (
	"crypto/x509"
	"encoding/asn1"
	"os"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mozilla.org/pkcs7"
)

var p7bFiles = map[string][]string{
	"certs.p7b":      {"leaf", "Root"},
	"crl.p7b":        {"Root"},
	"signed-ber.p7m": {"leaf", "Root"},
	"detached.p7s":   {"leaf", "Root"},
}

func TestP7BFiles(t *testing.T) {
	t.Parallel()
	for name, want := range p7bFiles {
		c, err := P7B(vector(t, "p7b/"+name), Passwords{})
		require.NoError(t, err, name)
		assert.ElementsMatch(t, want, names(c), name)
		assert.Empty(t, c.Keys)

		// A second opinion.
		p7, err := pkcs7.Parse(vector(t, "p7b/"+name))
		require.NoError(t, err, name)
		assert.Equal(t, p7.Certificates, c.Certificates, name)
	}
	c, err := P7B(vector(t, "p7b/certs.p7b"), Passwords{})
	require.NoError(t, err)
	assert.Equal(t, []string{"leaf", "Root"}, names(c), "in the order of the bundle")
}

func TestP7BFromAnotherWriter(t *testing.T) {
	t.Parallel()
	all, err := P7B(vector(t, "p7b/certs.p7b"), Passwords{})
	require.NoError(t, err)
	data, err := pkcs7.DegenerateCertificate(all.Certificates[1].Raw)
	require.NoError(t, err)
	c, err := P7B(data, Passwords{})
	require.NoError(t, err)
	assert.Equal(t, []*x509.Certificate{all.Certificates[1]}, c.Certificates)
}

func TestTruncatedP7B(t *testing.T) {
	t.Parallel()
	for name := range p7bFiles {
		assertNoPrefix(t, P7B, vector(t, "p7b/"+name), Passwords{})
	}
}

// p7bOf makes a SignedData whose certificates are given with their tags.
func p7bOf(tb testing.TB, oid asn1.ObjectIdentifier, choices ...[]byte) []byte {
	tb.Helper()
	var set []byte
	for _, choice := range choices {
		set = append(set, choice...)
	}
	empty := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true}
	context := func(der []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der}
	}
	signed := marshal(tb, struct {
		Version                                int
		Digests, Content, Certificates, Signed asn1.RawValue
	}{1, empty, raw(tb, []asn1.ObjectIdentifier{{1, 2}}), context(set), empty})
	return marshal(tb, struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{oid, context(signed)})
}

func TestBadP7B(t *testing.T) {
	t.Parallel()
	all, err := P7B(vector(t, "p7b/certs.p7b"), Passwords{})
	require.NoError(t, err)
	cert := all.Certificates[0].Raw
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":       {nil, "not a PKCS #7 in BER or DER"},
		"text":          {[]byte("hello"), "not a PKCS #7 in BER or DER"},
		"number":        {marshal(t, 1), "not a PKCS #7: asn1"},
		"encrypted":     {vector(t, "p7b/encrypted.p7m"), "content type 1.2.840.113549.1.7.3: only SignedData"},
		"no content":    {marshal(t, []asn1.ObjectIdentifier{oidSignedData}), "PKCS #7 SignedData: asn1"},
		"only CRLs":     {vector(t, "p7b/empty.p7b"), "no certificate in the PKCS #7"},
		"empty":         {p7bOf(t, oidSignedData), "no certificate in the PKCS #7"},
		"other choices": {p7bOf(t, oidSignedData, []byte{0xA2, 0}, []byte{0xA3, 0}), "no certificate in the PKCS #7"},
		"certificate":   {p7bOf(t, oidSignedData, cert, []byte{0x30, 0}), "certificate 2:"},
	} {
		c, err := P7B(row.data, Passwords{})
		require.ErrorContains(t, err, row.want, name)
		assert.Equal(t, Contents{}, c, name)
	}
	c, err := P7B(p7bOf(t, oidSignedData, []byte{0xA2, 0}, cert, cert), Passwords{})
	require.NoError(t, err)
	assert.Equal(t, []string{"leaf"}, names(c), "what is there twice counts once")
}

// The input that ends the process of go.mozilla.org/pkcs7, and more of its kind.
func TestHostileP7B(t *testing.T) {
	t.Parallel()
	deep := make([]byte, 8<<20)
	for i := range deep {
		deep[i] = []byte{0x30, 0x80}[i%2]
	}
	require.ErrorContains(t, assertCheap(t, with(P7B, Passwords{}), deep), "nested more than 32 deep")
	require.ErrorContains(t, assertCheap(t, with(P7B, Passwords{}), make([]byte, 17<<20)), "larger than the limit of 16 MiB")

	all, err := P7B(vector(t, "p7b/certs.p7b"), Passwords{})
	require.NoError(t, err)
	certs := make([][]byte, maxEntries+1)
	for i := range certs {
		certs[i] = all.Certificates[0].Raw
	}
	require.ErrorContains(t, assertCheap(t, with(P7B, Passwords{}), p7bOf(t, oidSignedData, certs...)), "more than 4096 certificates")
}

func TestP7BMadeAfresh(t *testing.T) {
	t.Parallel()
	needs.Program(t, "openssl")
	script, err := filepath.Abs(filepath.FromSlash("testdata/p7b/make.sh"))
	require.NoError(t, err)
	dir := t.TempDir()
	run(t, dir, needs.Program(t, "sh"), script)
	for name, want := range p7bFiles {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		c, err := P7B(data, Passwords{})
		require.NoError(t, err, name)
		assert.ElementsMatch(t, want, names(c), name)
	}
}

func FuzzP7B(f *testing.F) {
	for name := range p7bFiles {
		f.Add(vector(f, "p7b/"+name))
	}
	f.Add(vector(f, "p7b/encrypted.p7m"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := P7B(data, Passwords{})
		check(t, c, err)
	})
}

package certstore

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"
)

func TestPFXFiles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		file, password string
		chain          int
	}{
		{"modern.p12", "secret", 3},
		{"legacy-rc2.p12", "secret", 1},
		{"legacy-3des.p12", "secret", 1},
		{"legacy-2des.p12", "secret", 1},
		{"sha384.p12", "secret", 1},
		{"nomac.p12", "secret", 1},
		{"plain-bags.p12", "secret", 1},
		{"fast.p12", "secret", 1},
		{"empty-password.p12", "", 1},
		{"unicode-password.p12", "pässwörd€", 1},
	} {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			name := "testdata/" + row.file
			c, err := Open(StorePFXFile, name, row.password, "www.server.com")
			require.NoError(t, err)
			assert.Equal(t, serverSubject, c.Subject())
			assert.Equal(t, load(t, "server.key"), c.PrivateKey())
			assert.Len(t, c.Chain(), row.chain)
			assert.Equal(t, name, c.Store())

			_, err = Open(StorePFXFile, name, "wrong", "")
			require.ErrorIs(t, err, ErrPassword)
			require.ErrorIs(t, err, ErrStore)
			require.ErrorContains(t, err, row.file)
			assert.NotContains(t, err.Error(), `"wrong"`)
		})
	}
}

func TestPFXWithSeveralKeys(t *testing.T) {
	t.Parallel()
	list, err := List(StorePFXFile, "testdata/two-keys.p12", "secret")
	require.NoError(t, err)
	require.Len(t, list, 2)
	for i, name := range []string{"CN=one, O=Ediport Test", "CN=two, O=Ediport Test"} {
		assert.Equal(t, name, list[i].Subject())
		assert.True(t, list[i].PrivateKeyAvailable())
		c, err := Open(StorePFXBlob, load(t, "two-keys.p12"), "secret", name)
		require.NoError(t, err)
		assert.Equal(t, list[i].PrivateKey(), c.PrivateKey())
	}
}

func TestPFXWithCertificatesOnly(t *testing.T) {
	t.Parallel()
	list, err := List(StorePFXFile, "testdata/certs-only.p12", "secret")
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "CN=Test Issuing, O=Ediport Test, C=DE", list[0].Subject())
	assert.Len(t, list[0].Chain(), 2)
	assert.False(t, list[0].PrivateKeyAvailable())
	_, err = list[0].TLSCertificate()
	require.ErrorContains(t, err, "no private key")
}

// An independent writer, with every one of its profiles.
func TestPFXFromAnotherWriter(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	cert := newCert(t, key, commonName("writer"))
	for name, encoder := range map[string]*pkcs12.Encoder{
		"LegacyRC2":  pkcs12.LegacyRC2,
		"LegacyDES":  pkcs12.LegacyDES,
		"Modern2023": pkcs12.Modern2023,
		"Modern2026": pkcs12.Modern2026, // PBMAC1
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := encoder.Encode(key, cert, nil, "secret")
			require.NoError(t, err)
			c, err := OpenBytes(StorePFXBlob, data, "secret", "writer")
			require.NoError(t, err)
			assert.True(t, key.Equal(c.Signer()))
			_, err = OpenBytes(StorePFXBlob, data, "Secret", "writer")
			require.ErrorIs(t, err, ErrPassword)
		})
	}
	data, err := pkcs12.Passwordless.Encode(key, cert, nil, "")
	require.NoError(t, err)
	c, err := Open(StorePFXBlob, base64.StdEncoding.EncodeToString(data), "", "")
	require.NoError(t, err)
	assert.True(t, key.Equal(c.Signer()))
}

func TestTruncatedPFX(t *testing.T) {
	t.Parallel()
	data := load(t, "two-keys.p12")
	for n := range data {
		_, err := Open(StorePFXBlob, data[:n], "secret", "")
		require.Error(t, err, "%d octets", n)
	}
}

func TestBadPFX(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"no DER":    {[]byte("hello"), "not a PFX:"},
		"BER":       {[]byte{0x30, 0x80, 0x02, 0x01, 0x03, 0, 0}, "not a PFX: asn1"},
		"half BER":  {[]byte{0x30, 0x80, 0x02, 0x01, 0x03, 0}, "not a PFX: the data ends inside"},
		"version":   {[]byte{0x30, 0x08, 0x02, 0x01, 0x04, 0x30, 0x03, 0x06, 0x01, 0x2A}, "PFX version 4"},
		"signed":    {[]byte{0x30, 0x08, 0x02, 0x01, 0x03, 0x30, 0x03, 0x06, 0x01, 0x2A}, "type 1.2"},
		"too large": {make([]byte, maxStore+1), "larger than the limit of 16 MiB"},
	} {
		_, err := OpenBytes(StorePFXBlob, row.data, "", "")
		require.ErrorContains(t, err, row.want, name)
		assert.Equal(t, 271, err.(*Error).Code)
	}
}

// Bags inside bags end somewhere.
func TestDeepBagsAreRefused(t *testing.T) {
	t.Parallel()
	inner := []byte{0x30, 0x00}
	oid := []byte{0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x0A, 0x01, 0x06}
	for range maxBagDepth {
		inner = tlv(0x30, tlv(0x30, append(append([]byte{}, oid...), tlv(0xA0, inner)...)))
	}
	require.NoError(t, new(pfxReader).safeContents(inner, 0))
	require.ErrorContains(t, new(pfxReader).safeContents(inner, 1), "nested too deeply")
}

// tlv encodes up to 127 octets.
func tlv(tag byte, value []byte) []byte { return append([]byte{tag, byte(len(value))}, value...) }

func FuzzPFX(f *testing.F) {
	for _, name := range []string{"bare.p12", "fast.p12", "nomac.p12", "plain-bags.p12", "legacy-rc2.p12", "bouncycastle.p12"} {
		f.Add([]byte(load(f, name)), "secret")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if len(data) > 64<<10 {
			return
		}
		r := &pfxReader{passwords: passwords{password, password}}
		r.decrypter.Limit = 10_000 // keeps each run short
		if err := r.read(data); err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.LessOrEqual(t, len(r.entries()), len(data))
	})
}

package certstore

import (
	"encoding/asn1"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What keytool writes with the provider of Bouncy Castle is in BER throughout.
func TestPFXOfBouncyCastle(t *testing.T) {
	t.Parallel()
	data := load(t, "bouncycastle.p12")
	require.Equal(t, byte(0x80), data[1], "an indefinite length")
	list, err := List(StorePFXBlob, data, "secret")
	require.NoError(t, err)
	var keys []string
	for _, c := range list {
		if c.PrivateKeyAvailable() {
			keys = append(keys, c.Subject())
		}
	}
	assert.ElementsMatch(t, []string{"CN=rsa", "CN=ec", "CN=ed"}, keys)
	c, err := Open(StorePFXBlob, data, "secret", "CN=rsa")
	require.NoError(t, err)
	assert.Len(t, c.Chain(), 3)

	_, err = Open(StorePFXBlob, data, "wrong", "")
	require.ErrorIs(t, err, ErrPassword)
	for n := range data {
		_, err := Open(StorePFXBlob, data[:n], "secret", "")
		require.Error(t, err, "%d octets", n)
	}
}

// toBER writes DER anew with indefinite lengths and in segments. The contents
// of OCTET STRINGs are passed through inside, if there is such a function.
func toBER(t *testing.T, der []byte, inside func([]byte) []byte) []byte {
	t.Helper()
	var out []byte
	for rest := der; len(rest) > 0; {
		var v asn1.RawValue
		var err error
		rest, err = asn1.Unmarshal(rest, &v)
		require.NoError(t, err)
		octets := v.Class == asn1.ClassUniversal && v.Tag == asn1.TagOctetString
		hidden := v.Class == asn1.ClassContextSpecific && !v.IsCompound // encrypted content
		switch {
		case octets || hidden:
			content := v.Bytes
			if octets && inside != nil {
				content = inside(content)
			}
			out = append(out, v.FullBytes[0]|0x20, 0x80)
			for segment := range slices.Chunk(content, 100) {
				out = append(append(out, 0x04, byte(len(segment))), segment...)
			}
			out = append(out, 0, 0)
		case v.IsCompound:
			out = append(append(append(out, v.FullBytes[0], 0x80), toBER(t, v.Bytes, inside)...), 0, 0)
		default:
			out = append(out, v.FullBytes...)
		}
	}
	return out
}

func TestPFXInBER(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"modern.p12", "legacy-rc2.p12", "legacy-3des.p12", "sha384.p12", "nomac.p12", "plain-bags.p12", "bare.p12"} {
		data := toBER(t, []byte(load(t, name)), nil)
		c, err := OpenBytes(StorePFXBlob, data, "secret", "www.server.com")
		require.NoError(t, err, name)
		assert.Equal(t, load(t, "server.key"), c.PrivateKey(), name)
	}
	// Without an integrity check, the layers inside can be written anew, too.
	layer := func(inside func([]byte) []byte) func([]byte) []byte {
		return func(der []byte) []byte { return toBER(t, der, inside) }
	}
	for name, layers := range map[string]func([]byte) []byte{
		"nomac.p12": layer(nil),
		"bare.p12":  layer(layer(nil)),
	} {
		data := toBER(t, []byte(load(t, name)), layers)
		c, err := OpenBytes(StorePFXBlob, data, "secret", "www.server.com")
		require.NoError(t, err, name)
		assert.Equal(t, load(t, "server.key"), c.PrivateKey(), name)
	}
}

func TestBadSegmentsInAPFX(t *testing.T) {
	t.Parallel()
	content := asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: marshal(t, 1)}
	info := marshal(t, struct {
		Version int
		Info    any
	}{0, struct {
		Type      asn1.ObjectIdentifier
		Algorithm any
		Content   asn1.RawValue
	}{oidData, []asn1.ObjectIdentifier{{1, 2, 3}}, content}})
	_, err := OpenBytes(StorePFXBlob, pfxOf(t, part(t, oidEncryptedData, info)), "", "")
	require.ErrorContains(t, err, "PFX encrypted data: an OCTET STRING has a segment that is none")
}

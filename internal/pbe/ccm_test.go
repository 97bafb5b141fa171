package pbe

import (
	"encoding/asn1"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// count returns octets that count up from first.
func count(first byte, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	require.NoError(t, err)
	return der
}

// The ciphertexts come from Bouncy Castle 1.72: key 00 01 .., nonce 20 21 ..,
// plaintext 40 41 ...
var ccmRows = []struct {
	key, nonce, tag, size int
	want                  string
}{
	{16, 7, 4, 0, "a3362406"},
	{16, 13, 8, 24, "2af4d0857f37e8267afc963d186a542c4cbadcf8221b37c014f98c18a85d28f3"},
	{24, 12, 16, 32, "5b17d5cb7e9324706137fa68422605ad096c7fcb7ad38e3b842dc815d2fae920451dd51b72ea4b6b86afe99b5aeabc23"},
	{32, 12, 8, 33, "bc33a6a82ef83a171e9aca5e9d54d1b968d9cadaac69527494c2769abae685533113467f42e5da1121"},
	{32, 11, 12, 1, "dfb2eb886fc228d072bf2b7140"},
}

func TestCCM(t *testing.T) {
	t.Parallel()
	for _, row := range ccmRows {
		decrypt, err := ccm(count(0, row.key), marshal(t, ccmParams{count(0x20, row.nonce), row.tag}))
		require.NoError(t, err)
		data := unhex(t, row.want)
		plain, err := decrypt(data)
		require.NoError(t, err)
		assert.Equal(t, count(0x40, row.size), plain)
		for i := range data {
			data[i] ^= 1
			_, err := decrypt(data)
			require.ErrorIs(t, err, ErrPassword)
			data[i] ^= 1
		}
		for n := range data {
			_, err := decrypt(data[:n])
			require.Error(t, err)
		}
	}
}

func TestBadCCM(t *testing.T) {
	t.Parallel()
	for want, params := range map[string]any{
		"AES-CCM parameters":          1,
		"AES-CCM nonce of 6 octets":   ccmParams{make([]byte, 6), 8},
		"AES-CCM nonce of 14 octets":  ccmParams{make([]byte, 14), 8},
		"AES-CCM tag of 2 octets":     ccmParams{make([]byte, 12), 2},
		"AES-CCM tag of 9 octets":     ccmParams{make([]byte, 12), 9},
		"AES-CCM tag of 18 octets":    ccmParams{make([]byte, 12), 18},
		"AES-CCM tag of -4 octets":    ccmParams{make([]byte, 12), -4},
		"AES-CCM tag of 65544 octets": ccmParams{make([]byte, 12), 65544},
	} {
		_, err := ccm(make([]byte, 16), marshal(t, params))
		require.ErrorContains(t, err, want)
	}
	_, err := ccm(make([]byte, 5), marshal(t, ccmParams{make([]byte, 12), 8}))
	require.Error(t, err, "a key of 5 octets")

	// Thirteen octets of nonce leave two for the length.
	decrypt, err := ccm(make([]byte, 16), marshal(t, ccmParams{make([]byte, 13), 8}))
	require.NoError(t, err)
	_, err = decrypt(make([]byte, 1<<16+8))
	require.ErrorContains(t, err, "length that cannot be")
	_, err = decrypt(make([]byte, 1<<16+7))
	require.ErrorIs(t, err, ErrPassword)
}

// The tag has 12 octets when the parameters do not say.
func TestCCMTagByDefault(t *testing.T) {
	t.Parallel()
	decrypt, err := ccm(count(0, 32), marshal(t, struct{ Nonce []byte }{count(0x20, 11)}))
	require.NoError(t, err)
	plain, err := decrypt(unhex(t, ccmRows[4].want))
	require.NoError(t, err)
	assert.Equal(t, []byte{0x40}, plain)
}

// The rows of RFC 5649, section 6.
func TestKeyWrap(t *testing.T) {
	t.Parallel()
	decrypt, err := keyWrap(unhex(t, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"), nil)
	require.NoError(t, err)
	for plain, wrapped := range map[string]string{
		"c37b7e6492584340bed12207808941155068f738": "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
		"466f7250617369": "afbeb0f07dfbf5419200f2ccb50bb24f",
	} {
		data := unhex(t, wrapped)
		got, err := decrypt(data)
		require.NoError(t, err)
		assert.Equal(t, unhex(t, plain), got)
		assert.Equal(t, unhex(t, wrapped), data, "the input is left alone")
		for i := range data {
			data[i] ^= 0x80
			_, err := decrypt(data)
			require.ErrorIs(t, err, ErrPassword)
			data[i] ^= 0x80
		}
		for n := range data {
			_, err := decrypt(data[:n])
			require.Error(t, err)
		}
	}
	_, err = keyWrap(make([]byte, 5), nil)
	require.Error(t, err, "a key of 5 octets")
}

package ber

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unhex reads octets with spaces between them.
func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(tb, err)
	return b
}

var conversions = []struct{ name, ber, der string }{
	{"DER stays", "30 06 02 01 05 04 01 61", "30 06 02 01 05 04 01 61"},
	{"empty", "30 00", "30 00"},
	{"indefinite", "30 80 02 01 05 00 00", "30 03 02 01 05"},
	{"empty and indefinite", "30 80 00 00", "30 00"},
	{"indefinite twice", "30 80 A0 80 05 00 00 00 02 01 07 00 00", "30 07 A0 02 05 00 02 01 07"},
	{"definite inside indefinite", "30 80 30 03 02 01 01 00 00", "30 05 30 03 02 01 01"},
	{"indefinite inside definite", "30 07 30 80 02 01 01 00 00", "30 05 30 03 02 01 01"},
	{"zeros that are a value", "30 80 04 02 00 00 00 00", "30 04 04 02 00 00"},
	{"long length", "30 81 03 02 01 05", "30 03 02 01 05"},
	{"longest length", "30 84 00 00 00 03 02 01 05", "30 03 02 01 05"},
	{"segments", "24 80 04 01 61 04 02 62 63 00 00", "04 03 61 62 63"},
	{"segments of a definite length", "24 07 04 01 61 04 02 62 63", "04 03 61 62 63"},
	{"segments of segments", "24 80 24 80 04 01 61 00 00 04 00 24 03 04 01 62 00 00", "04 02 61 62"},
	{"no segments", "24 80 00 00", "04 00"},
	{"segments in a sequence", "30 80 24 80 04 01 61 00 00 02 01 01 00 00", "30 06 04 01 61 02 01 01"},
	{"segments under an implicit tag", "A0 80 04 01 61 04 01 62 00 00", "A0 06 04 01 61 04 01 62"},
	{"what only looks like segments", "30 80 64 03 02 01 01 00 00", "30 05 64 03 02 01 01"},
	{"values are not looked at", "30 80 01 01 01 31 06 02 01 02 02 01 01 00 00", "30 0B 01 01 01 31 06 02 01 02 02 01 01"},
}

func TestDER(t *testing.T) {
	t.Parallel()
	for _, row := range conversions {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			input := unhex(t, row.ber)
			der, err := DER(input)
			require.NoError(t, err)
			assert.Equal(t, unhex(t, row.der), der)
			assert.Equal(t, unhex(t, row.ber), input, "the input is left alone")
			again, err := DER(der)
			require.NoError(t, err)
			assert.Equal(t, der, again)
			for n := range input {
				_, err := DER(input[:n])
				require.Error(t, err, "%d octets", n)
			}
			_, err = DER(append(input, 5))
			require.ErrorContains(t, err, "1 octets after the end")
		})
	}
}

func TestBadBER(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ ber, want string }{
		"nothing":              {"", "ends inside"},
		"primitive indefinite": {"04 80 61 00 00", "indefinite length of a primitive"},
		"stray end":            {"30 02 00 00", "end of contents where none belongs"},
		"no end":               {"30 80 02 01 05", "ends inside"},
		"half an end":          {"30 80 02 01 05 00", "ends inside"},
		"high tag":             {"30 03 1F 20 00", "tag number above 30"},
		"length of length":     {"30 85 00 00 00 00 00", "length of 5 octets"},
		"2 GiB":                {"30 84 80 00 00 00 00", "ends inside"},
		"all ones":             {"30 84 FF FF FF FF 00", "ends inside"},
		"inner too long":       {"30 03 04 02 61 62", "ends inside"},
		"inner length cut":     {"30 02 04 82", "ends inside"},
		"foreign segment":      {"24 80 02 01 05 00 00", "a segment that is none"},
		"foreign inner":        {"24 80 24 80 0C 01 61 00 00 00 00", "a segment that is none"},
		"segment cut":          {"24 80 04 05 61 00 00", "ends inside"},
	} {
		_, err := DER(unhex(t, row.ber))
		require.ErrorContains(t, err, row.want, name)
	}
}

// Lengths around each border of the encoding.
func TestLengths(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 20} {
		want, err := asn1.Marshal(bytes.Repeat([]byte{'x'}, size))
		require.NoError(t, err)
		half := size / 2
		segments := append([]byte{0x24, 0x80}, append([]byte{4}, appendLength(nil, half)...)...)
		segments = append(segments, bytes.Repeat([]byte{'x'}, half)...)
		segments = append(append(segments, 4), appendLength(nil, size-half)...)
		segments = append(append(segments, bytes.Repeat([]byte{'x'}, size-half)...), 0, 0)
		got, err := DER(segments)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%d octets", size)
	}
}

func TestOctets(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ der, want string }{
		{"80 02 61 62", "61 62"},
		{"A0 06 04 01 61 04 01 62", "61 62"},
		{"A0 00", ""},
	} {
		var v asn1.RawValue
		_, err := asn1.Unmarshal(unhex(t, row.der), &v)
		require.NoError(t, err)
		got, err := Octets(v)
		require.NoError(t, err)
		assert.Equal(t, row.want, strings.TrimSpace(strings.ToUpper(spaced(got))))
	}
	_, err := Octets(asn1.RawValue{IsCompound: true, Bytes: []byte{2, 1, 1}})
	require.ErrorContains(t, err, "a segment that is none")
	_, err = Octets(asn1.RawValue{IsCompound: true, Bytes: []byte{4, 2, 1}})
	require.ErrorContains(t, err, "ends inside")
}

func spaced(b []byte) string {
	var s strings.Builder
	for _, octet := range b {
		s.WriteString(hex.EncodeToString([]byte{octet}) + " ")
	}
	return s.String()
}

// Input that has made other readers overflow their stack or their clock.
func TestHostileBER(t *testing.T) {
	t.Parallel()
	small := bytes.Repeat([]byte{4, 1, 'x'}, 1<<20)
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"deep":          {bytes.Repeat([]byte{0x30, 0x80}, 4<<20), "nested more than 32 deep"},
		"deep segments": {bytes.Repeat([]byte{0x24, 0x80}, 4<<20), "nested more than 32 deep"},
		"many":          {append([]byte{0x30, 0x80}, bytes.Repeat([]byte{5, 0}, 2<<20)...), "more than 1048576 elements"},
		"many segments": {append([]byte{0x24, 0x80}, small...), "more than 1048576 elements"},
		"large":         {make([]byte, maxSize+1), "larger than the limit of 16 MiB"},
	} {
		_, err := DER(row.data)
		require.ErrorContains(t, err, row.want, name)
	}
}

// The deepest that is taken, around as much as fits: the work stays linear in
// both.
func TestDeepAndLarge(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte{0x30, 0x80}, maxDepth)
	data = append(append(data, 4), appendLength(nil, 15<<20)...)
	data = append(append(data, make([]byte, 15<<20)...), bytes.Repeat(endOfContents, maxDepth)...)
	der, err := DER(data)
	require.NoError(t, err)
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	require.NoError(t, err)
	assert.Empty(t, rest)
}

func FuzzDER(f *testing.F) {
	for _, row := range conversions {
		f.Add(unhex(f, row.ber))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		der, err := DER(data)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := DER(der)
		require.NoError(t, err)
		require.Equal(t, der, again)
		require.LessOrEqual(t, len(der), len(data)+maxDepth*(2+len(data)>>16))
		var v asn1.RawValue
		if _, err := asn1.Unmarshal(der, &v); err == nil {
			_, _ = Octets(v)
		}
	})
}

package cms

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScannerKeepsDER(t *testing.T) {
	t.Parallel()
	for octets, want := range map[string]string{
		"02 01 05":                                 "02 01 05",
		"02 84 00 00 00 01 05":                     "02 01 05",
		"30 80 02 01 05 00 00":                     "30 03 02 01 05",
		"30 80 30 80 00 00 05 00 00 00":            "30 04 30 00 05 00",
		"24 80 04 01 61 24 80 04 01 62 00 00 0000": "04 02 61 62",
		"30 04 30 80 00 00":                        "30 02 30 00",
	} {
		s := newScanner(bytes.NewReader(unhex(t, octets)))
		der, err := s.element()
		require.NoError(t, err, octets)
		assert.Equal(t, unhex(t, want), der)
		assert.EqualValues(t, len(unhex(t, octets)), s.pos)
		assert.Empty(t, s.levels)
	}
}

func TestScannerGoesInAndOut(t *testing.T) {
	t.Parallel()
	for _, octets := range []string{"30 05 31 03 02 01 07", "30 80 31 80 02 01 07 00 00 00 00", "30 07 31 80 02 01 07 00 00", "30 80 31 03 02 01 07 00 00"} {
		s := newScanner(bytes.NewReader(unhex(t, octets)))
		require.NoError(t, s.enter(idSequence))
		require.NoError(t, s.enter(idSet))
		require.ErrorIs(t, s.leave(1), Malformed, "there is a number yet")
		id, err := s.next()
		require.NoError(t, err)
		assert.EqualValues(t, idInteger, id)
		_, err = s.elementOf(idOID)
		require.ErrorIs(t, err, Malformed)
		_, err = s.elementOf(idInteger)
		require.NoError(t, err)
		id, err = s.next()
		require.NoError(t, err)
		assert.Zero(t, id)
		require.NoError(t, s.leave(2))
	}
}

// What element keeps is limited as a whole, and what it skips is not.
func TestScannerKeepsSoMuch(t *testing.T) {
	t.Parallel()
	big := append(appendHeader(nil, idOctetString, maxSmall-100), make([]byte, maxSmall-100)...)
	s := newScanner(io.MultiReader(bytes.NewReader(big), bytes.NewReader(big), bytes.NewReader(big)))
	_, err := s.element()
	require.NoError(t, err)
	require.NoError(t, s.skip())
	_, err = s.element()
	require.ErrorIs(t, err, TooLarge)

	s = newScanner(bytes.NewReader(unhex(t, "30 84 7F FF FF FF")))
	_, err = s.element()
	require.ErrorIs(t, err, TooLarge, "nothing is allocated for what is announced")
}

func TestContentInAllForms(t *testing.T) {
	t.Parallel()
	for octets, want := range map[string]string{
		"04 00":                                 "",
		"04 03 61 62 63":                        "abc",
		"04 81 03 61 62 63":                     "abc",
		"24 80 00 00":                           "",
		"24 00":                                 "",
		"24 80 04 01 61 04 00 04 02 62 63 0000": "abc",
		"24 07 04 01 61 04 02 62 63":            "abc",
		"24 80 24 05 04 01 61 04 00 24 80 24 80 04 02 62 63 0000 0000 0000": "abc",
		"24 0B 24 80 04 01 61 00 00 04 02 62 63":                            "abc",
	} {
		data := append(unhex(t, "30 80 "+octets), 0, 0)
		s := newScanner(bytes.NewReader(data))
		require.NoError(t, s.enter(idSequence))
		c, err := openContent(s, idOctetString)
		require.NoError(t, err, octets)
		got, err := io.ReadAll(c)
		require.NoError(t, err, octets)
		assert.Equal(t, want, string(got), octets)
		require.NoError(t, s.leave(1), octets)
	}
}

// Heads of packages, written by hand from the syntax of RFC 5652 and RFC 3274.
func TestFrames(t *testing.T) {
	t.Parallel()
	f, err := newFrame(Data)
	require.NoError(t, err)
	f.content, f.size = idOctetString, 3
	assert.Equal(t, unhex(t, "30 12 06 09 2A864886F70D010701 A0 05 04 03"), f.head())
	assert.EqualValues(t, 20, f.length())
	assert.Empty(t, f.tail())
	f.size = indefinite
	assert.Equal(t, unhex(t, headData+"24 80"), f.head())
	assert.Equal(t, make([]byte, 6), f.tail())

	f, err = newFrame(SignedData, layer{id: idSequence, before: []byte{1}, after: []byte{2, 3}})
	require.NoError(t, err)
	f.size = 0
	assert.Equal(t, unhex(t, "30 12 06 09 2A864886F70D010702 A0 05 30 03 01"), f.head())
	assert.Equal(t, []byte{2, 3}, f.tail())

	packed := produce(t, []byte("x"), compresses(6))
	assert.True(t, bytes.HasPrefix(packed, unhex(t, headCompressed+zlibData+"A0 80 24 80 04")), "%X", packed)
	assert.True(t, bytes.HasSuffix(packed, make([]byte, 12)))
}

// Lengths around each border of their encoding.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for length, want := range map[int64]string{
		0: "04 00", 127: "04 7F", 128: "04 81 80", 255: "04 81 FF", 256: "04 82 01 00", 65535: "04 82 FF FF", 65536: "04 83 01 00 00",
		1 << 31: "04 84 80 00 00 00", 1 << 40: "04 86 01 00 00 00 00 00", 1<<63 - 1: "04 88 7F FF FF FF FF FF FF FF",
	} {
		b := appendHeader(nil, idOctetString, length)
		assert.Equal(t, unhex(t, want), b)
		h, err := newScanner(bytes.NewReader(b)).header()
		if length == 1<<63-1 {
			require.ErrorIs(t, err, Malformed, "longer than anything can be at its place")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, header{idOctetString, length}, h)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{
		0: "", 1: "1:04 01", 127: "127:04 7F", 200: "200:04 81 C8", segmentSize - 1: "65535:04 82 FF FF", segmentSize: "65536:04 83 01 00 00",
		segmentSize + 1: "65536:04 83 01 00 00,1:04 01",
	} {
		var got bytes.Buffer
		s := newSegments(&got, &frame{size: indefinite})
		_, err := s.Write(make([]byte, size))
		require.NoError(t, err)
		require.NoError(t, s.flush())
		var expected []byte
		for part := range strings.SplitSeq(want, ",") {
			var n int
			octets, head, found := strings.Cut(part, ":")
			if found {
				_, err := fmt.Sscan(octets, &n)
				require.NoError(t, err)
			}
			expected = append(append(expected, unhex(t, head)...), make([]byte, n)...)
		}
		assert.True(t, bytes.Equal(expected, got.Bytes()), "%d octets", size)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fail(BadSignature, "of %s: %w", "alice", cause)
	require.EqualError(t, err, "cms: of alice: cause")
	require.ErrorIs(t, err, cause)
	require.ErrorIs(t, err, BadSignature)
	require.NotErrorIs(t, err, UnknownSigner)
	wrapped := fmt.Errorf("file FOX: %w", err)
	require.ErrorIs(t, wrapped, BadSignature)
	assert.Equal(t, BadSignature, ReasonOf(wrapped))
	assert.Zero(t, ReasonOf(cause))
	assert.Zero(t, ReasonOf(nil))
	require.EqualError(t, NotForUs, "not encrypted for us")
	require.EqualError(t, Reason(0), "reason 0")
	require.EqualError(t, Reason(99), "reason 99")
	for r := Malformed; r <= BadSignature; r++ {
		assert.NotContains(t, r.Error(), "reason")
	}
	assert.Equal(t, "SignedData", SignedData.String())
	assert.Equal(t, "other content", Other.String())
}

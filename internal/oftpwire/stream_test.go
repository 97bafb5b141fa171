package oftpwire

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][HeaderSize]byte{
		1:         {0x10, 0, 0, 0x05},
		3:         {0x10, 0, 0, 0x07},
		19:        {0x10, 0, 0, 0x17},
		61:        {0x10, 0, 0, 0x41},
		4096:      {0x10, 0, 0x10, 0x04},
		MaxBuffer: {0x10, 0x01, 0x86, 0xA3},
	} {
		assert.Equal(t, append([]byte("x"), want[:]...), AppendHeader([]byte("x"), n))
		var b [HeaderSize]byte
		PutHeader(b[:], n)
		assert.Equal(t, want, b)
		got, err := ParseHeader(want)
		require.NoError(t, err)
		assert.Equal(t, n, got)
	}
}

func TestHeaderTolerates(t *testing.T) {
	t.Parallel()
	n, err := ParseHeader([HeaderSize]byte{0x10, 0, 0, 4})
	require.NoError(t, err)
	assert.Zero(t, n, "one peer sends an empty buffer before it closes")
	n, err = ParseHeader([HeaderSize]byte{0x1F, 0, 0, 5})
	require.NoError(t, err)
	assert.Equal(t, 1, n, "flags are reserved")
}

func TestHeaderRefuses(t *testing.T) {
	t.Parallel()
	for _, b := range [][HeaderSize]byte{
		{0x10, 0, 0, 0},
		{0x10, 0, 0, 3},
		{0x10, 0x01, 0x86, 0xA4},
		{0x10, 0xFF, 0xFF, 0xFF},
		{0x00, 0, 0, 5},
		{0x20, 0, 0, 5},
		{'G', 'E', 'T', ' '},
		{0x16, 0x03, 0x01, 0x02}, // TLS on the plain port
	} {
		_, err := ParseHeader(b)
		var e *Error
		if assert.ErrorAs(t, err, &e, "% x", b) {
			assert.Equal(t, 7, e.Reason)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte{0x10, 0, 0, 5})
	f.Add([]byte{0x10, 0x01, 0x86, 0xA3})
	f.Add([]byte{0x1F, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < HeaderSize {
			return
		}
		h := [HeaderSize]byte(b)
		n, err := ParseHeader(h)
		if err != nil {
			return
		}
		require.True(t, 0 <= n && n <= MaxBuffer, n)
		h[0] &= 0xF0
		require.Equal(t, h[:], AppendHeader(nil, n))
	})
}

package oftpwire

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newReader(l Level, b string) *reader {
	return &reader{sheet: sheet{id: IDSFID, lvl: l}, b: []byte(b)}
}

func newWriter(l Level) *writer { return &writer{sheet: sheet{id: IDSFID, lvl: l}} }

func TestReaderKeepsItsFirstError(t *testing.T) {
	t.Parallel()
	r := newReader(Level20, "x1Y   ")
	n, b, s, p := int64(7), byte('z'), "kept", []byte("kept")
	r.number("FIRST", 1, 0, 9, &n)
	r.number("SECOND", 9, 0, 9, &n)
	r.letter("THIRD", "Q", &b)
	r.digits("FOURTH", 1, &s)
	r.fixed("FIFTH", "no")
	r.reserved("SIXTH", 1)
	r.binary("SEVENTH", "SEVENTH", &p)
	r.finish()
	assert.Equal(t, "FIRST", r.err.Field)
	assert.Equal(t, 6, r.err.Reason)
	assert.Equal(t, int64(7), n)
	assert.Equal(t, byte('z'), b)
	assert.Equal(t, "kept", s)
	assert.Equal(t, "kept", string(p))
	assert.False(t, r.optional(true), "nothing follows an error")
}

func TestWriterKeepsItsFirstError(t *testing.T) {
	t.Parallel()
	w := newWriter(Level14)
	n, s := int64(10), "longer than two"
	w.number("FIRST", 1, 0, 9, &n)
	w.octets("SECOND", 2, &s)
	w.absent("THIRD", true)
	assert.Equal(t, "FIRST", w.err.Field)
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		wire string
		want int64
		ok   bool
	}{
		{"00000000000000000", 0, true},
		{"99999999999999999", 99999999999999999, true},
		{"                1", 1, true},
		{"    0000000000001", 1, true},
		{"                 ", 0, false},
		{"1                ", 0, false},
		{"0000000 000000001", 0, false},
		{"-0000000000000001", 0, false},
		{"0000000000000001\x00", 0, false},
		{"0000000000000000\xb2", 0, false},
	} {
		r, n := newReader(Level20, row.wire), int64(0)
		count(r, "N", 17, &n)
		assert.Equal(t, row.ok, r.err == nil, "%q", row.wire)
		assert.Equal(t, row.want, n, "%q", row.wire)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		wire, want string
		ok         bool
	}{
		{"ABCD", "ABCD", true},
		{"AB  ", "AB", true},
		{"  AB", "  AB", true},
		{"A  B", "A  B", true},
		{"    ", "", true},
		{"ab_*", "ab_*", true},
		{"\xe4\xf6\xfc\xdf", "\xe4\xf6\xfc\xdf", true},
		{"AB\x00\x00", "", false},
		{"AB\r ", "", false},
		{"\x7f   ", "", false},
	} {
		r, s := newReader(Level20, row.wire), ""
		r.text("X", 4, &s)
		assert.Equal(t, row.ok, r.err == nil, "%q", row.wire)
		if !row.ok {
			continue
		}
		assert.Equal(t, row.want, s)
		w := newWriter(Level20)
		w.text("X", 4, &s)
		assert.Nil(t, w.err)
		assert.Equal(t, row.wire, string(w.b))
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]bool{"Y": true, "y": true, "N": false, "n": false} {
		r, v := newReader(Level20, wire), !want
		flag(r, "F", &v)
		assert.Nil(t, r.err)
		assert.Equal(t, want, v, wire)
	}
	for _, wire := range []string{" ", "1", "J", "\x00"} {
		r, v := newReader(Level20, wire), false
		flag(r, "F", &v)
		assert.NotNil(t, r.err, "%q", wire)
	}
}

func TestPaddingAfterTheEnd(t *testing.T) {
	t.Parallel()
	for rest, ok := range map[string]bool{
		"": true, " ": true, "\r": true, "\x8d": true, "\n": true, "  \r\n  ": true,
		"\x00": false, "x": false, "  x": false, "\t": false, "\x0c": false,
	} {
		_, err := Parse(Level20, []byte("4Y"+rest))
		assert.Equal(t, ok, err == nil, "%q", rest)
	}
}

func TestBinaryValues(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, 255, 256, 65535} {
		var value, got []byte
		if length > 0 {
			value = randomOctets(length)
		}
		w := newWriter(Level20)
		w.binary("L", "V", &value)
		require.Nil(t, w.err)
		assert.Len(t, w.b, 2+length)
		r := newReader(Level20, string(w.b))
		r.binary("L", "V", &got)
		r.finish()
		assert.Nil(t, r.err)
		assert.Equal(t, value, got)
	}
}

package oftpwire

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func octetsUpTo(n int) string {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)
	}
	return string(p)
}

// TestGoldenRecords are the data exchange buffers of recorded sessions.
func TestGoldenRecords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		content, wire string
		compress      bool
	}{
		{"HELLO OFTP", "44 8A 48454c4c4f204f465450", false},
		{octetsUpTo(64), "44 3F" + hex.EncodeToString([]byte(octetsUpTo(63))) + "81 3F", false},
		{octetsUpTo(63), "44 BF" + hex.EncodeToString([]byte(octetsUpTo(63))), false},
		{"AAAAAAAAAABCDDDDDDDDDDDDDDDDDDDD", "44 4A41 02 4243 D444", true},
		{strings.Repeat("Z", 200), "44 7F5A 7F5A 7F5A CB5A", true},
		{strings.Repeat("Z", 64), "44 7F5A 81 5A", true},
		{"aabccc", "44 03 616162 C363", true},
		{"LINE1\r\nLINE2\r\n", "44 8E 4c494e45310d0a4c494e45320d0a", false},
		{"", "44 80", false},
		{"", "44 80", true},
	} {
		want, err := hex.DecodeString(strings.ReplaceAll(row.wire, " ", ""))
		require.NoError(t, err)
		out, n, done := AppendRecord([]byte("D"), 4096, []byte(row.content), true, row.compress)
		assert.Equal(t, want, out, row.wire)
		assert.Equal(t, len(row.content), n)
		assert.True(t, done)

		s := Split(want[1:])
		got, end, err := s.Record(nil)
		require.NoError(t, err)
		assert.True(t, end)
		assert.Equal(t, row.content, string(got))
	}
}

func TestAppendixA(t *testing.T) {
	t.Parallel()
	wire := readHex(t, "rfc5024-appendix-a.hex")
	c, err := Parse(Level20, wire)
	require.NoError(t, err)
	s := Split(c.(DATA).Payload)
	poem, end, err := s.Record(nil)
	require.NoError(t, err)
	assert.True(t, end)
	assert.Len(t, poem, 12*63+51)
	assert.True(t, strings.HasPrefix(string(poem), "It is an ancient Mariner,\r\nAnd he stoppeth"))
	again, _, done := AppendRecord([]byte("D"), MaxBuffer, poem, true, false)
	assert.True(t, done)
	assert.Equal(t, wire, again)
}

func TestNext(t *testing.T) {
	t.Parallel()
	s := Split([]byte("\x03abc\x00\x80\x44Z\x40Z\xc1!\x82de"))
	for _, want := range []Subrecord{
		{Data: []byte("abc"), Count: 3},
		{Data: []byte{}},
		{Data: []byte{}, End: true},
		{Data: []byte("Z"), Count: 4, Repeat: true},
		{Data: []byte("Z"), Repeat: true},
		{Data: []byte("!"), Count: 1, Repeat: true, End: true},
		{Data: []byte("de"), Count: 2, End: true},
	} {
		sub, ok, err := s.Next()
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, want, sub)
	}
	for range 2 {
		_, ok, err := s.Next()
		assert.NoError(t, err)
		assert.False(t, ok)
	}
}

func TestRecordStopsAtEnds(t *testing.T) {
	t.Parallel()
	s := Split([]byte("\x01a\x00\x81b\x80\xc3Z\x02cd"))
	for _, want := range []string{"ab", "", "ZZZ"} {
		got, end, err := s.Record([]byte("x"))
		require.NoError(t, err)
		assert.True(t, end)
		assert.Equal(t, "x"+want, string(got))
	}
	for _, want := range []string{"cd", ""} {
		got, end, err := s.Record(nil)
		require.NoError(t, err)
		assert.False(t, end)
		assert.Equal(t, want, string(got))
	}
}

// TestFillOfZeroSubrecords is the buffer of a peer that fills what is left with
// subrecords of length zero.
func TestFillOfZeroSubrecords(t *testing.T) {
	t.Parallel()
	s := Split(append([]byte("\x4aA\x02BC"), make([]byte, 4000)...))
	got, end, err := s.Record(nil)
	require.NoError(t, err)
	assert.False(t, end)
	assert.Equal(t, "AAAAAAAAAABC", string(got))
}

func TestSubrecordsCutShort(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{"\x01", "\x03ab", "\x40", "\xc5", "\x02ab\xbf"} {
		next, record := Split([]byte(payload)), Split([]byte(payload))
		var err error
		for ok := true; ok; {
			_, ok, err = next.Next()
		}
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 7, e.Reason)
		_, ok, again := next.Next()
		assert.False(t, ok)
		assert.Equal(t, err, again, "the error stays")
		_, _, err = record.Record(nil)
		assert.ErrorAs(t, err, &e)
	}
}

func TestAppendRecordStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		limit         int
		content       string
		end, compress bool
		want          string
		n             int
		done          bool
	}{
		{5, "abc", true, false, "D\x83abc", 3, true},
		{5, "abcd", true, false, "D\x03abc", 3, false},
		{5, "abc", false, false, "D\x03abc", 3, true},
		{2, "abc", true, false, "D", 0, false},
		{1, "", true, false, "D", 0, false},
		{0, "", true, false, "D", 0, false},
		{0, "a", true, true, "D", 0, false},
		{2, "", true, false, "D\x80", 0, true},
		{1, "", false, false, "D", 0, true},
		{3, "ZZZZ", true, true, "D\xc4Z", 4, true},
		{2, "ZZZZ", true, true, "D", 0, false},
		{5, "aZZZZ", true, true, "D\x01a\xc4Z", 5, true},
		{4, "aZZZZ", true, true, "D\x01a", 1, false}, // the run goes into the next buffer whole
		{5, "abcdZZZZ", true, true, "D\x03abc", 3, false},
	} {
		out, n, done := AppendRecord([]byte("D"), row.limit, []byte(row.content), row.end, row.compress)
		assert.Equal(t, row.want, string(out), "%+v", row)
		assert.Equal(t, row.n, n, "%+v", row)
		assert.Equal(t, row.done, done, "%+v", row)
	}
}

// TestAppendRecordFillsTheBuffer checks the capacity of a buffer: 63 octets of
// the file in 64.
func TestAppendRecordFillsTheBuffer(t *testing.T) {
	t.Parallel()
	for size := MinBuffer; size < 5*MinBuffer; size++ {
		out, n, done := AppendRecord([]byte("D"), size, randomOctets(5*MinBuffer), false, false)
		payload := size - 1
		assert.Equal(t, payload/64*63+max(payload%64-1, 0), n, size)
		assert.GreaterOrEqual(t, len(out), size-1)
		assert.LessOrEqual(t, len(out), size)
		assert.False(t, done)
	}
}

func TestDataDoesNotAllocate(t *testing.T) {
	for _, compress := range []bool{false, true} {
		p, buffer := randomOctets(4096), make([]byte, 0, 4096)
		file := make([]byte, 0, 4096)
		allocations := testing.AllocsPerRun(100, func() {
			b, _, _ := AppendRecord(buffer, 4096, p, false, compress)
			s := Split(b)
			if _, _, err := s.Record(file); err != nil {
				t.Fatal(err)
			}
		})
		assert.Zero(t, allocations)
	}
}

// send cuts p into data exchange buffers and returns their payloads.
func send(t testing.TB, size int, p []byte, compress bool) (payloads [][]byte) {
	for done := false; !done; {
		var out []byte
		var n int
		out, n, done = AppendRecord([]byte("D"), size, p, true, compress)
		require.LessOrEqual(t, len(out), size)
		require.True(t, done || n > 0, "no progress")
		p = p[n:]
		payloads = append(payloads, out[1:])
	}
	return payloads
}

func FuzzSubrecords(f *testing.F) {
	f.Add([]byte("HELLO OFTP"), uint16(128), false)
	f.Add(bytes.Repeat([]byte("Z"), 200), uint16(128), true)
	f.Add([]byte("AAAAAAAAAABCDDDDDDDDDDDDDDDDDDDD"), uint16(6), true)
	f.Add([]byte{}, uint16(4096), true)
	f.Fuzz(func(t *testing.T, p []byte, size uint16, compress bool) {
		payloads := send(t, max(int(size), 3), p, compress)
		var slow, fast []byte
		for i, payload := range payloads {
			last := i == len(payloads)-1
			s := Split(payload)
			for {
				sub, ok, err := s.Next()
				require.NoError(t, err)
				if !ok {
					break
				}
				slow = sub.Append(slow)
				require.Equal(t, sub.End, last && s.pos == len(payload), "the last subrecord ends the record")
			}
			r := Split(payload)
			var end bool
			var err error
			fast, end, err = r.Record(fast)
			require.NoError(t, err)
			require.Equal(t, last, end)
		}
		require.Equal(t, string(p), string(slow))
		require.Equal(t, string(p), string(fast))

		// Octets from a stranger must do no harm either.
		for s, ok := Split(p), true; ok; {
			_, ok, _ = s.Next()
		}
		s := Split(p)
		_, _, _ = s.Record(nil)
	})
}

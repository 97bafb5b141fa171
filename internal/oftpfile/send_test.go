package oftpfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/trap"
)

// write makes a file and opens it for sending.
func write(t *testing.T, data string, l oftpfile.Layout) *oftpfile.Outgoing {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	f, err := oftpfile.OpenFile(path, l)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// TestSendWireForms has golden exchange buffers, all in one buffer.
func TestSendWireForms(t *testing.T) {
	t.Parallel()
	lf := oftpfile.Layout{Format: variable, RecordSize: 10, Separator: oftpfile.SeparatorLF}
	none := oftpfile.Layout{Format: fixed, RecordSize: 3, Separator: oftpfile.SeparatorNone}
	octets64 := string(bytesTo(64))
	for name, row := range map[string]struct {
		layout          oftpfile.Layout
		data            string
		compress        bool
		want            string
		records, octets int64
	}{
		"plain":                  {layout(unstructured, 0), "HELLO OFTP", false, "D\x8aHELLO OFTP", 0, 10},
		"64 octets":              {layout(unstructured, 0), octets64, false, "D\x3f" + octets64[:63] + "\x81\x3f", 0, 64},
		"text":                   {layout(text, 0), "LINE1\r\nLINE2\r\n", false, "D\x8eLINE1\r\nLINE2\r\n", 0, 14},
		"empty":                  {layout(unstructured, 0), "", false, "D", 0, 0},
		"compressed":             {layout(unstructured, 0), strings.Repeat("A", 10) + "BC" + strings.Repeat("D", 20), true, "D\x4aA\x02BC\xd4D", 0, 32},
		"variable":               {layout(variable, 10), "abc\r\n\r\nd\r\n", false, "D\x83abc\x80\x81d", 3, 4},
		"variable, last open":    {layout(variable, 10), "abc\r\nd", false, "D\x83abc\x81d", 2, 4},
		"variable, lone CR, LF":  {layout(variable, 10), "a\rb\nc\r\n", false, "D\x85a\rb\nc", 1, 5},
		"variable, full length":  {layout(variable, 3), "abc\r\nabc", false, "D\x83abc\x83abc", 2, 6},
		"variable, LF":           {lf, "abc\nd\r\n", false, "D\x83abc\x82d\r", 2, 5},
		"variable, empty":        {layout(variable, 10), "", false, "D", 0, 0},
		"fixed":                  {layout(fixed, 3), "abc\r\ndef\r\n", false, "D\x83abc\x83def", 2, 6},
		"fixed, None":            {none, "abcdef", false, "D\x83abc\x83def", 2, 6},
		"fixed, None, line ends": {none, "a\r\nb\r\n", false, "D\x83a\r\n\x83b\r\n", 2, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, row.data, row.layout)
			stream := oftpfile.OpenStream(iotest.OneByteReader(strings.NewReader(row.data)), row.layout)
			defer stream.Close()
			for _, f := range []*oftpfile.Outgoing{file, stream} {
				out, done, err := f.Fill([]byte("D"), 1024, row.compress)
				require.NoError(t, err)
				assert.True(t, done)
				assert.Equal(t, row.want, string(out))
				assert.Equal(t, row.records, f.Records())
				assert.Equal(t, row.octets, f.Octets())
				out, done, err = f.Fill([]byte("D"), 1024, row.compress)
				assert.NoError(t, err)
				assert.True(t, done)
				assert.Equal(t, "D", string(out), "nothing comes after the end")
			}
			assert.EqualValues(t, (len(row.data)+1023)/1024, file.Blocks())
			assert.Zero(t, stream.Blocks())
		})
	}
}

func bytesTo(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestSendRefusesLines(t *testing.T) {
	t.Parallel()
	none := oftpfile.Layout{Format: fixed, RecordSize: 3, Separator: oftpfile.SeparatorNone}
	for name, row := range map[string]struct {
		layout oftpfile.Layout
		data   string
		says   string
	}{
		"V too long":          {layout(variable, 3), "abc\r\nabcd\r\n", "line 2"},
		"V too long at end":   {layout(variable, 3), "abc\r\nd\r\nabcd", "line 3"},
		"V with other ends":   {layout(variable, 3), "abc\nabc\n", "RecordSeparator"},
		"F too long":          {layout(fixed, 3), "abcd\r\n", "line 1"},
		"F too short":         {layout(fixed, 3), "abc\r\nab\r\nabc\r\n", "line 2"},
		"F without separator": {none, "abcab", "line 2"},
	} {
		f := write(t, row.data, row.layout)
		_, _, err := f.Fill(nil, 1024, false)
		require.Error(t, err, name)
		assert.Equal(t, oftpfile.CodeSend, trap.Code(err))
		assert.Contains(t, err.Error(), row.says)
		_, done, again := f.Fill(nil, 1024, false)
		assert.False(t, done)
		assert.Equal(t, err, again)
	}
}

func TestOpenFileErrors(t *testing.T) {
	t.Parallel()
	_, err := oftpfile.OpenFile(filepath.Join(t.TempDir(), "none"), oftpfile.Layout{})
	requireFault(t, err, oftpfile.CodeRead, oftpfile.ReasonAccess)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = oftpfile.OpenFile(t.TempDir(), oftpfile.Layout{})
	requireFault(t, err, oftpfile.CodeRead, oftpfile.ReasonAccess)
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("tape torn")
	for _, l := range []oftpfile.Layout{layout(unstructured, 0), layout(variable, 9)} {
		f := oftpfile.OpenStream(io.MultiReader(strings.NewReader("abc\r\n"), iotest.ErrReader(broken)), l)
		_, done, err := f.Fill(nil, 1024, false)
		assert.False(t, done)
		assert.ErrorIs(t, err, broken)
		requireFault(t, err, oftpfile.CodeRead, oftpfile.ReasonAccess)

		f = oftpfile.OpenStream(idle{}, l)
		_, _, err = f.Fill(nil, 1024, false)
		assert.ErrorIs(t, err, io.ErrNoProgress)
		require.NoError(t, f.Close())
		_, _, err = f.Fill(nil, 1024, false)
		assert.Error(t, err)
	}
}

// idle is a reader that never says anything.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestSendFromEveryPosition(t *testing.T) {
	t.Parallel()
	none := oftpfile.Layout{Format: fixed, RecordSize: 4, Separator: oftpfile.SeparatorNone}
	for _, row := range []struct {
		layout oftpfile.Layout
		data   string
		end    int64
		octets func(position int64) int
	}{
		{layout(unstructured, 0), strings.Repeat("0123456789", 333), 3, func(p int64) int { return int(p) * 1024 }},
		{layout(text, 0), strings.Repeat("x", 2048), 2, func(p int64) int { return int(p) * 1024 }},
		{layout(fixed, 4), "aaaa\r\nbbbb\r\ncccc", 3, func(p int64) int { return int(p) * 4 }},
		{none, "aaaabbbbcccc", 3, func(p int64) int { return int(p) * 4 }},
		{layout(variable, 4), "a\r\n\r\ncccc\r\n", 3, func(p int64) int { return []int{0, 1, 1, 5}[p] }},
	} {
		for position := range row.end + 1 {
			for _, file := range []bool{true, false} {
				f := oftpfile.OpenStream(strings.NewReader(row.data), row.layout)
				if file {
					f = write(t, row.data, row.layout)
					assert.Equal(t, row.end, f.End())
				} else {
					assert.Zero(t, f.End())
				}
				require.NoError(t, f.Start(position))
				assert.EqualValues(t, row.octets(position), f.Octets())
				var sink bytes.Buffer
				in := oftpfile.NewInbox().Stream(&sink, row.layout)
				for _, p := range payloads(t, f, 20, false) {
					require.NoError(t, in.Write(p))
				}
				require.NoError(t, in.Commit())
				assert.Equal(t, f.Octets(), int64(row.octets(position))+in.Octets())
				whole := row.data
				if row.layout == layout(fixed, 4) {
					whole += "\r\n"
				}
				assert.True(t, strings.HasSuffix(whole, sink.String()), "%q", sink.String())
			}
		}
		for _, position := range []int64{-1, row.end + 1, math.MaxInt64} {
			for _, f := range []*oftpfile.Outgoing{write(t, row.data, row.layout), oftpfile.OpenStream(strings.NewReader(row.data), row.layout)} {
				err := f.Start(position)
				assert.Equal(t, oftpfile.CodeSend, trap.Code(err), "%v", err)
			}
		}
	}
}

func TestEndOfAFileThatDoesNotFit(t *testing.T) {
	t.Parallel()
	assert.Zero(t, write(t, "too long a line", layout(variable, 4)).End())
}

func TestFileThatChangesWhileItIsSent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	big := strings.Repeat("x", 600_000)
	for _, size := range []int64{0, 700_000} {
		require.NoError(t, os.WriteFile(path, []byte(big), 0o600))
		f, err := oftpfile.OpenFile(path, layout(unstructured, 0))
		require.NoError(t, err)
		first, _, err := f.Fill(nil, 1024, false)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(path, size))
		in := oftpfile.NewInbox().Stream(io.Discard, layout(unstructured, 0))
		require.NoError(t, in.Write(first))
		for _, p := range payloads(t, f, 99_999, false) {
			require.NoError(t, in.Write(p))
		}
		assert.NoError(t, in.Verify(0, f.Octets(), true), "what was read counts")
		require.NoError(t, f.Close())
		require.NoError(t, f.Close())
	}
}

func TestNoRoom(t *testing.T) {
	t.Parallel()
	for _, l := range []oftpfile.Layout{layout(unstructured, 0), layout(variable, 9)} {
		f := write(t, "abc", l)
		for limit := range 3 {
			out, done, err := f.Fill([]byte("D"), limit, true)
			require.NoError(t, err)
			assert.False(t, done)
			assert.Equal(t, "D", string(out))
		}
	}
}

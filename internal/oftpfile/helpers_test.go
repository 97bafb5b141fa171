package oftpfile_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

func layout(format oftpwire.Format, size int) oftpfile.Layout {
	return oftpfile.Layout{Format: format, RecordSize: size}
}

// record encodes one record that fits one payload.
func record(p string, end bool) []byte {
	b, _, _ := oftpwire.AppendRecord(nil, 1<<20, []byte(p), end, false)
	return b
}

func records(list ...string) []byte {
	var b []byte
	for _, p := range list {
		b = append(b, record(p, true)...)
	}
	return b
}

// receive opens a target and fails the test if that fails.
func receive(t *testing.T, b *oftpfile.Inbox, target oftpfile.Target) *oftpfile.Incoming {
	t.Helper()
	f, err := b.Receive(target)
	require.NoError(t, err)
	t.Cleanup(func() { f.Abort() })
	return f
}

func requireFault(t *testing.T, err error, code, reason int) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, code, trap.Code(err), "%v", err)
	assert.Equal(t, reason, oftpfile.Reason(err), "%v", err)
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, entry := range list {
		all = append(all, entry.Name())
	}
	return all
}

// hidden returns the paths of the partial files in a folder.
func hidden(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, ".oftp-*.part"))
	require.NoError(t, err)
	return list
}

// payloads takes a whole file apart into exchange buffers of limit octets.
func payloads(t *testing.T, f *oftpfile.Outgoing, limit int, compress bool) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		out, done, err := f.Fill([]byte("D"), limit, compress)
		require.NoError(t, err)
		require.LessOrEqual(t, len(out), limit)
		require.Equal(t, byte('D'), out[0])
		if len(out) > 1 {
			all = append(all, out[1:])
		}
		if done {
			return all
		}
		require.Greater(t, len(out), 1, "no progress")
	}
}

// noise returns octets with runs, line ends and everything else.
func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, 0, n)
	for len(b) < n {
		switch r.IntN(4) {
		case 0:
			b = append(b, bytes.Repeat([]byte{byte(r.IntN(256))}, r.IntN(300))...)
		case 1:
			b = append(b, "\r\n"...)
		default:
			b = append(b, byte(r.IntN(256)))
		}
	}
	return b[:n]
}

// lines returns n lines for a layout, none with a line end inside.
func lines(r *rand.Rand, l oftpfile.Layout, n int) []string {
	var all []string
	for range n {
		size := l.RecordSize
		if l.Format == oftpwire.Variable {
			size = r.IntN(size + 1)
		}
		all = append(all, strings.Repeat(string(rune('a'+r.IntN(26))), size))
	}
	return all
}

package oftpfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.pos")
	j := journal{path: path, on: true, mark: mark{3, 30}}
	require.NoError(t, j.write())
	got, err := readMark(path)
	require.NoError(t, err)
	assert.Equal(t, mark{3, 30}, got)

	j.disable()
	assert.NoFileExists(t, path)
	require.NoError(t, j.write())
	assert.NoFileExists(t, path, "a journal that is off stays off")

	require.NoError(t, os.Mkdir(path, 0o700))
	_, err = readMark(path)
	assert.Error(t, err, "a folder of that name")
}

func TestMarkFits(t *testing.T) {
	t.Parallel()
	f := Layout{Format: fixed, RecordSize: 8}
	v := Layout{Format: variable, RecordSize: 8}
	for _, row := range []struct {
		layout Layout
		mark   mark
		want   bool
	}{
		{f, mark{0, 0}, true},
		{f, mark{2, 20}, true},
		{f, mark{2, 21}, false},
		{f, mark{3, 20}, false},
		{f, mark{-1, -10}, false},
		{v, mark{0, 0}, true},
		{v, mark{2, 20}, true},
		{v, mark{2, 4}, true},
		{v, mark{2, 3}, false},
		{v, mark{1, 20}, false},
		{v, mark{1 << 62, 1 << 62}, false},
		{v, mark{1, -1}, false},
	} {
		assert.Equal(t, row.want, row.mark.fits(row.layout), "%+v", row)
	}
}

// FuzzJournal gives the reader of journals any file. What it takes must never
// let a transfer fail or reach beyond the partial file.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("2 8\n"), byte('V'))
	f.Add([]byte("1 10\n"), byte('F'))
	f.Add([]byte("-1 99999999999999999999"), byte('V'))
	f.Fuzz(func(t *testing.T, journal []byte, format byte) {
		l := Layout{Format: fixed, RecordSize: 8}
		if format == 'V' {
			l.Format = variable
		}
		target := Target{Path: filepath.Join(t.TempDir(), "file"), Key: "k", Keep: true, Layout: l}
		require.NoError(t, os.WriteFile(target.partial(), []byte("ab\r\ncd\r\n\r\n"), 0o600))
		require.NoError(t, os.WriteFile(sidecar(target.partial()), journal, 0o600))
		in, err := NewInbox().Receive(target)
		require.NoError(t, err)
		assert.LessOrEqual(t, in.have.size, int64(10))
		require.NoError(t, in.Start(in.Have()))
		require.NoError(t, in.Abort())
	})
}

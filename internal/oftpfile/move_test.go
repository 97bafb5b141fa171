package oftpfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// movers are the ways to take a name without replacing a file.
var movers = map[string]func(old, name string) error{
	"move":        func(old, name string) error { return move(old, name, false) },
	"placeholder": moveOntoPlaceholder,
}

func TestMoveReplacesNothing(t *testing.T) {
	t.Parallel()
	for way, mover := range movers {
		dir := t.TempDir()
		old, name := filepath.Join(dir, "old"), filepath.Join(dir, "name")
		require.NoError(t, os.WriteFile(old, []byte("new content"), 0o600))
		require.NoError(t, mover(old, name), way)
		assert.NoFileExists(t, old)

		require.NoError(t, os.WriteFile(old, []byte("other"), 0o600))
		assert.ErrorIs(t, mover(old, name), fs.ErrExist, way)
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, "new content", string(b), way)

		assert.ErrorIs(t, mover(filepath.Join(dir, "missing"), filepath.Join(dir, "free")), fs.ErrNotExist, way)
		assert.NoFileExists(t, filepath.Join(dir, "free"), "no placeholder is left")
	}
}

func TestMoversRace(t *testing.T) {
	t.Parallel()
	for way, mover := range movers {
		dir := t.TempDir()
		var won atomic.Int32
		var done sync.WaitGroup
		for i := range 20 {
			old := filepath.Join(dir, string(rune('a'+i)))
			require.NoError(t, os.WriteFile(old, []byte(old), 0o600))
			done.Go(func() {
				if mover(old, filepath.Join(dir, "name")) == nil {
					won.Add(1)
				}
			})
		}
		done.Wait()
		assert.EqualValues(t, 1, won.Load(), way)
		b, err := os.ReadFile(filepath.Join(dir, "name"))
		require.NoError(t, err)
		assert.NotEmpty(t, b, way)
	}
}

// TestCrashBetweenLinkAndRemove has the hidden name still there as a second
// name of a complete file, which a restart must leave alone.
func TestCrashBetweenLinkAndRemove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := Target{Path: filepath.Join(dir, "again"), Key: "k", Keep: true}
	complete := filepath.Join(dir, "complete")
	require.NoError(t, os.WriteFile(complete, make([]byte, 5000), 0o600))
	if err := hardLink(complete, target.partial()); err != nil {
		t.Skip("there are no hard links: ", err)
	}
	f, err := NewInbox().Receive(target)
	require.NoError(t, err)
	assert.Zero(t, f.Have())
	require.NoError(t, f.Write([]byte("\x81x")))
	require.NoError(t, f.Commit())
	info, err := os.Stat(complete)
	require.NoError(t, err)
	assert.EqualValues(t, 5000, info.Size())
}

// TestFailedWrite closes the file below a transfer, as a full disk would end it:
// what is on disk stays, and the journal is not ahead of it.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	target := Target{Path: filepath.Join(t.TempDir(), "file"), Key: "k", Keep: true, Layout: Layout{Format: variable, RecordSize: 63}}
	f, err := NewInbox().Receive(target)
	require.NoError(t, err)
	payload := append([]byte{0x80 | 63}, make([]byte, 63)...)
	for f.disk == 0 {
		require.NoError(t, f.Write(payload))
	}
	require.NoError(t, f.file.Close())
	for err == nil {
		err = f.Write(payload)
	}
	assert.ErrorIs(t, err, fs.ErrClosed)
	assert.Equal(t, ReasonAccess, Reason(err))
	assert.Equal(t, err, f.Commit())
	require.NoError(t, f.Abort())

	again, err := NewInbox().Receive(target)
	require.NoError(t, err)
	assert.Zero(t, again.Have(), "there was no checkpoint yet")
	require.NoError(t, again.Abort())
}

func TestFailedCommitKeepsTheContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := Target{Path: filepath.Join(dir, "sub", "file"), TempDir: filepath.Join(dir, "tmp"), Key: "k", Keep: true}
	f, err := NewInbox().Receive(target)
	require.NoError(t, err)
	for range 100 {
		require.NoError(t, f.Write(append([]byte{63}, make([]byte, 63)...)))
	}
	require.NoError(t, os.Remove(filepath.Dir(target.Path)))
	err = f.Commit()
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, ReasonAccess, Reason(err))
	require.NoError(t, f.Abort())

	again, err := NewInbox().Receive(target)
	require.NoError(t, err)
	assert.EqualValues(t, 6300/1024, again.Have())
	require.NoError(t, again.Abort())
}

func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	f, err := NewInbox().Receive(Target{Path: filepath.Join(t.TempDir(), "file")})
	require.NoError(t, err)
	assert.Nil(t, f.buffer, "nothing is taken before the first octet")
	require.NoError(t, f.Write([]byte("\x81x")))
	require.NoError(t, f.Commit())
	assert.Nil(t, f.buffer)

	out, err := OpenFile(f.target.Path, Layout{})
	require.NoError(t, err)
	assert.Nil(t, out.buffer)
	_, _, err = out.Fill(nil, 100, false)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	assert.Nil(t, out.buffer)
}

package oftpfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// broken leaves the partial file of a transfer that broke off, last touched at
// the given time, and returns its path.
func broken(t *testing.T, b *Inbox, target Target, touched time.Time) string {
	t.Helper()
	f, err := b.Receive(target)
	require.NoError(t, err)
	payload, _, _ := oftpwire.AppendRecord(nil, 100, []byte("half"), false, false)
	require.NoError(t, f.Write(payload))
	require.NoError(t, f.Abort())
	require.NoError(t, os.Chtimes(target.partial(), touched, touched))
	return target.partial()
}

func TestOldPartialFilesAreSwept(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	at := func(name string) Target {
		return Target{Path: filepath.Join(dir, name), Key: name, Keep: true, Life: 24 * time.Hour}
	}
	b := NewInbox()
	old := broken(t, b, at("old"), now.Add(-25*time.Hour))
	young := broken(t, b, at("young"), now.Add(-23*time.Hour))
	side := old + ".pos"
	require.NoError(t, os.WriteFile(side, nil, 0o600))
	require.NoError(t, os.Chtimes(side, now, now.Add(-25*time.Hour)))
	other := filepath.Join(dir, "keep.part")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	require.NoError(t, os.Chtimes(other, now, now.Add(-25*time.Hour)))

	fresh := NewInbox() // as after a restart of the server
	f, err := fresh.Receive(at("new"))
	require.NoError(t, err)
	defer f.Abort()
	assert.NoFileExists(t, old)
	assert.NoFileExists(t, side)
	assert.FileExists(t, young)
	assert.FileExists(t, other)
}

func TestWhatACrashWhileCopyingHasLeftIsSwept(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	left, err := os.CreateTemp(dir, copyPattern)
	require.NoError(t, err)
	require.NoError(t, left.Close())
	require.NoError(t, os.Chtimes(left.Name(), now, now.Add(-25*time.Hour)))
	f, err := NewInbox().Receive(Target{Path: filepath.Join(dir, "new"), TempDir: t.TempDir(), Life: 24 * time.Hour})
	require.NoError(t, err)
	defer f.Abort()
	assert.NoFileExists(t, left.Name())
}

func TestAPartialFileInUseIsNotSwept(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	b := NewInbox()
	target := Target{Path: filepath.Join(dir, "a"), Key: "a", Keep: true}
	partial := broken(t, b, target, now.Add(-25*time.Hour))
	f, err := b.Receive(target)
	require.NoError(t, err)
	defer f.Abort()
	require.NoError(t, os.Chtimes(partial, now, now.Add(-25*time.Hour)))
	b.sweep(dir, 24*time.Hour, now)
	assert.FileExists(t, partial)
}

func TestSweepingIsRareAndRemembersLittle(t *testing.T) {
	t.Parallel()
	b, now := NewInbox(), time.Now()
	assert.True(t, b.sweepDue("a", now))
	assert.False(t, b.sweepDue("a", now.Add(time.Minute)))
	assert.True(t, b.sweepDue("a", now.Add(2*sweepEvery)))
	for i := range 3 * sweptMost {
		b.sweepDue(strings.Repeat("x", i+1), now)
	}
	assert.LessOrEqual(t, len(b.swept), sweptMost)
	b.sweep(filepath.Join(t.TempDir(), "missing"), time.Hour, now)
	b.sweep(t.TempDir(), 0, now)
}

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
)

func TestRestartOctets(t *testing.T) {
	t.Parallel()
	data := string(noise(rand.New(rand.NewPCG(1, 2)), 5000))
	for position := range int64(5) {
		dir := t.TempDir()
		b := oftpfile.NewInbox()
		target := oftpfile.Target{Path: filepath.Join(dir, "file"), Key: "k", Keep: true, Layout: layout(unstructured, 0)}
		f := receive(t, b, target)
		assert.Zero(t, f.Have())
		require.NoError(t, f.Write(record(data[:4500], false)))
		require.NoError(t, f.Abort())
		require.Len(t, names(t, dir), 1)

		f = receive(t, b, target)
		assert.EqualValues(t, 4, f.Have())
		require.NoError(t, f.Start(position))
		assert.Equal(t, position*1024, f.Octets())
		require.NoError(t, f.Write(record(data[position*1024:], true)))
		require.NoError(t, f.Verify(0, 5000, true))
		require.NoError(t, f.Commit())
		assert.Equal(t, data, content(t, target.Path))
		assert.Equal(t, []string{"file"}, names(t, dir))
	}
}

func TestRestartRecordsAtEveryPosition(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	none := oftpfile.Layout{Format: fixed, RecordSize: 7, Separator: oftpfile.SeparatorNone}
	lf := oftpfile.Layout{Format: variable, RecordSize: 9, Separator: oftpfile.SeparatorLF}
	for _, l := range []oftpfile.Layout{layout(fixed, 5), none, layout(variable, 9), lf} {
		all := lines(r, l, 12)
		for position := range 9 {
			dir := t.TempDir()
			b := oftpfile.NewInbox()
			target := oftpfile.Target{Path: filepath.Join(dir, "file"), Key: "k", Keep: true, Layout: l}
			f := receive(t, b, target)
			require.NoError(t, f.Write(records(all[:8]...)))
			require.NoError(t, f.Write(record("x", false)), "of the ninth record")
			require.NoError(t, f.Abort())

			f = receive(t, b, target)
			assert.EqualValues(t, 8, f.Have())
			require.NoError(t, f.Start(int64(position)))
			assert.EqualValues(t, position, f.Records())
			require.NoError(t, f.Write(records(all[position:]...)))
			require.NoError(t, f.Verify(12, int64(len(strings.Join(all, ""))), true))
			require.NoError(t, f.Commit())

			whole := receive(t, b, oftpfile.Target{Path: filepath.Join(dir, "whole"), Layout: l})
			require.NoError(t, whole.Write(records(all...)))
			require.NoError(t, whole.Commit())
			assert.Equal(t, content(t, filepath.Join(dir, "whole")), content(t, target.Path))
			assert.Equal(t, []string{"file", "whole"}, names(t, dir))
		}
	}
}

func TestRestartTwice(t *testing.T) {
	t.Parallel()
	b := oftpfile.NewInbox()
	target := oftpfile.Target{Path: filepath.Join(t.TempDir(), "file"), Key: "k", Keep: true, Layout: layout(variable, 9)}
	for i := range int64(5) {
		f := receive(t, b, target)
		require.Equal(t, i, f.Have())
		require.NoError(t, f.Start(i))
		require.NoError(t, f.Write(records("line")))
		require.NoError(t, f.Abort())
	}
	f := receive(t, b, target)
	require.NoError(t, f.Abort(), "before Start nothing is lost")
	assert.EqualValues(t, 5, receive(t, b, target).Have())
}

// TestKilled drops transfers as kill -9 does: what the process has written is
// in the file, what it has buffered is lost, and nothing is tidied up.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		layout oftpfile.Layout
		line   string
		atMost int64
	}{
		"U": {layout(unstructured, 0), strings.Repeat("u", 1000), 20_000_000 / 1024},
		"F": {layout(fixed, 1000), strings.Repeat("f", 1000), 20_000},
		"V": {layout(variable, 1000), strings.Repeat("v", 1000), 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := oftpfile.Target{Path: filepath.Join(t.TempDir(), "file"), Key: "k", Keep: true, Layout: row.layout}
			f := receive(t, oftpfile.NewInbox(), target)
			payload := records(row.line)
			for range 20_000 {
				require.NoError(t, f.Write(payload))
			}
			again := receive(t, oftpfile.NewInbox(), target)
			have := again.Have()
			assert.Greater(t, have, int64(8000), "the file or its last checkpoint tell")
			assert.LessOrEqual(t, have, row.atMost)
			require.NoError(t, again.Start(have))
			left := 20_000_000 - again.Octets()
			for ; left > 0; left -= int64(min(left, 1000)) {
				require.NoError(t, again.Write(records(row.line[:min(left, 1000)])))
			}
			require.NoError(t, again.Verify(again.Records(), 20_000_000, true))
			require.NoError(t, again.Commit())
			assert.Len(t, names(t, filepath.Dir(target.Path)), 1)
		})
	}
}

func TestRestartIsRefused(t *testing.T) {
	t.Parallel()
	target := oftpfile.Target{Path: filepath.Join(t.TempDir(), "file"), Key: "k", Keep: true}
	for _, position := range []int64{1, -1, 1 << 60} {
		f := receive(t, oftpfile.NewInbox(), target)
		requireFault(t, f.Start(position), oftpfile.CodeReceive, oftpfile.ReasonUnspecified)
		require.NoError(t, f.Abort())
	}
	s := oftpfile.NewInbox().Stream(&bytes.Buffer{}, layout(unstructured, 0))
	assert.Zero(t, s.Have())
	assert.Error(t, s.Start(1))
}

func TestNothingToRestartFrom(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		layout  oftpfile.Layout
		payload []byte
		damage  func(t *testing.T, partial string)
	}{
		"line feed in a record": {layout(variable, 20), records("a\nb", "c"), nil},
		"short F records":       {layout(fixed, 3), records("abc", "de"), nil},
		"no journal": {layout(variable, 20), records("a", "b"), func(t *testing.T, partial string) {
			require.NoError(t, os.Remove(partial+".pos"))
		}},
		"damaged journal": {layout(variable, 20), records("a", "b"), func(t *testing.T, partial string) {
			require.NoError(t, os.WriteFile(partial+".pos", []byte("999999999999999999999 x"), 0o600))
		}},
		"negative journal": {layout(variable, 20), records("a", "b"), func(t *testing.T, partial string) {
			require.NoError(t, os.WriteFile(partial+".pos", []byte("-1 -3\n"), 0o600))
		}},
		"journal that cannot be": {layout(fixed, 2), records("aa", "bb"), func(t *testing.T, partial string) {
			require.NoError(t, os.WriteFile(partial+".pos", []byte("2 6\n"), 0o600))
		}},
		"too many records": {layout(variable, 20), records("a", "b"), func(t *testing.T, partial string) {
			require.NoError(t, os.WriteFile(partial+".pos", []byte("6 6\n"), 0o600))
		}},
		"journal ahead of the file": {layout(variable, 20), records("a", "b"), func(t *testing.T, partial string) {
			require.NoError(t, os.Truncate(partial, 3))
		}},
		"less than a block": {layout(unstructured, 0), record(strings.Repeat("x", 1023), false), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			target := oftpfile.Target{Path: filepath.Join(dir, "file"), Key: "k", Keep: true, Layout: row.layout}
			f := receive(t, oftpfile.NewInbox(), target)
			require.NoError(t, f.Write(row.payload))
			require.NoError(t, f.Abort())
			if row.damage != nil {
				row.damage(t, hidden(t, dir)[0])
			}
			f = receive(t, oftpfile.NewInbox(), target)
			assert.Zero(t, f.Have())
			require.NoError(t, f.Write(row.payload))
			require.NoError(t, f.Commit())
			assert.Equal(t, []string{"file"}, names(t, dir))
		})
	}
}

func TestPartialFilesBelongToOneTransfer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := oftpfile.Target{Path: filepath.Join(dir, "file"), Key: "k\x00/..", Keep: true}
	f := receive(t, oftpfile.NewInbox(), target)
	require.NoError(t, f.Write(record(strings.Repeat("x", 4096), false)))
	require.NoError(t, f.Abort())

	other := target
	other.Key = "other"
	assert.Zero(t, receive(t, oftpfile.NewInbox(), other).Have())
	other = target
	other.Layout = layout(text, 0)
	assert.Zero(t, receive(t, oftpfile.NewInbox(), other).Have(), "another layout")
	other = target
	other.Path = filepath.Join(dir, "renamed")
	again := receive(t, oftpfile.NewInbox(), other)
	assert.EqualValues(t, 4, again.Have(), "the name may be another")
	require.NoError(t, again.Abort())
	other.Keep = false
	last := receive(t, oftpfile.NewInbox(), other)
	assert.Zero(t, last.Have(), "restart was not agreed on")
	require.NoError(t, last.Abort())
	assert.Zero(t, receive(t, oftpfile.NewInbox(), target).Have())
}

func TestNothingIsKept(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		keep bool
		then func(f *oftpfile.Incoming) error
	}{
		"Keep off":        {false, func(*oftpfile.Incoming) error { return nil }},
		"counts differ":   {true, func(f *oftpfile.Incoming) error { return f.Verify(1, 7, true) }},
		"broken payload":  {true, func(f *oftpfile.Incoming) error { return f.Write([]byte{5, 1}) }},
		"record too long": {true, func(f *oftpfile.Incoming) error { return f.Write(records("too long")) }},
	} {
		dir := t.TempDir()
		f := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: filepath.Join(dir, "file"), Keep: row.keep, Layout: layout(variable, 4)})
		require.NoError(t, f.Write(records("abcd")))
		assert.Equal(t, row.keep, row.then(f) != nil)
		require.NoError(t, f.Abort())
		require.NoError(t, f.Abort())
		assert.Empty(t, names(t, dir), name)
	}
}

func TestNothingIsKeptOfAFileThatHasJustBegun(t *testing.T) {
	t.Parallel()
	for _, l := range []oftpfile.Layout{layout(unstructured, 0), layout(variable, 9)} {
		dir := t.TempDir()
		target := oftpfile.Target{Path: filepath.Join(dir, "file"), Key: "k", Keep: true, Layout: l}
		f := receive(t, oftpfile.NewInbox(), target)
		require.NoError(t, f.Start(0))
		require.NoError(t, f.Write([]byte{0, 0}), "empty subrecords")
		require.NoError(t, f.Abort())
		assert.Empty(t, names(t, dir))
	}
}

func TestAPartialFileOfAnotherUserIsNotUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := oftpfile.NewInbox()
	target := oftpfile.Target{Path: filepath.Join(dir, "file"), Key: "k", Keep: true, Layout: layout(unstructured, 0)}
	f := receive(t, b, target)
	require.NoError(t, f.Write(record(strings.Repeat("x", 2048), false)))
	require.NoError(t, f.Abort())
	partial := filepath.Join(dir, names(t, dir)[0])
	if err := os.Chown(partial, os.Geteuid()+1, -1); err != nil {
		t.Skip("this user cannot give files away")
	}
	assert.Zero(t, receive(t, b, target).Have())
}

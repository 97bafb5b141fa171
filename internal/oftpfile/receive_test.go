package oftpfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpwire"
)

const (
	unstructured = oftpwire.Unstructured
	text         = oftpwire.Text
	fixed        = oftpwire.Fixed
	variable     = oftpwire.Variable
)

// TestReceiveWireForms has the DATA buffers of the protocol's known senders.
func TestReceiveWireForms(t *testing.T) {
	t.Parallel()
	lf := oftpfile.Layout{Format: variable, RecordSize: 10, Separator: oftpfile.SeparatorLF}
	none := oftpfile.Layout{Format: fixed, RecordSize: 3, Separator: oftpfile.SeparatorNone}
	for name, row := range map[string]struct {
		layout          oftpfile.Layout
		payload         string
		want            string
		records, octets int64
	}{
		"plain":             {layout(unstructured, 0), "\x8aHELLO OFTP", "HELLO OFTP", 0, 10},
		"compressed":        {layout(unstructured, 0), "\x4aA\x02BC\xd4D", strings.Repeat("A", 10) + "BC" + strings.Repeat("D", 20), 0, 32},
		"no end":            {layout(unstructured, 0), "\x02ab", "ab", 0, 2},
		"end in between":    {layout(unstructured, 0), "\x82ab\x82cd", "abcd", 0, 4},
		"zero subrecords":   {layout(unstructured, 0), "\x00\x02ab\x00\x00\x82cd\x00", "abcd", 0, 4},
		"empty":             {layout(unstructured, 0), "", "", 0, 0},
		"empty with end":    {layout(unstructured, 0), "\x80", "", 0, 0},
		"zero value is U":   {oftpfile.Layout{}, "\x82\r\n", "\r\n", 0, 2},
		"text":              {layout(text, 0), "\x8eLINE1\r\nLINE2\r\n", "LINE1\r\nLINE2\r\n", 0, 14},
		"variable":          {layout(variable, 10), "\x83abc\x80\x81d", "abc\r\n\r\nd\r\n", 3, 4},
		"variable, no end":  {layout(variable, 10), "\x83abc\x01d", "abc\r\nd\r\n", 2, 4},
		"variable, LF":      {lf, "\x83abc\xc3x", "abc\nxxx\n", 2, 6},
		"fixed":             {layout(fixed, 3), "\x83abc\x83def", "abc\r\ndef\r\n", 2, 6},
		"fixed, in pieces":  {layout(fixed, 3), "\x01a\x01b\x81c\x83def", "abc\r\ndef\r\n", 2, 6},
		"fixed, one end":    {layout(fixed, 3), "\x06abcdef\xc3x", "abc\r\ndef\r\nxxx\r\n", 3, 9},
		"fixed, long run":   {layout(fixed, 3), "\xc6x", "xxx\r\nxxx\r\n", 2, 6},
		"fixed, None":       {none, "\x83abc\x83def", "abcdef", 2, 6},
		"fixed, short":      {layout(fixed, 3), "\x83abc\x82de", "abc\r\nde\r\n", 2, 5},
		"fixed, empty file": {layout(fixed, 3), "\x80", "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			f := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, Layout: row.layout})
			require.NoError(t, f.Write([]byte(row.payload)))
			require.NoError(t, f.Verify(row.records, row.octets, false))
			assert.NoFileExists(t, path)
			require.NoError(t, f.Commit())
			assert.Equal(t, row.want, content(t, path))
			assert.Equal(t, row.records, f.Records())
			assert.Equal(t, row.octets, f.Octets())
			assert.Equal(t, []string{"file"}, names(t, filepath.Dir(path)))

			var sink bytes.Buffer
			s := oftpfile.NewInbox().Stream(&sink, row.layout)
			require.NoError(t, s.Write([]byte(row.payload)))
			require.NoError(t, s.Commit())
			assert.Equal(t, row.want, sink.String())
		})
	}
}

func TestReceiveRefusesRecords(t *testing.T) {
	t.Parallel()
	none := oftpfile.Layout{Format: fixed, RecordSize: 3, Separator: oftpfile.SeparatorNone}
	for name, row := range map[string]struct {
		layout  oftpfile.Layout
		payload string
	}{
		"variable too long":           {layout(variable, 3), "\x84abcd"},
		"variable too long in pieces": {layout(variable, 3), "\x02ab\x82cd"},
		"variable run too long":       {layout(variable, 3), "\xc4x"},
		"fixed with a rest":           {layout(fixed, 3), "\x84abcd"},
		"fixed short without line":    {none, "\x82ab\x83cde"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sink bytes.Buffer
			f := oftpfile.NewInbox().Stream(&sink, row.layout)
			err := f.Write([]byte(row.payload))
			requireFault(t, err, oftpfile.CodeReceive, oftpfile.ReasonRecordLength)
			assert.Contains(t, err.Error(), "record ")
			assert.Equal(t, err, f.Write(nil), "a fault is final")
			assert.Equal(t, err, f.Commit())
		})
	}
}

func TestReceiveRefusesBrokenPayloads(t *testing.T) {
	t.Parallel()
	whole := "\x04abcd\x83efg\xc3x"
	ends := map[int]bool{0: true, 5: true, 9: true}
	for n := range len(whole) {
		f := oftpfile.NewInbox().Stream(&bytes.Buffer{}, layout(unstructured, 0))
		err := f.Write([]byte(whole[:n]))
		assert.Equal(t, ends[n], err == nil, "%d octets", n)
	}
}

func TestLayoutCheck(t *testing.T) {
	t.Parallel()
	for _, l := range []oftpfile.Layout{
		{}, layout(text, 0), layout(fixed, 1), layout(variable, 99_999),
		{Format: fixed, RecordSize: 8, Separator: oftpfile.SeparatorNone},
	} {
		assert.NoError(t, l.Check(), "%v", l)
	}
	for _, l := range []oftpfile.Layout{layout(fixed, 0), layout(variable, -1), layout(fixed, 100_000)} {
		requireFault(t, l.Check(), oftpfile.CodeReceive, oftpfile.ReasonRecordLength)
	}
	requireFault(t, layout('X', 0).Check(), oftpfile.CodeReceive, oftpfile.ReasonFormat)
	for _, l := range []oftpfile.Layout{{Separator: "\n"}, {Format: variable, RecordSize: 9, Separator: oftpfile.SeparatorNone}} {
		requireFault(t, l.Check(), 10022, oftpfile.ReasonUnspecified)
		_, err := oftpfile.NewInbox().Receive(oftpfile.Target{Path: filepath.Join(t.TempDir(), "x"), Layout: l})
		require.Error(t, err)
		assert.Error(t, oftpfile.NewInbox().Stream(&bytes.Buffer{}, l).Write(record("x", true)))
		_, err = oftpfile.OpenFile("any", l)
		require.Error(t, err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		layout          oftpfile.Layout
		payload         []byte
		records, octets int64
		lenient, strict int
	}{
		"U right":               {layout(unstructured, 0), records("abc"), 0, 3, 0, 0},
		"U octets":              {layout(unstructured, 0), records("abc"), 0, 4, 11, 11},
		"U records":             {layout(unstructured, 0), records("abc"), 1, 3, 0, 10},
		"T octets without LF":   {layout(text, 0), records("a\r\nb\r\n"), 0, 4, 0, 11},
		"T given up, 1.4":       {layout(text, 0), records("a\r\nb\r\n"), 0, 999_999_999_999, 11, 11},
		"T given up, 2.0":       {layout(text, 0), records("a\r\nb\r\n"), 0, 99_999_999_999_999_999, 11, 11},
		"V right":               {layout(variable, 5), records("abc", "d"), 2, 4, 0, 0},
		"V last end missing":    {layout(variable, 5), append(records("abc"), record("d", false)...), 2, 4, 0, 0},
		"V records":             {layout(variable, 5), records("abc", "d"), 1, 4, 0, 10},
		"V octets":              {layout(variable, 5), records("abc", "d"), 2, 8, 11, 11},
		"F one end":             {layout(fixed, 2), records("abcdef"), 3, 6, 0, 0},
		"F short":               {layout(fixed, 2), records("ab", "c"), 2, 3, 0, 11},
		"F hostile numbers":     {layout(fixed, 2), records("ab"), -1, -1, 11, 11},
		"F hostile high number": {layout(fixed, 2), records("ab"), 1 << 62, 1 << 62, 11, 11},
	} {
		for strict, reason := range map[bool]int{false: row.lenient, true: row.strict} {
			f := oftpfile.NewInbox().Stream(&bytes.Buffer{}, row.layout)
			require.NoError(t, f.Write(row.payload))
			err := f.Verify(row.records, row.octets, strict)
			assert.Equal(t, reason, oftpfile.Reason(err), "%s, strict %v: %v", name, strict, err)
			assert.Equal(t, reason == 0, f.Commit() == nil, name)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	f := oftpfile.NewInbox().Stream(&bytes.Buffer{}, layout(unstructured, 0))
	f.SetLimit(6)
	require.NoError(t, f.Write(record("abcdef", false)))
	requireFault(t, f.Write(record("g", true)), oftpfile.CodeReceive, oftpfile.ReasonTooBig)

	f = oftpfile.NewInbox().Stream(&bytes.Buffer{}, layout(variable, 80))
	f.SetLimit(6)
	require.NoError(t, f.Write([]byte("\x80\x80\x80")), "three empty records are six octets on disk")
	requireFault(t, f.Write([]byte("\x80")), oftpfile.CodeReceive, oftpfile.ReasonTooBig)
}

func TestReason(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 0, oftpfile.Reason(nil))
	assert.Equal(t, oftpfile.ReasonUnspecified, oftpfile.Reason(errors.New("any")))
	_, err := oftpfile.NewInbox().Receive(oftpfile.Target{Path: filepath.Join(t.TempDir(), strings.Repeat("x", 300))})
	if err == nil {
		t.Skip("this file system takes names of 300 octets")
	}
	assert.Contains(t, []int{oftpfile.ReasonFileName, oftpfile.ReasonAccess}, oftpfile.Reason(err))
}

func TestExistingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	b := oftpfile.NewInbox()
	_, err := b.Receive(oftpfile.Target{Path: path})
	requireFault(t, err, oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
	assert.False(t, oftpfile.Passes(err))
	assert.Equal(t, "old", content(t, path))

	f := receive(t, b, oftpfile.Target{Path: path, Overwrite: true})
	require.NoError(t, f.Write(records("new")))
	assert.Equal(t, "old", content(t, path), "until the file is complete")
	require.NoError(t, f.Commit())
	assert.Equal(t, "new", content(t, path))
	require.NoError(t, f.Abort(), "after Commit it does nothing")
	assert.Error(t, f.Write(records("x")))
	assert.Equal(t, []string{"file"}, names(t, filepath.Dir(path)))
}

func TestFileThatComesIntoBeingMeanwhile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	f := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, Keep: true})
	require.NoError(t, f.Write(records("mine")))
	require.NoError(t, os.WriteFile(path, []byte("theirs"), 0o600))
	requireFault(t, f.Commit(), oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
	require.NoError(t, f.Abort())
	assert.Equal(t, "theirs", content(t, path))
	assert.Equal(t, []string{"file"}, names(t, filepath.Dir(path)), "no restart would help")
}

func TestFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "in", "ALICE", "file")
	f := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, TempDir: filepath.Join(dir, "tmp")})
	require.NoError(t, f.Write(records("x")))
	assert.Empty(t, names(t, filepath.Dir(path)))
	assert.Len(t, hidden(t, filepath.Join(dir, "tmp")), 1)
	require.NoError(t, f.Commit())
	assert.Equal(t, "x", content(t, path))
	assert.Empty(t, names(t, filepath.Join(dir, "tmp")))
	if info, err := os.Stat(path); assert.NoError(t, err) && runtime.GOOS != "windows" {
		assert.Equal(t, fs.FileMode(0o640), info.Mode())
	}

	_, err := oftpfile.NewInbox().Receive(oftpfile.Target{Path: filepath.Dir(path), Overwrite: true})
	requireFault(t, err, oftpfile.CodeReceive, oftpfile.ReasonAccess)
	_, err = oftpfile.NewInbox().Receive(oftpfile.Target{Path: filepath.Join(path, "below a file")})
	requireFault(t, err, oftpfile.CodeReceive, oftpfile.ReasonAccess)
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("modes of folders do not bind this user")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := oftpfile.NewInbox().Receive(oftpfile.Target{Path: filepath.Join(dir, "file")})
	requireFault(t, err, oftpfile.CodeReceive, oftpfile.ReasonAccess)
	assert.ErrorIs(t, err, fs.ErrPermission)
}

func TestOneNameOneWinner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	b := oftpfile.NewInbox()
	var winners, losers atomic.Int32
	var done sync.WaitGroup
	all := make(chan struct{})
	for i := range 100 {
		done.Add(1)
		go func() {
			defer done.Done()
			<-all
			f, err := b.Receive(oftpfile.Target{Path: path, Key: string(rune('A' + i%5)), Keep: i%2 == 0})
			if err != nil {
				assert.Equal(t, oftpfile.ReasonDuplicate, oftpfile.Reason(err))
				losers.Add(1)
				return
			}
			assert.NoError(t, f.Write(records("winner")))
			assert.NoError(t, f.Commit())
			winners.Add(1)
		}()
	}
	close(all)
	done.Wait()
	assert.EqualValues(t, 1, winners.Load())
	assert.EqualValues(t, 99, losers.Load())
	assert.Equal(t, "winner", content(t, path))
}

func TestReservations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := oftpfile.NewInbox()
	one := receive(t, b, oftpfile.Target{Path: filepath.Join(dir, "one"), Key: "k"})
	_, err := b.Receive(oftpfile.Target{Path: filepath.Join(dir, "sub", "..", "one"), Key: "other"})
	requireFault(t, err, oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
	assert.True(t, oftpfile.Passes(err))
	_, err = b.Receive(oftpfile.Target{Path: filepath.Join(dir, "two"), Key: "k"})
	requireFault(t, err, oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
	assert.True(t, oftpfile.Passes(err))
	receive(t, b, oftpfile.Target{Path: filepath.Join(dir, "two"), Key: "other"})
	require.NoError(t, one.Abort())
	receive(t, b, oftpfile.Target{Path: filepath.Join(dir, "one"), Key: "k"})
}

func TestTwoInboxesNeverReplace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	first := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, Key: "1"})
	second := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, Key: "2"})
	require.NoError(t, first.Write(records("first")))
	require.NoError(t, second.Write(records("second")))
	require.NoError(t, first.Commit())
	requireFault(t, second.Commit(), oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
	assert.Equal(t, "first", content(t, path))
}

func TestPlantedLinks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need privileges there")
	}
	for _, overwrite := range []bool{false, true} {
		dir := t.TempDir()
		victim := filepath.Join(t.TempDir(), "victim")
		require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
		path := filepath.Join(dir, "file")
		target := oftpfile.Target{Path: path, Overwrite: overwrite, Keep: true}

		// Find the hidden name, then plant links there and at the final name.
		f := receive(t, oftpfile.NewInbox(), target)
		partial := hidden(t, dir)[0]
		require.NoError(t, f.Abort())
		for _, plant := range []func(string, string) error{os.Symlink, os.Link} {
			os.Remove(path)
			os.Remove(partial)
			require.NoError(t, plant(victim, partial))
			f = receive(t, oftpfile.NewInbox(), target)
			assert.Zero(t, f.Have())
			require.NoError(t, f.Write(records("new")))
			require.NoError(t, plant(victim, path))
			err := f.Commit()
			if overwrite {
				require.NoError(t, err)
				assert.Equal(t, "new", content(t, path))
			} else {
				requireFault(t, err, oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
			}
			require.NoError(t, f.Abort())
			assert.Equal(t, "precious", content(t, victim))
		}
		if !overwrite {
			_, err := oftpfile.NewInbox().Receive(target)
			requireFault(t, err, oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
		}
	}
}

func TestDanglingLinkCountsAsExisting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.Symlink(filepath.Join(t.TempDir(), "nowhere"), path); err != nil {
		t.Skip("links need privileges there: ", err)
	}
	_, err := oftpfile.NewInbox().Receive(oftpfile.Target{Path: path})
	requireFault(t, err, oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
}

func TestOtherFileSystem(t *testing.T) {
	t.Parallel()
	shm, err := os.MkdirTemp("/dev/shm", "oftpfile")
	if err != nil {
		t.Skip("no second file system: ", err)
	}
	t.Cleanup(func() { os.RemoveAll(shm) })
	dir := t.TempDir()
	if os.Link(filepath.Join(shm, "."), filepath.Join(dir, "probe")) == nil {
		t.Skip("it is the same file system")
	}
	path := filepath.Join(dir, "file")
	for i, overwrite := range []bool{false, true} {
		f := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, TempDir: shm, Overwrite: overwrite})
		require.NoError(t, f.Write(records([]string{"first", "second"}[i])))
		require.NoError(t, f.Commit())
		assert.Equal(t, []string{"first", "second"}[i], content(t, path))
	}
	require.NoError(t, os.Remove(path))
	f := receive(t, oftpfile.NewInbox(), oftpfile.Target{Path: path, TempDir: shm})
	require.NoError(t, f.Write(records("late")))
	require.NoError(t, os.WriteFile(path, []byte("theirs"), 0o600))
	requireFault(t, f.Commit(), oftpfile.CodeDuplicate, oftpfile.ReasonDuplicate)
	require.NoError(t, f.Abort())
	assert.Equal(t, "theirs", content(t, path))
	assert.Equal(t, []string{"file"}, names(t, dir))
	assert.Empty(t, names(t, shm))
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full: ", err)
	}
	defer full.Close()
	f := oftpfile.NewInbox().Stream(full, layout(unstructured, 0))
	payload := record(strings.Repeat("x", 60_000), false)
	for err = nil; err == nil; {
		err = f.Write(payload)
	}
	requireFault(t, err, oftpfile.CodeReceive, oftpfile.ReasonAccess)
	assert.ErrorIs(t, err, syscall.ENOSPC)
	assert.ErrorIs(t, f.Commit(), syscall.ENOSPC)
	require.NoError(t, f.Abort())
}

// FuzzWrite holds Write against a decoder that knows nothing of buffers.
func FuzzWrite(f *testing.F) {
	f.Add([]byte("\x83abc\x80\x02de\xc3x"), byte('V'), 5)
	f.Add([]byte("\x06abcdef\x41x\x82yz"), byte('F'), 3)
	f.Add([]byte("\x4aA\x02BC\xd4D"), byte('U'), 0)
	f.Fuzz(func(t *testing.T, payload []byte, format byte, size int) {
		l := layout(oftpwire.Format(format), size)
		if l.Check() != nil {
			return
		}
		var sink bytes.Buffer
		in := oftpfile.NewInbox().Stream(&sink, l)
		err := in.Write(payload)
		if err == nil {
			err = in.Commit()
		}
		want, octets, ok := decode(payload, l)
		require.Equal(t, ok, err == nil, "%v", err)
		if ok {
			assert.Equal(t, want, sink.String())
			assert.EqualValues(t, octets, in.Octets())
		}
		in.Abort()
	})
}

// decode is the naive decoder: it expands everything first.
func decode(payload []byte, l oftpfile.Layout) (disk string, octets int, ok bool) {
	var list []string
	open, pending := "", false
	for len(payload) > 0 {
		h := payload[0]
		n := int(h & 63)
		take := n
		if h&64 != 0 {
			take = 1
		}
		if len(payload) < 1+take {
			return "", 0, false
		}
		data := string(payload[1 : 1+take])
		if h&64 != 0 {
			data = strings.Repeat(data, n)
		}
		payload = payload[1+take:]
		octets += n
		open, pending = open+data, true
		if h&128 != 0 {
			list, open, pending = append(list, open), "", false
		}
	}
	if pending && open != "" {
		list = append(list, open)
	}
	switch l.Format {
	case variable:
		for _, r := range list {
			if len(r) > l.RecordSize {
				return "", 0, false
			}
			disk += r + "\r\n"
		}
	case fixed:
		for _, r := range list {
			if len(r) > l.RecordSize && len(r)%l.RecordSize != 0 {
				return "", 0, false
			}
			for ; len(r) > l.RecordSize; r = r[l.RecordSize:] {
				disk += r[:l.RecordSize] + "\r\n"
			}
			if r != "" {
				disk += r + "\r\n"
			}
		}
	default:
		disk = strings.Join(list, "")
	}
	return disk, octets, true
}

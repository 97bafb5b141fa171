package journal

import (
	"bytes"
	"hash/fnv"
	"os"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

func checkOctets(b []byte) error { return checkFile(bytes.NewReader(b), int64(len(b))) }

func contentOf(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func TestWholeFilesAreBelieved(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 20, 3000} {
		assert.NoError(t, checkOctets(contentOf(t, journalWith(t, count))), "%d records", count)
	}
}

// A file whose pages have been used and freed many times, with large records.
func TestAFileWithAHistoryIsBelieved(t *testing.T) {
	t.Parallel()
	path := journalWith(t, 2000)
	f, err := Open(path)
	require.NoError(t, err)
	for n := range 60 {
		r := receipt(n)
		r.Signature = make([]byte, 200*n)
		o, _, err := f.Take(t.Context(), "P", nil)
		require.NoError(t, err)
		require.NoError(t, f.Commit(t.Context(), o.Settled(), r))
	}
	_, err = f.Prune(t.Context(), Horizon{Received: noon.Add(1)})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, checkOctets(contentOf(t, path)))

	db, err := bbolt.Open(path, fileMode, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			assert.NoError(t, err, "the store's own opinion")
		}
		return nil
	}))
}

// damages are what can happen to a file. None of them may be believed.
var damages = map[string]func([]byte) []byte{
	"empty":             func([]byte) []byte { return nil },
	"another file":      func(b []byte) []byte { return bytes.Repeat([]byte("text\n"), len(b)/5) },
	"zeros":             func(b []byte) []byte { return make([]byte, len(b)) },
	"cut off":           func(b []byte) []byte { return b[:len(b)/2] },
	"one page short":    func(b []byte) []byte { return b[:newest(b).end*uint64(newest(b).pageSize)-1] },
	"first page gone":   func(b []byte) []byte { clear(b[:4096]); return b },
	"second page gone":  func(b []byte) []byte { clear(b[os.Getpagesize() : 2*os.Getpagesize()]); return b },
	"pages gone":        func(b []byte) []byte { clear(b[2*os.Getpagesize():]); return b },
	"an old first page": func(b []byte) []byte { return edit(b, 0, 48, native.Uint64(b[pageHeader+48:])-2) },
	"no root":           func(b []byte) []byte { return editBoth(b, 16, 1<<40) },
	"a circle":          func(b []byte) []byte { return editBoth(b, 16, 0) },
	"no free pages":     func(b []byte) []byte { return editBoth(b, 32, newest(b).root) },
	"too large":         func(b []byte) []byte { return editBoth(b, 40, 1<<60) },
	"too small":         func(b []byte) []byte { return editBoth(b, 40, 3) },
}

func newest(b []byte) meta {
	m, err := readMeta(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	return m
}

// edit changes a number of a meta page, and its checksum.
func edit(b []byte, page, field int, value uint64) []byte {
	m := b[page*os.Getpagesize()+pageHeader:][:metaSize]
	native.PutUint64(m[field:], value)
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	native.PutUint64(m[metaSize-8:], sum.Sum64())
	return b
}

func editBoth(b []byte, field int, value uint64) []byte {
	return edit(edit(b, 0, field, value), 1, field, value)
}

func TestADamagedFileIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := journalWith(t, 500)
			damaged := damage(contentOf(t, path))
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			_, err := Open(path)
			require.Error(t, err)
			assert.Equal(t, CodeStore, trap.Code(err), "%v", err)
			assert.ErrorContains(t, err, "damaged")
			assert.ErrorContains(t, err, "not touched")
			assert.True(t, bytes.Equal(damaged, contentOf(t, path)), "the file is as it was")
		})
	}
}

func TestADatabaseOfAnotherProgramIsRefused(t *testing.T) {
	t.Parallel()
	path := journalWith(t, 1)
	db, err := bbolt.Open(path, fileMode, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	}))
	require.NoError(t, db.Close())
	_, err = Open(path)
	assert.ErrorContains(t, err, `"theirs"`)

	db, err = bbolt.Open(path, fileMode, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		require.NoError(t, tx.DeleteBucket([]byte("theirs")))
		return tx.DeleteBucket([]byte(sentTable))
	}))
	require.NoError(t, db.Close())
	_, err = Open(path)
	assert.ErrorContains(t, err, "3 tables")
}

// records counts the records of a file that has passed the check.
func records(t *testing.T, b []byte) (count int) {
	t.Helper()
	w := walk{file: bytes.NewReader(b), meta: newest(b), used: make([]bool, newest(b).end)}
	require.NoError(t, w.tree(w.root, span{}, 0, func(e element) error {
		if root := native.Uint64(e.value); root != 0 {
			return w.tree(root, span{}, 0, func(element) error { count++; return nil })
		}
		elements, _, _, err := parsePage(e.value[16:], span{})
		count += len(elements)
		return err
	}))
	return count
}

// A spoilt octet must be noticed, or it must not matter: then all records are
// there, and their checksums have been found right.
func TestSpoiltOctetsAreNoticedOrDoNotMatter(t *testing.T) {
	t.Parallel()
	step := 61
	if os.Getenv("EDIPORT_LONG") != "" {
		step = 1
	}
	b := contentOf(t, journalWith(t, 120))
	want, noticed := records(t, b), 0
	for at := 0; at < len(b); at += step {
		for _, flip := range []byte{0x01, 0x41} {
			b[at] ^= flip
			if checkOctets(b) != nil {
				noticed++
			} else {
				require.Equal(t, want, records(t, b), "octet %d", at)
			}
			b[at] ^= flip
		}
	}
	assert.Greater(t, noticed, 2*10_000/step, "the file has about 15,000 octets in use")
}

// FuzzCheckFile spoils a file at some place. Whatever is found, finding it must
// neither panic nor take long.
func FuzzCheckFile(f *testing.F) {
	good := contentOf(f, journalWith(f, 300))
	f.Add(uint32(16), []byte{0xFF})
	f.Add(uint32(4096), []byte("0123456789"))
	f.Add(uint32(8200), []byte{1, 0, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, at uint32, with []byte) {
		bad := bytes.Clone(good)
		copy(bad[int(at)%len(bad):], with)
		for page := range 2 { // reach what lies behind the checksums
			edit(bad, page, 56, 0)
		}
		_ = checkOctets(bad)
	})
}

// pageOf writes a page by hand: a kind, then for each element the four numbers
// of its head, then the data.
func pageOf(kind, count uint16, heads []uint32, data string) []byte {
	b := make([]byte, pageHeader)
	native.PutUint16(b[8:], kind)
	native.PutUint16(b[10:], count)
	for _, n := range heads {
		b = native.AppendUint32(b, n)
	}
	return append(b, data...)
}

func TestParsePage(t *testing.T) {
	t.Parallel()
	// Two elements: a with value 1, b with value 22. Positions count from the
	// element itself.
	good := []uint32{0, 32, 1, 1, 0, 18, 1, 2}
	elements, end, branch, err := parsePage(pageOf(leafPage, 2, good, "a1b22"), span{})
	require.NoError(t, err)
	assert.False(t, branch)
	assert.Equal(t, pageHeader+2*elementSize+5, end)
	assert.Equal(t, []element{{key: []byte("a"), value: []byte("1")}, {key: []byte("b"), value: []byte("22")}}, elements)

	elements, _, branch, err = parsePage(pageOf(branchPage, 1, []uint32{16, 1, 9, 0}, "a"), span{})
	require.NoError(t, err)
	assert.True(t, branch)
	assert.Len(t, elements, 1)
	if native.Uint16([]byte{1, 0}) == 1 { // the number has 8 octets, in the order of the machine
		assert.Equal(t, uint64(9), elements[0].below)
	}

	for name, row := range map[string]struct {
		page []byte
		span span
	}{
		"an unknown kind":         {pageOf(7, 2, good, "a1b22"), span{}},
		"both kinds":              {pageOf(branchPage|leafPage, 2, good, "a1b22"), span{}},
		"too many elements":       {pageOf(leafPage, 3, good, "a1b22"), span{}},
		"too few elements":        {pageOf(leafPage, 1, good, "a1b22"), span{}},
		"keys that fall":          {pageOf(leafPage, 2, good, "b1a22"), span{}},
		"keys that are the same":  {pageOf(leafPage, 2, good, "a1a22"), span{}},
		"a key below":             {pageOf(leafPage, 2, good, "a1b22"), span{low: []byte("aa")}},
		"a key above":             {pageOf(leafPage, 2, good, "a1b22"), span{high: []byte("b")}},
		"data cut off":            {pageOf(leafPage, 2, good, "a1b2"), span{}},
		"no key":                  {pageOf(leafPage, 1, []uint32{0, 16, 0, 1}, "1"), span{}},
		"a key that is elsewhere": {pageOf(leafPage, 1, []uint32{0, 17, 1, 1}, " a1"), span{}},
		"lengths beyond 32 bits":  {pageOf(leafPage, 1, []uint32{0, 16, 1, 1<<32 - 1}, "a1"), span{}},
	} {
		_, _, _, err := parsePage(row.page, row.span)
		assert.Error(t, err, name)
	}
}

func TestMetaPagesThatAreNone(t *testing.T) {
	t.Parallel()
	good := contentOf(t, journalWith(t, 1))
	for name, spoil := range map[string]func(b []byte){
		"the kind":             func(b []byte) { b[8] = 0 },
		"the magic number":     func(b []byte) { edit(b, 0, 0, 0) },
		"the version":          func(b []byte) { edit(b, 0, 0, native.Uint64(b[pageHeader:])^1<<33) },
		"the checksum":         func(b []byte) { b[pageHeader+56] ^= 1 },
		"pages too small":      func(b []byte) { edit(b, 0, 8, 512) },
		"pages too large":      func(b []byte) { edit(b, 0, 8, 1<<25) },
		"pages of an odd size": func(b []byte) { edit(b, 0, 8, 4097) },
		"pages of two sizes":   func(b []byte) { edit(b, 1, 8, 8192) },
		"a far transaction":    func(b []byte) { edit(b, 1, 48, 1<<63) },
	} {
		b := bytes.Clone(good)
		spoil(b)
		_, err := readMeta(bytes.NewReader(b))
		assert.Error(t, err, name)
	}
	for n := 0; n < os.Getpagesize()+pageHeader+metaSize; n += 31 {
		_, err := readMeta(bytes.NewReader(good[:n]))
		require.Error(t, err, "%d octets", n)
	}
}

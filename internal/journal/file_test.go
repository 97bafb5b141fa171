package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func id(n int) FileID { return FileID{Name: fmt.Sprintf("FILE%06d", n), Date: "20261120"} }

func receipt(n int) Receipt { return Receipt{Partner: "P", File: id(n), Owed: noon} }

// journalWith makes a closed journal that has so many files and receipts.
func journalWith(t testing.TB, count int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "journal")
	f, err := Open(path)
	require.NoError(t, err)
	changes := []Change{
		Sent{File: id(0), Partner: "P", State: Offered, At: noon},
		RestartPoint{RestartKey: RestartKey{Partner: "P", File: id(0)}, At: noon},
	}
	for n := range count {
		changes = append(changes, receipt(n), Received{File: id(n), Partner: "P", At: noon})
	}
	require.NoError(t, f.Commit(t.Context(), changes...))
	require.NoError(t, f.Close())
	return path
}

func TestAJournalKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	path := journalWith(t, 3)
	f, err := Open(path)
	require.NoError(t, err)
	taken, found, err := f.Take(t.Context(), "P", nil)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, receipt(0), taken.Receipt)
	require.NoError(t, f.Close())

	f, err = Open(path)
	require.NoError(t, err)
	defer f.Close()
	again, found, err := f.Take(t.Context(), "P", nil)
	require.NoError(t, err)
	assert.True(t, found, "what was lent when the process ended is owed still")
	assert.Equal(t, taken, again)
	_, found, err = f.Received(t.Context(), id(2))
	require.NoError(t, err)
	assert.True(t, found)
}

func TestANewJournalIsPrivateAndTheOnlyFile(t *testing.T) {
	t.Parallel()
	path := journalWith(t, 0)
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, fs.FileMode(0o600), info.Mode())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestTwoProcessesMakeOneJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, first, second := filepath.Join(dir, "journal"), filepath.Join(dir, "1"), filepath.Join(dir, "2")
	require.NoError(t, os.WriteFile(first, []byte("first"), 0o600))
	require.NoError(t, os.WriteFile(second, []byte("second"), 0o600))
	require.NoError(t, appear(first, path))
	require.NoError(t, appear(second, path), "the other one was faster")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "first", string(content))
}

func TestAJournalInUseIsRefusedWithinASecond(t *testing.T) {
	t.Parallel()
	path := journalWith(t, 1)
	f, err := Open(path)
	require.NoError(t, err)
	defer f.Close()
	began := time.Now()
	_, err = Open(path)
	require.ErrorIs(t, err, ErrInUse)
	assert.ErrorContains(t, err, "in use by another")
	assert.Less(t, time.Since(began), time.Second)
	require.NoError(t, f.Commit(t.Context(), receipt(7)), "the first one goes on")
}

func TestPlacesWhereNoJournalCanBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "none", "journal"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, CodeStore, trap.Code(err))
	_, err = Open(dir)
	assert.Equal(t, CodeStore, trap.Code(err), "%v", err)
}

func TestADiskThatIsFullPasses(t *testing.T) {
	t.Parallel()
	path := journalWith(t, 1)
	f, err := openWith(path, bbolt.Options{MaxSize: 1 << 20})
	require.NoError(t, err)
	defer f.Close()
	var n int
	for n = 1; n < 10_000; n++ {
		r := receipt(n)
		r.Signature = make([]byte, 10_000)
		if err = f.Commit(t.Context(), r, Received{File: id(n), Partner: "P"}); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, bolterrors.ErrMaxSizeReached)
	assert.Equal(t, CodeStore, trap.Code(err))
	_, found, err := f.Received(t.Context(), id(n))
	require.NoError(t, err)
	assert.False(t, found, "nothing of the commit that failed")

	for range 5 { // room comes back: pages are free after the next transaction
		o, found, err := f.Take(t.Context(), "P", nil)
		require.NoError(t, err)
		require.True(t, found)
		require.NoError(t, f.Commit(t.Context(), o.Settled()))
	}
	require.NoError(t, f.Commit(t.Context(), receipt(n)))
	require.NoError(t, f.Close())
	f, err = Open(path)
	require.NoError(t, err, "the file is whole")
	require.NoError(t, f.Close())
}

func TestAfterADiskThatFailedNothingIsWritten(t *testing.T) {
	t.Parallel()
	f, err := Open(journalWith(t, 1))
	require.NoError(t, err)
	defer f.Close()
	broken := errors.New("the disk is broken")
	_, failed := f.update(func(*bbolt.Tx) error { panic(broken) })
	require.Equal(t, CodeStore, trap.Code(failed))
	err = f.Commit(t.Context(), receipt(2))
	assert.Equal(t, CodeStore, trap.Code(err))
	assert.ErrorContains(t, err, "must be opened again")
	_, found, err := f.Received(t.Context(), id(0))
	require.NoError(t, err, "reading goes on")
	assert.True(t, found)
}

func TestARecordThatIsDamagedLaterIsAnError(t *testing.T) {
	t.Parallel()
	f, err := Open(journalWith(t, 2))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.db.Update(func(tx *bbolt.Tx) error {
		for name := range tables {
			b := tx.Bucket([]byte(name))
			key, _ := b.Cursor().First()
			if err := b.Put(key, []byte("nonsense")); err != nil {
				return err
			}
		}
		return nil
	}))
	_, _, err = f.Take(t.Context(), "P", nil)
	assert.Equal(t, CodeStore, trap.Code(err), "%v", err)
	_, found, err := f.Received(t.Context(), id(0))
	assert.Equal(t, CodeStore, trap.Code(err), "%v", err)
	assert.False(t, found)
	_, err = f.Prune(t.Context(), Horizon{Restarts: noon.Add(1)})
	assert.Equal(t, CodeStore, trap.Code(err), "%v", err)
	err = f.Commit(t.Context(), Answer{File: id(0), State: Acknowledged})
	assert.Equal(t, CodeStore, trap.Code(err), "%v", err)
}

// While one commit is being written others wait; they share the next write.
func TestCommitsShareAWrite(t *testing.T) {
	t.Parallel()
	f, err := Open(journalWith(t, 0))
	require.NoError(t, err)
	defer f.Close()
	const many = 50
	release := occupy(f)
	var wg sync.WaitGroup
	errs := make([]error, many)
	for n := range many {
		wg.Go(func() { errs[n] = f.Commit(t.Context(), receipt(n), Received{File: id(n / 2), Partner: "P"}) })
	}
	waitFor(f, many)
	before := transactions(t, f)
	release()
	wg.Wait()

	refused := 0
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, ErrKnown)
			refused++
		}
	}
	assert.Equal(t, many/2, refused, "one of each two is a duplicate")
	assert.Equal(t, before+1, transactions(t, f), "all others came with one transaction")
}

func TestACommitThatWaitsCanBeWithdrawn(t *testing.T) {
	t.Parallel()
	f, err := Open(journalWith(t, 0))
	require.NoError(t, err)
	defer f.Close()
	release := occupy(f)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Commit(ctx, receipt(1)) }()
	waitFor(f, 1)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	release()
	for range f.Receipts(t.Context(), "") {
		assert.Fail(t, "the receipt is owed")
	}
}

func TestCloseWaitsForTheTurn(t *testing.T) {
	t.Parallel()
	f, err := Open(journalWith(t, 0))
	require.NoError(t, err)
	release := occupy(f)
	closed := make(chan error)
	go func() { closed <- f.Close() }()
	select {
	case <-closed:
		assert.Fail(t, "closed while somebody writes")
	default:
	}
	release()
	require.NoError(t, <-closed)
	require.ErrorIs(t, f.Commit(t.Context(), receipt(1)), ErrClosed)
}

// occupy takes the turn to write until release is called.
func occupy(f *File) (release func()) {
	f.line.turn <- struct{}{}
	return func() { <-f.line.turn }
}

// waitFor returns when so many calls stand in the line.
func waitFor(f *File, count int) {
	for {
		f.line.mu.Lock()
		n := len(f.line.waiting)
		f.line.mu.Unlock()
		if n == count {
			return
		}
		runtime.Gosched()
	}
}

func transactions(t *testing.T, f *File) (id int) {
	t.Helper()
	require.NoError(t, f.db.View(func(tx *bbolt.Tx) error {
		id = tx.ID()
		return nil
	}))
	return id
}

package journal

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

func opened(t *testing.T) *File {
	t.Helper()
	f, err := Open(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// Lists are read in chunks: their borders must lose nothing and repeat nothing.
func TestListsOfEveryLengthAroundAChunk(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2*chunk + 1} {
		f := opened(t)
		other := receipt(0)
		other.Partner = "Q" // behind the queue that is listed
		changes := []Change{other}
		for n := range count {
			changes = append(changes, receipt(n))
		}
		require.NoError(t, f.Commit(t.Context(), changes...))
		var want, got []FileID
		for n := range count {
			want = append(want, id(n))
		}
		for o, err := range f.Receipts(t.Context(), "P") {
			require.NoError(t, err)
			got = append(got, o.File)
		}
		assert.Equal(t, want, got, "%d records", count)
	}
}

func TestPruneRemovesMoreThanAChunk(t *testing.T) {
	t.Parallel()
	for _, count := range []int{chunk, 2*chunk + 1} {
		f := opened(t)
		changes := []Change{Received{File: id(-1), Partner: "P", At: noon.Add(1)}}
		for n := range count {
			changes = append(changes, Received{File: id(n), Partner: "P", At: noon})
		}
		require.NoError(t, f.Commit(t.Context(), changes...))
		pruned, err := f.Prune(t.Context(), Horizon{Received: noon.Add(1)})
		require.NoError(t, err)
		assert.Equal(t, count, pruned)
		_, found, err := f.Received(t.Context(), id(-1))
		require.NoError(t, err)
		assert.True(t, found)
	}
}

// Between the reading of an old record and its removal a session may have
// written it anew.
func TestPruneKeepsWhatHasBecomeYoung(t *testing.T) {
	t.Parallel()
	f := opened(t)
	require.NoError(t, f.Commit(t.Context(),
		Received{File: id(1), Partner: "P", At: noon},
		Received{File: id(2), Partner: "P", At: noon.Add(time.Hour)}))
	keys := [][]byte{
		keyOf(&Received{File: id(1)}), keyOf(&Received{File: id(2)}), keyOf(&Received{File: id(3)}),
	}
	h := Horizon{Received: noon.Add(time.Minute)}
	count, err := discard[Received](t.Context(), f, receivedTable, keys, h.hidesReceived)
	require.NoError(t, err)
	assert.Equal(t, 1, count)
	_, found, err := f.Received(t.Context(), id(2))
	require.NoError(t, err)
	assert.True(t, found)
}

// Servers of one program that start at the same time make one journal, which
// one of them has.
func TestManyMakeOneJournalAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	const many = 8
	errs := make([]error, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() { errs[i] = create(path) })
	}
	wg.Wait()
	for _, err := range errs {
		assert.NoError(t, err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "what the others have made is gone")
	f, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// A queue that fills and empties must not make the file grow.
func TestTheFileDoesNotGrowWithWhatHasGone(t *testing.T) {
	t.Parallel()
	f := opened(t)
	for n := range 300 {
		require.NoError(t, f.Commit(t.Context(), receipt(n)))
		o, found, err := f.Take(t.Context(), "P", nil)
		require.NoError(t, err)
		require.True(t, found)
		require.NoError(t, f.Commit(t.Context(), o.Settled()))
	}
	info, err := os.Stat(f.path)
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(1<<17))
	assert.Empty(t, f.lent, "no loan is left")
}

// If the counter of receipts were lost, a new receipt would replace an old one.
func TestACounterThatHasGoneBackLosesNoReceipt(t *testing.T) {
	t.Parallel()
	f := opened(t)
	require.NoError(t, f.Commit(t.Context(), receipt(1), receipt(2)))
	require.NoError(t, f.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(receiptTable)).SetSequence(0)
	}))
	require.ErrorContains(t, f.Commit(t.Context(), receipt(3)), "gone back")
	count := 0
	for _, err := range f.Receipts(t.Context(), "P") {
		require.NoError(t, err)
		count++
	}
	assert.Equal(t, 2, count)
}

// A receipt that is being settled is neither owed nor to be taken.
func TestNobodyTakesWhatIsBeingSettled(t *testing.T) {
	t.Parallel()
	f := opened(t)
	require.NoError(t, f.Commit(t.Context(), receipt(1)))
	o, _, err := f.Take(t.Context(), "P", nil)
	require.NoError(t, err)
	release := occupy(f)
	settled := make(chan error)
	go func() { settled <- f.Commit(t.Context(), o.Settled()) }()
	waitFor(f, 1)
	_, found, err := f.Take(t.Context(), "P", nil)
	require.NoError(t, err)
	assert.False(t, found)
	release()
	require.NoError(t, <-settled)
	_, found, err = f.Take(t.Context(), "P", nil)
	require.NoError(t, err)
	assert.False(t, found)
}

func TestStatesHaveNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[State]string{
		-1: "unknown", 0: "unknown", Offered: "offered", Accepted: "accepted",
		Acknowledged: "acknowledged", Refused: "refused", 5: "unknown",
	} {
		assert.Equal(t, want, s.String(), "%d", int(s))
	}
}

package journal_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ediport/ediport/internal/journal"
	"github.com/stretchr/testify/require"
)

// A file received and its receipt, in one commit: what a session waits for
// before EFPA.
func benchmarkCommits(b *testing.B, j journal.Journal, goroutines int) {
	var next atomic.Int64
	b.SetParallelism(goroutines) // times GOMAXPROCS
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			err := j.Commit(b.Context(),
				journal.Received{File: numbered(n), Partner: "P", Path: "in/file"},
				journal.Receipt{File: numbered(n), Partner: "P"})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkCommitAlone(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "journal"))
	n := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		n++
		require.NoError(b, j.Commit(b.Context(),
			journal.Received{File: numbered(n), Partner: "P", Path: "in/file"},
			journal.Receipt{File: numbered(n), Partner: "P"}))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkCommitBy100(b *testing.B) {
	benchmarkCommits(b, open(b, filepath.Join(b.TempDir(), "journal")), 50)
}

func BenchmarkCommitInMemory(b *testing.B) {
	benchmarkCommits(b, journal.NewMemory(), 1)
}

// BenchmarkReceiptInAndOut owes, takes and settles receipts, one after the
// other, and reports how large the file has become.
func BenchmarkReceiptInAndOut(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal")
	j := open(b, path)
	n := int64(0)
	for b.Loop() {
		n++
		require.NoError(b, j.Commit(b.Context(), journal.Receipt{File: numbered(n), Partner: "P"}))
		o, _, err := j.Take(b.Context(), "P", nil)
		require.NoError(b, err)
		require.NoError(b, j.Commit(b.Context(), o.Settled()))
	}
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size()), "octets")
}

// BenchmarkOpen opens a journal of 100,000 files received.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal")
	j := open(b, path)
	for part := range int64(100) {
		var changes []journal.Change
		for n := range int64(1000) {
			changes = append(changes, journal.Received{File: numbered(part*1000 + n), Partner: "P", Path: "in/file"})
		}
		require.NoError(b, j.Commit(b.Context(), changes...))
	}
	require.NoError(b, j.Close())
	for b.Loop() {
		j, err := journal.Open(path)
		require.NoError(b, err)
		require.NoError(b, j.Close())
	}
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size()), "octets")
}

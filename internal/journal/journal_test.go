package journal_test

import (
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/journal"
	"github.com/ediport/ediport/internal/journal/journaltest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	child()
	goleak.VerifyTestMain(m)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(*testing.T) journal.Journal { return journal.NewMemory() })
}

func TestFile(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) journal.Journal {
		return open(t, filepath.Join(t.TempDir(), "journal"))
	})
}

// open opens a journal that the test closes, at the latest at its end.
func open(t testing.TB, path string) *journal.File {
	t.Helper()
	j, err := journal.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

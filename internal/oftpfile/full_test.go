package oftpfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What has filled the disk must not stay there for a restart that may never
// come: other transfers need the room.
func TestAFileThatFillsTheDiskIsNotKept(t *testing.T) {
	t.Parallel()
	for name, writes := range map[string]int{
		"found out while it is received": 3 * bufferSize / (50 * 63),
		"found out when it breaks off":   1,
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("there is no /dev/full")
		}
		defer full.Close()
		dir := t.TempDir()
		f, err := NewInbox().Receive(Target{Path: filepath.Join(dir, "file"), Key: "k", Keep: true})
		require.NoError(t, err)
		require.NoError(t, f.Start(0))
		f.out = full
		for range writes {
			err = f.Write(bytes.Repeat([]byte{0x7F, 'x'}, 50))
		}
		assert.Equal(t, writes > 1, err != nil, name)
		err = f.Abort()
		assert.Equal(t, writes == 1, err != nil, "%s: %v", name, err)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, entries, name)
	}
}

package tlsconf

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKeyLogIsShared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte("# was here\n"), 0o600))
	first, err := openKeyLog(path)
	require.NoError(t, err)
	second, err := openKeyLog(filepath.Join(filepath.Dir(path), ".", "keys"))
	require.NoError(t, err)
	assert.Same(t, first, second)

	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			n, err := fmt.Fprintf(first, "line %02d\n", i)
			assert.Equal(t, 8, n)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	require.NoError(t, first.release())
	_, err = second.Write([]byte("still open\n"))
	require.NoError(t, err)
	require.NoError(t, second.release())
	n, err := second.Write([]byte("too late\n"))
	require.NoError(t, err, "a handshake that outlives the settings goes on")
	assert.Equal(t, 9, n)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	assert.Len(t, lines, 52)
	assert.Equal(t, "# was here", lines[0], "never overwritten")
	assert.Equal(t, "still open", lines[51])
	third, err := openKeyLog(path)
	require.NoError(t, err)
	assert.NotSame(t, first, third)
	require.NoError(t, third.release())
}

func TestKeyLogMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	c := compile(t, func(s *Settings) { s.KeyLogFile = path })
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, c.Close())
	assert.NoError(t, c.Close(), "closing twice is harmless")
	o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(nil))
	assert.NoError(t, o.serverErr, "connections go on after Close")
}

// A file that cannot be written ends no handshake; Close tells.
func TestKeyLogFailure(t *testing.T) {
	t.Parallel()
	c, err := Compile(Settings{EnabledProtocols: 3072, CipherSuites: "*", KeyLogFile: filepath.Join(t.TempDir(), "keys")})
	require.NoError(t, err)
	k := c.base.KeyLogWriter.(*keyLog)
	require.NoError(t, k.file.Close())
	o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) { conf.MaxVersion = tls.VersionTLS12 }))
	assert.NoError(t, o.serverErr)
	err = c.Close()
	assert.Equal(t, trap.CodeSecurityLibrary, trap.Code(err))
	assert.ErrorIs(t, err, os.ErrClosed)
}

func TestKeyLogCannotOpen(t *testing.T) {
	t.Parallel()
	_, err := openKeyLog(t.TempDir())
	assert.Equal(t, trap.CodeSecurityLibrary, trap.Code(err))
}

package cms

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Bouncy Castle as Debian installs it (libbcprov-java, libbcpkix-java); openssl
// there is built without zlib.
var jars = []string{"/usr/share/java/bcprov.jar", "/usr/share/java/bcpkix.jar", "/usr/share/java/bcutil.jar"}

func TestCompressedDataOfBouncyCastle(t *testing.T) {
	t.Parallel()
	java := needs.Program(t, "java")
	for _, jar := range jars {
		needs.File(t, jar)
	}
	dir := t.TempDir()
	source := filepath.Join("testdata", "Comp.java")
	classpath := strings.Join(jars, string(os.PathListSeparator))
	comp := func(args ...string) {
		run(t, nil, java, append([]string{"-cp", classpath, source}, args...)...)
	}

	plain := write(t, dir, "plain", longContent)
	for _, segment := range []string{"1000", "100000"} {
		theirs := filepath.Join(dir, "theirs-"+segment)
		comp("c", plain, theirs, segment)
		packed, err := os.ReadFile(theirs)
		require.NoError(t, err)
		content, types, err := unwrapped(bytes.NewReader(packed), 1, Recipient{}, VerifyOptions{})
		require.NoError(t, err)
		assert.Equal(t, []ContentType{CompressedData}, types)
		assert.True(t, bytes.Equal(longContent, content))
	}

	for _, octets := range [][]byte{longContent, {}} {
		ours := write(t, dir, "ours", produce(t, octets, compresses(DefaultLevel)))
		back := filepath.Join(t.TempDir(), "back")
		comp("d", ours, back)
		content, err := os.ReadFile(back)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(octets, content))
	}
}

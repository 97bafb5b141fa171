package oftpwire

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frame is one stream transmission buffer of a recorded session.
type frame struct {
	from   string // "I>R" or "R>I"
	header [HeaderSize]byte
	wire   []byte
}

// readSession reads the frames of a recording. Data exchange buffers are left
// out of the recordings.
func readSession(t *testing.T, name string) (frames []frame) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := append(strings.Fields(lines.Text()), "")
		header, err := hex.DecodeString(fields[1])
		require.NoError(t, err)
		wire, err := hex.DecodeString(fields[2])
		require.NoError(t, err)
		frames = append(frames, frame{fields[0], [HeaderSize]byte(header), wire})
	}
	require.NotEmpty(t, frames)
	return frames
}

// TestSessionsOfPeers parses every command of sessions between other
// implementations at the level that the two agreed on, and writes it again.
func TestSessionsOfPeers(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "sessions", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			level := Level20
			for i, f := range readSession(t, name) {
				n, err := ParseHeader(f.header)
				require.NoError(t, err, "frame %d", i)
				require.Len(t, f.wire, n, "frame %d", i)
				if n == 0 {
					continue
				}
				c, err := Parse(level, f.wire)
				require.NoError(t, err, "frame %d", i)
				checkRewrite(t, level, c, f.wire)
				switch c := c.(type) {
				case SSRM:
					level = Level20 // the next session in the recording
				case SSID:
					level = Lower(level, c.Level)
				}
			}
		})
	}
}

// checkRewrite writes c and compares it with what the peer sent, but for the
// end of the command, where one of them has its own mind.
func checkRewrite(t *testing.T, l Level, c Command, wire []byte) {
	t.Helper()
	if e, ok := c.(ESID); ok && e.Text != "" {
		l = Level20 // one peer ends a session of 1.4 in the form of 2.0
	}
	again, err := c.Append(nil, l)
	require.NoError(t, err, Describe(c))
	if last := len(wire) - 1; wire[last] == '\n' {
		wire = append(bytes.Clone(wire[:last]), '\r')
	}
	assert.Equal(t, wire, again, Describe(c))
}

// TestRecordedSessionsAgreeOnALevel guards the test above against reading all of
// its sessions at the same level.
func TestRecordedSessionsAgreeOnALevel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Level{
		"accord-v12.txt":  Level12,
		"accord-v13.txt":  Level13,
		"accord-v14.txt":  Level14,
		"accord-both.txt": Level20,
	} {
		level := Level20
		for _, f := range readSession(t, filepath.Join("testdata", "sessions", name)) {
			if len(f.wire) == 0 || ID(f.wire[0]) != IDSSID {
				continue
			}
			c, err := Parse(level, f.wire)
			require.NoError(t, err)
			level = Lower(level, c.(SSID).Level)
		}
		assert.Equal(t, want, level, name)
	}
}

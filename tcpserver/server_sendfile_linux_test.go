package tcpserver

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What sendfile(2) has sent is not copied: until the peer reads, a change of the
// file still shows. A file in memory shows it on any machine. TLS must copy.
func TestSendFileDoesNotCopy(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		const size = 32 << 10
		fd, err := unix.MemfdCreate("ediport", unix.MFD_CLOEXEC)
		require.NoError(t, err)
		f := os.NewFile(uintptr(fd), "memory")
		t.Cleanup(func() { _ = f.Close() })
		before, after := bytes.Repeat([]byte("b"), size), bytes.Repeat([]byte("a"), size)
		_, err = f.Write(before)
		require.NoError(t, err)
		_, p, c := meet(t, NewServer(), secure)
		n, err := c.SendFile(fmt.Sprintf("/proc/self/fd/%d", fd))
		require.NoError(t, err)
		require.EqualValues(t, size, n)
		_, err = f.WriteAt(after, 0)
		require.NoError(t, err)
		want := after
		if secure {
			want = before
		}
		sameOctets(t, want, p.take(size))
	})
}

// underStrace tells the child of TestSendFileUnderStrace which file to send.
const underStrace = "EDIPORT_TEST_UNDER_STRACE"

func TestSendFileUnderStrace(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	strace := needs.Program(t, "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-e", "trace=sendfile", "-o", trace,
		os.Args[0], "-test.run=^TestSendFileTraced$", "-test.count=1")
	cmd.Env = append(os.Environ(), underStrace+"="+inkFile(t, size))
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte("PTRACE")) {
		t.Skipf("strace may not trace here; TestSendFileDoesNotCopy proves the same: %s", out)
	}
	require.NoError(t, err, string(out))
	calls, err := os.ReadFile(trace)
	require.NoError(t, err)
	sum := 0
	for _, m := range regexp.MustCompile(`sendfile.*\) += (\d+)`).FindAllSubmatch(calls, -1) {
		n, err := strconv.Atoi(string(m[1]))
		require.NoError(t, err)
		sum += n
	}
	assert.Equal(t, size, sum, "all octets go through sendfile")
}

// TestSendFileTraced is what TestSendFileUnderStrace traces.
func TestSendFileTraced(t *testing.T) {
	path := os.Getenv(underStrace)
	if path == "" {
		t.Skip("runs in TestSendFileUnderStrace")
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	_, p, c := meet(t, NewServer(), false)
	done := going(func() (int64, error) { return c.SendFile(path) })
	_, err = io.CopyN(io.Discard, p.in, info.Size())
	require.NoError(t, err)
	await(t, done, 0)
}

func TestSendFileOfANamedPipe(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultTimeout = time.Hour
		j, p, c := meet(t, srv, secure)
		path := filepath.Join(t.TempDir(), "pipe")
		require.NoError(t, unix.Mkfifo(path, 0o600))
		done := going(func() (int64, error) { return c.SendFile(path) })
		w, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for SendFile
		require.NoError(t, err)
		wrote := going(func() (int, error) {
			n, err := w.Write(ink(0, much))
			_ = w.Close()
			return n, err
		})
		sameOctets(t, ink(0, much), p.take(much))
		assert.EqualValues(t, much, await(t, done, 0).n)
		require.NoError(t, receive(t, wrote, "the end of writing").err)
		goesOn(t, j, p, c)
	})
}

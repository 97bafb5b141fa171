package tcpserver

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSendFileOfSixtyFourMebibytes(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	path := filepath.Join(t.TempDir(), "large")
	f, err := os.Create(path)
	require.NoError(t, err)
	want := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, want), rand.NewChaCha8([32]byte{}), size)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	for _, timeout := range []time.Duration{0, time.Hour} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, secure bool) {
				srv := NewServer()
				srv.DefaultTimeout = timeout
				j, p, c := meet(t, srv, secure)
				done := going(func() (int64, error) { return srv.SendFile(c.ConnectionID(), path) })
				got := sha256.New()
				n, err := io.CopyN(got, p.in, size)
				require.NoError(t, err, n)
				assert.EqualValues(t, size, await(t, done, 0).n)
				assert.Equal(t, want.Sum(nil), got.Sum(nil))
				assert.Zero(t, c.BytesSent())
				goesOn(t, j, p, c)
			})
		})
	}
}

func TestSendFileOfOddFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cases := []struct {
		name, path string
		fails      bool
		cause      error // nil: any
	}{
		{"empty", file(t, "empty", ""), false, nil},
		{"missing", filepath.Join(folder, "missing"), true, fs.ErrNotExist},
		{"a folder", folder, true, nil},
		{"no name", "", true, fs.ErrNotExist},
	}
	bothWays(t, func(t *testing.T, secure bool) {
		j, p, c := meet(t, newSender(t), secure)
		for _, tc := range cases {
			n, err := c.SendFile(tc.path)
			assert.Zero(t, n, tc.name)
			if !tc.fails {
				assert.NoError(t, err, tc.name)
				continue
			}
			assert.Positive(t, code(t, err), tc.name)
			if tc.cause != nil {
				assert.ErrorIs(t, err, tc.cause, tc.name)
			}
		}
		goesOn(t, j, p, c) // and nothing was sent
	})
}

func TestSendFileThatShrinksMeanwhile(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultTimeout = time.Hour
		j, p, c := meet(t, srv, secure)
		path := inkFile(t, 4*much)
		done := going(func() (int64, error) { return c.SendFile(path) })
		first := p.take(1)
		require.NoError(t, os.Truncate(path, 2*much)) // far behind what is on its way
		sameOctets(t, ink(0, 2*much), append(first, p.take(2*much-1)...))
		got := receive(t, done, "the end of SendFile")
		assert.EqualValues(t, 2*much, got.n)
		if assert.Error(t, got.err, "less was sent than there was") {
			assert.Equal(t, 10053, code(t, got.err), "the client is not to blame")
			assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
		}
		goesOn(t, j, p, c)
	})
}

func TestSendFileThatGrowsMeanwhile(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultTimeout = time.Hour
		j, p, c := meet(t, srv, secure)
		path := inkFile(t, much)
		done := going(func() (int64, error) { return c.SendFile(path) })
		first := p.take(1)
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.Write(ink(much, much))
		require.NoError(t, err)
		require.NoError(t, f.Close())
		sameOctets(t, ink(0, much), append(first, p.take(much-1)...))
		go func() { _, _ = c.Send([]byte("end\n")) }() // waits behind the file
		assert.EqualValues(t, much, await(t, done, 0).n, "what it was at the beginning")
		p.hear("end\n")
		goesOn(t, j, p, c)
	})
}

// A client that takes a file slowly is not idle.
func TestSendFileToASlowPeerKeepsTheConnectionAlive(t *testing.T) {
	t.Parallel()
	for _, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, secure bool) {
				const octets, idle = 2500 << 10, time.Second
				srv := newSender(t)
				srv.DefaultTimeout = time.Hour
				srv.DefaultIdleTimeout = idle
				_, p, c := meet(t, srv, secure)
				p.narrow()
				call := s.call(t, c, octets)
				begin := time.Now()
				got := slowly(p, octets, 32<<10, 40*time.Millisecond)
				done := going(call)
				sameOctets(t, ink(0, octets), receive(t, got, "the octets"))
				await(t, done, 0)
				assert.Greater(t, time.Since(begin), idle+sweepEvery, "else this proves nothing")
			})
		})
	}
}

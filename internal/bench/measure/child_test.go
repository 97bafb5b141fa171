package measure

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func startChild(t *testing.T, ctx context.Context, name string) (*Child, error) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return Start(ctx, self, "child", name)
}

func TestChildLivesAndAnswers(t *testing.T) {
	t.Parallel()
	c, err := startChild(t, t.Context(), "echo")
	require.NoError(t, err)
	cs := dial(t, &Dialer{Addr: c.Addr}, 10)
	require.NoError(t, c.Settle())
	before, err := c.CPU()
	require.NoError(t, err)
	assert.Positive(t, before)
	// CPU time is counted in ticks on some systems, so it takes a while to show.
	for after := before; after == before; {
		require.NoError(t, cs.Once(Echo(64<<10)))
		after, err = c.CPU()
		require.NoError(t, err)
		require.GreaterOrEqual(t, after, before)
	}
	require.NoError(t, c.Close())
	_, err = net.Dial("tcp", c.Addr)
	assert.Error(t, err, "the child is gone")
	_, err = c.CPU()
	assert.ErrorContains(t, err, c.Addr)
}

func TestChildMemoryAndDescriptors(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	c, err := startChild(t, t.Context(), "echo")
	require.NoError(t, err)
	defer c.Close()
	d := &Dialer{Addr: c.Addr}
	require.NoError(t, dial(t, d, 1).Once(Echo(1)))
	before, err := c.Descriptors()
	require.NoError(t, err)
	require.NoError(t, dial(t, d, 20).Once(Echo(1)))
	after, err := c.Descriptors()
	require.NoError(t, err)
	assert.Equal(t, before+20, after)
	rss, err := c.RSS()
	require.NoError(t, err)
	assert.Greater(t, rss, int64(1<<20))
	assert.Less(t, rss, int64(1<<30))
}

func TestChildThatFails(t *testing.T) {
	t.Parallel()
	_, err := startChild(t, t.Context(), "mute")
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, "mute")

	_, err = Start(t.Context(), "no such program")
	assert.Error(t, err)

	c, err := startChild(t, t.Context(), "babbler")
	require.NoError(t, err)
	_, err = c.CPU()
	assert.ErrorContains(t, err, "hello", "the answer is no number")
	assert.NoError(t, c.Close())
}

func TestChildEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := startChild(t, ctx, "echo")
	require.NoError(t, err)
	nc, err := net.Dial("tcp", c.Addr)
	require.NoError(t, err)
	defer nc.Close()
	cancel()
	_, _ = io.Copy(io.Discard, nc) // ends when the child has
	assert.Error(t, c.Close(), "it was killed")
	assert.Error(t, c.Settle())
}

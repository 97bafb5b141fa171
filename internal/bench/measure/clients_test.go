package measure

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moment is how long a load in a test lasts.
const moment = 20 * time.Millisecond

func TestLoopCountsEveryMessage(t *testing.T) {
	t.Parallel()
	var octets atomic.Int64
	cs := dial(t, server(t, func(c net.Conn) {
		_, _ = io.Copy(c, io.TeeReader(c, counter{&octets}))
	}), 7)
	got, err := cs.Loop(Echo(100), moment)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, got.Elapsed, moment)
	assert.Equal(t, octets.Load(), 100*got.Messages)
	assert.Positive(t, got.PerSecond())

	// Nothing is outstanding, so the connections serve again.
	require.NoError(t, cs.Once(Echo(64<<10)))
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

func TestAnswersOfAnotherLength(t *testing.T) {
	t.Parallel()
	cs := dial(t, server(t, func(c net.Conn) {
		for p := make([]byte, 2); ; {
			if _, err := io.ReadFull(c, p); err != nil {
				return
			}
			_, _ = c.Write(bytes.Repeat(p, 10))
		}
	}), 2)
	x := Exchange{[]byte("ab"), 20}
	_, err := cs.Loop(x, moment)
	require.NoError(t, err)
	_, err = cs.Paced(x, 1000, moment)
	assert.NoError(t, err)
}

func TestThroughput(t *testing.T) {
	t.Parallel()
	load := Throughput{Messages: 200, Elapsed: 500 * time.Millisecond}
	assert.Equal(t, 400.0, load.PerSecond())
	assert.Equal(t, 3*time.Millisecond, load.Each(600*time.Millisecond))
	assert.Equal(t, time.Second, Throughput{}.Each(time.Second))
}

func TestServerThatCloses(t *testing.T) {
	t.Parallel()
	hangUp := func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 1)) }
	_, err := dial(t, server(t, hangUp), 3).Loop(Echo(1), time.Minute)
	assert.Error(t, err)
	assert.Error(t, dial(t, server(t, hangUp), 3).Once(Echo(1)))
	_, err = dial(t, server(t, hangUp), 3).Paced(Echo(1), 1000, time.Minute)
	assert.Error(t, err)
}

func TestClientsBreakWithTheirContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cs, err := DialAll(ctx, server(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		cancel()
		echo(c)
	}), 2)
	require.NoError(t, err)
	defer cs.Close()
	_, err = cs.Loop(Echo(100), time.Minute)
	assert.Error(t, err)
}

func TestDialAllFails(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = DialAll(t.Context(), &Dialer{Addr: l.Addr().String()}, 3)
	assert.ErrorContains(t, err, l.Addr().String())
}

func TestParallel(t *testing.T) {
	t.Parallel()
	var sum atomic.Int64
	require.NoError(t, parallel(100, 7, func(i int) error { sum.Add(int64(i)); return nil }))
	assert.Equal(t, int64(4950), sum.Load())
	require.NoError(t, parallel(0, 7, func(int) error { return errDoor }))

	var calls int
	err := parallel(100, 1, func(int) error { calls++; return errDoor })
	assert.ErrorIs(t, err, errDoor)
	assert.Equal(t, 1, calls, "nothing begins after an error")
}

//go:build unix

package tcpserver

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openDescriptors counts them where the system shows them.
func openDescriptors(t *testing.T) int {
	for _, folder := range []string{"/proc/self/fd", "/dev/fd"} {
		if entries, err := os.ReadDir(folder); err == nil {
			return len(entries)
		}
	}
	t.Log("this system does not show descriptors")
	return 0
}

// mostConnections is how many connections this process can have with both ends.
func mostConnections(t *testing.T) int {
	t.Helper()
	const spare = 200 // descriptors for the rest of the process
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	return (int(min(limit.Cur, 200_000)) - spare) / 2
}

// TestManyConnections does not run beside other tests, so that it can count.
func TestManyConnections(t *testing.T) {
	most := mostConnections(t)
	many := min(2000, most)
	if long {
		many = most
	}
	t.Logf("%d connections, of %d that the limit of descriptors allows", many, most)

	// The runtime opens some for itself when the first socket comes.
	first := start(t, NewCore(), Options{Stream: greeter})
	assert.True(t, visit(t, first))
	end(t, first)

	core, rec := NewCore(), newRecorder()
	configure(t, core, "MaxConnections=100000")
	descriptors, goroutines := openDescriptors(t), runtime.NumGoroutine()
	require.NoError(t, core.StartListening(Options{LocalHost: "127.0.0.1", Push: mirror{}, Hooks: rec.hooks()}))
	clients := make([]net.Conn, many)
	for i := range clients {
		var err error
		clients[i], err = net.Dial("tcp", core.Addr().String())
		require.NoError(t, err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	echoAll(t, clients)
	runtime.ReadMemStats(&after)
	n := 0
	for range core.Connections() {
		n++
	}
	assert.Equal(t, many, n)
	t.Logf("%d connections, %d KiB of heap and stack in use each with both ends",
		many, (after.HeapInuse+after.StackInuse)/uint64(many)/1024)

	// Half of them leave, the other half is broken.
	for _, c := range clients[:many/2] {
		require.NoError(t, c.Close())
	}
	counts := map[string]int{}
	for counts["Disconnected"] < many/2 {
		counts[rec.next(t).String()]++
	}
	end(t, core)
	for _, c := range clients[many/2:] {
		_, err := io.Copy(io.Discard, c)
		assert.NoError(t, err)
		require.NoError(t, c.Close())
	}
	for counts["Disconnected"] < many {
		counts[rec.next(t).String()]++
	}
	assert.Equal(t, map[string]int{"Connected": many, "Disconnected": many}, counts)

	// The last goroutines are about to return; nothing tells when they have.
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > goroutines && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	assert.LessOrEqual(t, openDescriptors(t), descriptors)
}

// echoAll has every client send something and wait for it to come back.
func echoAll(t *testing.T, clients []net.Conn) {
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			_ = c.SetDeadline(time.Now().Add(patience))
			text := []byte("hello, " + c.LocalAddr().String())
			got := make([]byte, len(text))
			_, err := c.Write(text)
			assert.NoError(t, err)
			_, err = io.ReadFull(c, got)
			assert.NoError(t, err)
			assert.Equal(t, text, got)
		})
	}
	wg.Wait()
}

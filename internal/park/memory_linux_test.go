package park

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAnIdleConnectionIsSmall(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, unsafe.Sizeof(conn{}), uintptr(96), "a size class of the allocator")
}

// Idle is an owner without signals.
type idle struct{}

func (idle) Readable() {}
func (idle) Writable() {}

// BenchmarkIdle parks connections and reports what each of them costs.
func BenchmarkIdle(b *testing.B) {
	const count = 8000
	var limit unix.Rlimit
	require.NoError(b, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if limit.Cur < 2*count+200 {
		b.Skipf("needs %d descriptors, may have %d", 2*count+200, limit.Cur)
	}
	for b.Loop() {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		dialed := make([]int, count)
		l := NewLot()
		require.NoError(b, l.Open())
		conns := make([]Conn, count)
		heap, rss := memory()
		for i := range conns {
			dialed[i] = dialRaw(b, ln.Addr().(*net.TCPAddr).Port)
			nc, err := ln.Accept()
			require.NoError(b, err)
			conns[i], err = l.Park(nc, idle{})
			require.NoError(b, err)
		}
		heapAfter, rssAfter := memory()
		b.ReportMetric(float64(heapAfter-heap)/count, "heap-B/conn")
		b.ReportMetric(float64(rssAfter-rss)/count, "rss-B/conn")
		for i, c := range conns {
			require.NoError(b, c.SetLinger(0))
			require.NoError(b, c.Close())
			require.NoError(b, unix.Close(dialed[i]))
		}
		l.Close()
		require.NoError(b, ln.Close())
	}
}

// dialRaw connects without any memory of Go's.
func dialRaw(b *testing.B, port int) int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(b, err)
	require.NoError(b, unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	return fd
}

func memory() (heap, rss int64) {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kib int64
	_, _ = fmt.Sscan(after, &kib)
	return int64(m.HeapAlloc), kib << 10
}

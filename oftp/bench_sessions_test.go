package oftp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/require"
)

// BenchmarkSessions measures the time per small file with many sessions open,
// all delivering at once: it should not grow with their number. Heap is that of
// server and clients together, per session, with a file on its way in each.
func BenchmarkSessions(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			source := filepath.Join(b.TempDir(), "orders.edi")
			require.NoError(b, os.WriteFile(source, make([]byte, 2<<10), 0o600))
			clients := openSessions(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				var all sync.WaitGroup
				for _, c := range clients {
					all.Go(func() {
						if err := c.SendFile("", source, "ORDERS"); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
			}
			b.StopTimer()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/file")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapInuse)/float64(n)/1024, "KiB/session")
		})
	}
}

// openSessions returns clients that are logged on to one server.
func openSessions(b *testing.B, n int) []*oftp.Client {
	inbox := b.TempDir()
	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0
	srv.ServerSSIDCode, srv.ServerSFIDCode = serverCode, serverCode
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
	for _, setting := range []string{"MaxConnections=2000", "ReceivedFileNameFormat=%VirtualFileName%-%GUID%"} {
		_, err := srv.Config(setting)
		require.NoError(b, err)
	}
	require.NoError(b, srv.StartListening())
	b.Cleanup(srv.Shutdown)

	clients := make([]*oftp.Client, n)
	for i := range clients {
		c := oftp.NewClient()
		c.RemoteHost, c.RemotePort, c.ClientSSIDCode = "127.0.0.1", srv.LocalPort, clientCode
		require.NoError(b, c.Logon(b.Context()))
		b.Cleanup(c.Disconnect)
		clients[i] = c
	}
	return clients
}

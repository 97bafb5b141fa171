package tcpserver

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// mirror is the least that a push protocol can do.
type mirror struct{}

func (mirror) Open(c *Conn) error                  { c.LoggedIn(); return nil }
func (mirror) Data(c *Conn, p []byte) (int, error) { return c.Write(p) }
func (mirror) Writable(*Conn)                      {}
func (mirror) Tick(*Conn, time.Time)               {}
func (mirror) Closed(*Conn, []byte, error)         {}

// BenchmarkEcho is one client's round trip through a push protocol.
func BenchmarkEcho(b *testing.B) {
	for _, secure := range []bool{false, true} {
		for _, size := range []int{64, 64 << 10} {
			b.Run(fmt.Sprintf("TLS=%t/%d", secure, size), func(b *testing.B) {
				core := NewCore()
				if err := core.StartListening(Options{LocalHost: "127.0.0.1", Push: mirror{}, UseSSL: secure, SSLCert: ecServer()}); err != nil {
					b.Fatal(err)
				}
				defer core.Shutdown()
				c, err := net.Dial("tcp", core.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				defer c.Close()
				if secure {
					c = tls.Client(c, trusting())
				}
				out, in := make([]byte, size), make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Write(out); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(c, in); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

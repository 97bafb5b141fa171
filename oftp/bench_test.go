package oftp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/require"
)

// benchmarkSize is the size of the file that the benchmarks move.
const benchmarkSize = 256 << 20

// The benchmarks compare with BenchmarkCopy, io.Copy from one loopback socket
// to another onto the same disk, synced like a received file: run them together.
//
//	go test ./oftp -run - -bench 'Copy|Receive|Send' -benchtime 8x

func BenchmarkCopy(b *testing.B) {
	source := benchmarkFile(b)
	dir := b.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer l.Close()
	b.SetBytes(benchmarkSize)
	b.ReportAllocs()
	for i := range b.N {
		sent := make(chan error, 1)
		go func() { sent <- sendCopy(l.Addr().String(), source) }()
		require.NoError(b, receiveCopy(l, filepath.Join(dir, fmt.Sprint(i%2))))
		require.NoError(b, <-sent)
	}
}

func sendCopy(address, source string) error {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.Copy(conn, f)
	return err
}

func receiveCopy(l net.Listener, path string) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, conn); err != nil {
		return err
	}
	return f.Sync()
}

// variant is one way to move the file.
type variant struct {
	name           string
	buffer, credit int
	tls            bool
}

var variants = []variant{
	{"4096x64", 4096, 64, false},
	{"99999x999", 99999, 999, false},
	{"4096x64-TLS", 4096, 64, true},
	{"99999x999-TLS", 99999, 999, true},
}

// BenchmarkReceive measures a server that receives, with a client of ours.
func BenchmarkReceive(b *testing.B) {
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			source := benchmarkFile(b)
			c := benchmarkPair(b, v, nil)
			b.SetBytes(benchmarkSize)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				require.NoError(b, c.SendFile("", source, "BENCH"))
			}
		})
	}
}

// BenchmarkSend measures a server that sends, to a client of ours.
func BenchmarkSend(b *testing.B) {
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			source := benchmarkFile(b)
			left := b.N
			c := benchmarkPair(b, v, func(s *oftp.Server) {
				s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
					for ; left > 0; left-- {
						require.NoError(b, e.Connection.SendFile("", source, "BENCH"))
					}
					require.NoError(b, e.Connection.Logoff())
				}
			})
			b.SetBytes(benchmarkSize)
			b.ReportAllocs()
			b.ResetTimer()
			// The client has to send something to be allowed to hand over.
			for open := true; open && left > 0; {
				var err error
				open, err = c.ReceiveFiles()
				require.NoError(b, err)
			}
		})
	}
}

func benchmarkPair(b *testing.B, v variant, change func(*oftp.Server)) *oftp.Client {
	inbox := b.TempDir()
	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0
	srv.ServerSSIDCode, srv.ServerSFIDCode = serverCode, serverCode
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
	srv.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Overwrite = true }
	if v.tls {
		srv.UseSSL, srv.SSLCert = true, benchmarkCert(b)
	}
	if change != nil {
		change(srv)
	}
	for _, setting := range []string{fmt.Sprint("ExchangeBufferSize=", v.buffer), fmt.Sprint("CreditCount=", v.credit)} {
		_, err := srv.Config(setting)
		require.NoError(b, err)
	}
	require.NoError(b, srv.StartListening())
	b.Cleanup(srv.Shutdown)

	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort = "127.0.0.1", srv.LocalPort
	c.ClientSSIDCode, c.DownloadDirectory = clientCode, b.TempDir()
	c.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Overwrite = true }
	c.UseSSL = v.tls
	c.OnSSLServerAuthentication = func(e *oftp.SSLServerAuthenticationEvent) { e.Accept = true }
	require.NoError(b, c.Logon(b.Context()))
	b.Cleanup(c.Disconnect)
	return c
}

// benchmarkFile is a file of random octets, made once.
func benchmarkFile(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "source")
	f, err := os.Create(path)
	require.NoError(b, err)
	_, err = io.CopyN(f, rand.Reader, benchmarkSize)
	require.NoError(b, err)
	require.NoError(b, f.Close())
	return path
}

func benchmarkCert(b *testing.B) *certstore.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bench"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(b, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(b, err)
	cert, err := certstore.FromX509(leaf, key)
	require.NoError(b, err)
	return cert
}

package measure

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVisits(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]Exchange{"silent": {}, "with an exchange": Echo(32)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Visits(t.Context(), server(t, echo), x, 3, moment)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, got.Messages, int64(3))
			assert.GreaterOrEqual(t, got.Elapsed, moment)
		})
	}
}

func TestVisitsFail(t *testing.T) {
	t.Parallel()
	_, err := Visits(t.Context(), server(t, func(net.Conn) {}), Echo(32), 2, time.Minute)
	assert.Error(t, err, "the server does not answer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Visits(ctx, server(t, echo), Exchange{}, 2, time.Minute)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestOpenTLS(t *testing.T) {
	t.Parallel()
	conf := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	d := server(t, func(c net.Conn) { echo(tls.Server(c, conf)) })
	d.Open = OpenTLS
	cs := dial(t, d, 3)
	_, err := cs.Loop(Echo(1000), moment)
	require.NoError(t, err)
	require.IsType(t, &tls.Conn{}, cs.conns[0])
}

// certificate is one that only OpenTLS believes.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	d := server(t, func(c net.Conn) {
		_, _ = io.Copy(io.Discard, c)
		close(gone)
	})
	d.Open = func(context.Context, net.Conn) (net.Conn, error) { return nil, errDoor }
	_, err := d.Dial(t.Context())
	assert.ErrorIs(t, err, errDoor)
	<-gone // the connection has been closed
}

func TestConnectionsComeFromManyAddresses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems have one loopback address")
	}
	seen := map[string]bool{}
	for _, nc := range dial(t, server(t, echo), 50).conns {
		seen[nc.LocalAddr().(*net.TCPAddr).IP.String()] = true
	}
	assert.Len(t, seen, 50)
}

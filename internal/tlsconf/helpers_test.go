package tlsconf

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// authority is a CA for tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

var (
	rsaKey  = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	testCA  = sync.OnceValue(func() authority { return newAuthority("Test CA") })
	rsaPair = sync.OnceValue(func() *tls.Certificate {
		return testCA().issue(rsaKey(), &x509.Certificate{Subject: pkix.Name{CommonName: "rsa server"}, DNSNames: []string{"localhost"}})
	})
	ecPair = sync.OnceValue(func() *tls.Certificate {
		return testCA().issue(newKey(), &x509.Certificate{Subject: pkix.Name{CommonName: "ec server"}, DNSNames: []string{"localhost"}})
	})
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func newAuthority(name string) authority {
	key := newKey()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a := authority{cert: template, key: key}
	a.cert = a.issue(key, template).Leaf
	return a
}

// issue signs the template; validity defaults to an hour around now.
func (a authority) issue(key crypto.Signer, template *x509.Certificate) *tls.Certificate {
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: must(x509.ParseCertificate(der))}
}

func (a authority) pem() string { return pemOf(a.cert.Raw) }

func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// clientPair is a client certificate with the given extended key usages.
func clientPair(a authority, usages ...x509.ExtKeyUsage) *tls.Certificate {
	return a.issue(newKey(), &x509.Certificate{Subject: pkix.Name{CommonName: "a client"}, ExtKeyUsage: usages})
}

func compile(t *testing.T, change func(*Settings)) *Compiled {
	t.Helper()
	s := Defaults()
	if change != nil {
		change(&s)
	}
	c, err := Compile(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// outcome is what both sides of a handshake saw.
type outcome struct {
	server, client       tls.ConnectionState
	serverErr, clientErr error
}

// shake runs one connection over loopback: a handshake, one octet from the
// server, and the end. The client's error includes what it learns afterwards.
// (A net.Pipe would not do: it blocks when both sides write, as they may in TLS
// 1.3.)
func shake(t *testing.T, server, client *tls.Config) outcome {
	t.Helper()
	a, b := loopback(t)
	return shakeOver(t, a, b, server, client)
}

// loopback returns the two ends of a TCP connection.
func loopback(t *testing.T) (accepted, dialled net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	dialled, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	accepted, err = l.Accept()
	require.NoError(t, err)
	return accepted, dialled
}

func shakeOver(t *testing.T, a, b net.Conn, server, client *tls.Config) outcome {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	require.NoError(t, a.SetDeadline(limit))
	require.NoError(t, b.SetDeadline(limit))
	var (
		o    outcome
		done = make(chan struct{})
	)
	go func() {
		defer close(done)
		defer func() { _ = b.Close() }()
		c := tls.Client(b, client)
		if o.clientErr = c.Handshake(); o.clientErr != nil {
			return
		}
		o.client = c.ConnectionState()
		_, o.clientErr = io.ReadFull(c, make([]byte, 1))
	}()
	s := tls.Server(a, server)
	if o.serverErr = s.Handshake(); o.serverErr == nil {
		o.server = s.ConnectionState()
		_, o.serverErr = s.Write([]byte{1})
	}
	if half, ok := a.(interface{ CloseWrite() error }); ok && o.serverErr != nil {
		_ = half.CloseWrite()
		_, _ = io.Copy(io.Discard, a) // or a reset would overtake the alert
	}
	<-done
	_ = a.Close()
	return o
}

// goClient is a client that trusts everybody.
func goClient(change func(*tls.Config)) *tls.Config {
	conf := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", MinVersion: tls.VersionTLS10}
	if change != nil {
		change(conf)
	}
	return conf
}

// sClient connects "openssl s_client" to a server that greets and closes. It
// returns what openssl prints and how the server's handshake ended.
func sClient(t *testing.T, server *tls.Config, args ...string) (output string, state tls.ConnectionState, serverErr error) {
	t.Helper()
	path := needs.Program(t, "openssl")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var c net.Conn
		if c, serverErr = l.Accept(); serverErr != nil {
			return
		}
		s := tls.Server(c, server)
		defer func() { _ = c.Close() }()
		_ = s.SetDeadline(time.Now().Add(20 * time.Second))
		if serverErr = s.Handshake(); serverErr == nil {
			state = s.ConnectionState()
			_, _ = s.Write([]byte("greetings\n"))
			_ = s.Close()
		}
	}()
	args = append([]string{"s_client", "-connect", l.Addr().String(), "-servername", "localhost", "-ign_eof"}, args...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = bytes.NewReader(nil)
	out, _ := cmd.CombinedOutput() // the exit code tells of verification too
	_ = l.Close()
	<-done
	return string(out), state, serverErr
}

// writePair stores a certificate and its key for openssl.
func writePair(t *testing.T, pair *tls.Certificate) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cert, []byte(pemOf(pair.Certificate[0])), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return cert, key
}

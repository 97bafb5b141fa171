package examples_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The two parties.
const (
	serverCode = "O0055SERVER"
	clientCode = "O0055CLIENT"
)

// middle is a place well inside a file of that size.
const middle, size = 1 << 20, 3 << 20

func TestPrograms(t *testing.T) {
	t.Parallel()
	server, client := build(t, "oftpserver"), build(t, "oftpclient")
	for name, test := range map[string]func(*testing.T, binary, binary){
		"plain session, files in both directions": plainExchange,
		"TLS session, files in both directions":   tlsExchange,
		"one server at a plain and a TLS port":    twoPorts,
		"login refused":                           refusedLogin,
		"settings":                                settings,
		"several sessions of one partner":         severalSessions,
		"SIGTERM lets a transfer finish":          gentleEnd,
		"second SIGTERM breaks off":               hardEnd,
		"client killed in the middle of a file":   killedClient,
		"server killed after a receipt":           killedServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server, client)
		})
	}
}

// startServer starts the server on a plain port, and returns its address and
// download folder, too.
func startServer(t *testing.T, server binary, args ...string) (p *process, address, inbox string) {
	t.Helper()
	inbox = filepath.Join(t.TempDir(), "inbox")
	p = server.start(t, append([]string{
		"-listen", "127.0.0.1:0", "-ssid", serverCode, "-password", "SRVPWD",
		"-partner", clientCode + ":CLIPWD", "-download", inbox,
	}, args...)...)
	return p, listening(p.await(t, "listening ")), inbox
}

func listening(line string) string { return strings.TrimPrefix(line, "listening ") }

// clientArgs are the arguments of a client that is known to the server.
func clientArgs(address string, args ...string) []string {
	return append([]string{
		"-connect", address, "-ssid", clientCode, "-password", "CLIPWD",
		"-server-ssid", serverCode, "-server-password", "SRVPWD",
	}, args...)
}

// file writes a file of random octets.
func file(t *testing.T, name string, size int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, size)
	_, _ = mathrand.NewChaCha8([32]byte([]byte(strings.Repeat(name+".", 32)))).Read(content)
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path, content
}

// only returns the content of the one file in a folder whose name begins so.
func only(t *testing.T, dir, prefix string) []byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	content, err := os.ReadFile(found[0])
	require.NoError(t, err)
	return content
}

func same(t *testing.T, want, got []byte) {
	t.Helper()
	require.True(t, bytes.Equal(want, got), "%d octets were sent, %d others have arrived", len(want), len(got))
}

func plainExchange(t *testing.T, server, client binary) {
	there, sent := file(t, "there.dat", 300_000)
	back, returned := file(t, "back.dat", 200_000)
	second, alsoReturned := file(t, "second.dat", 10)
	srv, address, inbox := startServer(t, server, "-trace", "-temp", t.TempDir(),
		"-outbound", clientCode+"="+back, "-outbound", clientCode+"="+second)
	outbox := t.TempDir()
	c := client.start(t, clientArgs(address, "-send", there, "-send", there+"=OTHER", "-receive", outbox, "-trace")...)
	assert.Zero(t, c.code(t))

	same(t, sent, only(t, inbox, "THERE.DAT_"))
	same(t, sent, only(t, inbox, "OTHER_"))
	same(t, returned, only(t, outbox, "BACK.DAT_"))
	same(t, alsoReturned, only(t, outbox, "SECOND.DAT_"))
	c.await(t, "receipt OTHER ")
	c.await(t, "client  SFID Name=OTHER")
	srv.await(t, "file sent", "BACK.DAT")
	srv.await(t, "receipt received", "SECOND.DAT")
	srv.await(t, "server  EERP Name=OTHER")
	srv.await(t, "session ended", "partner="+clientCode)
}

func tlsExchange(t *testing.T, server, client binary) {
	cert, key := certificate(t)
	there, sent := file(t, "there.dat", 300_000)
	back, returned := file(t, "back.dat", 200_000)
	inbox, outbox := t.TempDir(), t.TempDir()
	srv := server.start(t, "-tls-listen", "127.0.0.1:0", "-cert", cert, "-key", key, "-ssid", serverCode,
		"-password", "SRVPWD", "-partner", clientCode+":CLIPWD", "-download", inbox, "-outbound", clientCode+"="+back)
	address := listening(srv.await(t, "listening "))

	stranger := client.start(t, clientArgs(address, "-tls", "-send", there)...)
	assert.Equal(t, 3, stranger.code(t), "the certificate is of no CA that is known")
	c := client.start(t, clientArgs(address, "-tls", "-ca", cert, "-send", there, "-receive", outbox)...)
	assert.Zero(t, c.code(t))
	same(t, sent, only(t, inbox, "THERE.DAT_"))
	same(t, returned, only(t, outbox, "BACK.DAT_"))
	careless := client.start(t, clientArgs(address, "-tls", "-insecure", "-cert", cert, "-key", key, "-send", there+"=AGAIN")...)
	assert.Zero(t, careless.code(t))
	same(t, sent, only(t, inbox, "AGAIN_"))
}

// certificate makes a certificate for 127.0.0.1 that is its own CA.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	return certFile, keyFile
}

func twoPorts(t *testing.T, server, client binary) {
	cert, key := certificate(t)
	srv, plain, inbox := startServer(t, server, "-tls-listen", "127.0.0.1:0", "-cert", cert, "-key", key)
	secure := listening(srv.awaitNth(t, 2, "listening "))
	path, content := file(t, "a.dat", 1000)
	assert.Zero(t, client.start(t, clientArgs(plain, "-send", path)...).code(t))
	assert.Zero(t, client.start(t, clientArgs(secure, "-tls", "-ca", cert, "-send", path+"=B")...).code(t))
	same(t, content, only(t, inbox, "A.DAT_"))
	same(t, content, only(t, inbox, "B_"))
}

func refusedLogin(t *testing.T, server, client binary) {
	srv, address, _ := startServer(t, server)
	path, _ := file(t, "a.dat", 10)
	stranger := client.start(t, "-connect", address, "-ssid", "O0055STRANGER", "-password", "CLIPWD", "-send", path)
	assert.Equal(t, 3, stranger.code(t))
	stranger.await(t, "675", "user code not known")
	srv.await(t, "login refused", "partner=O0055STRANGER", "reason=3")

	guesser := client.start(t, "-connect", address, "-ssid", clientCode, "-password", "GUESS", "-send", path)
	assert.Equal(t, 3, guesser.code(t))
	guesser.await(t, "677", "invalid password")
	srv.await(t, "login refused", "partner="+clientCode, "reason=4")
	assert.NotContains(t, srv.output(), "GUESS")

	suspicious := client.start(t, append(clientArgs(address, "-send", path), "-server-password", "OTHER")...)
	assert.Equal(t, 3, suspicious.code(t))
	suspicious.await(t, "677")

	nobody := client.start(t, "-connect", "127.0.0.1:1", "-ssid", clientCode)
	assert.Equal(t, 3, nobody.code(t))
}

func settings(t *testing.T, server, client binary) {
	_, address, inbox := startServer(t, server, "-config", "ReceivedFileNameFormat=%Originator%-%VirtualFileName%")
	path, content := file(t, "a.dat", 5000)
	c := client.start(t, clientArgs(address, "-send", path, "-trace", "-buffer", "512", "-credit", "3", "-config", "BufferCompression=False")...)
	assert.Zero(t, c.code(t))
	c.await(t, "server  SSID", "BufferSize=512", "Compression=N", "Credit=3")
	c.await(t, "DATA x 10, CDT x 3")
	got, err := os.ReadFile(filepath.Join(inbox, clientCode+"-A.DAT"))
	require.NoError(t, err)
	same(t, content, got)

	again := client.start(t, clientArgs(address, "-send", path)...)
	assert.Equal(t, 1, again.code(t), "this name exists")
	again.await(t, "duplicate file")
	wrong := client.start(t, clientArgs(address, "-config", "NoSuchSetting=1")...)
	assert.Equal(t, 2, wrong.code(t))
}

func severalSessions(t *testing.T, server, client binary) {
	_, address, inbox := startServer(t, server)
	path, content := file(t, "a.dat", size)
	g := newGate(t, address, middle)
	slow := client.start(t, clientArgs(g.address, "-send", path)...)
	g.await(t)
	quick := client.start(t, clientArgs(address, "-send", path+"=B")...)
	assert.Zero(t, quick.code(t))
	same(t, content, only(t, inbox, "B_"))
	g.release()
	assert.Zero(t, slow.code(t))
	same(t, content, only(t, inbox, "A.DAT_"))
}

func gentleEnd(t *testing.T, server, client binary) {
	srv, address, inbox := startServer(t, server)
	path, content := file(t, "a.dat", size)
	g := newGate(t, address, middle)
	c := client.start(t, clientArgs(g.address, "-send", path, "-trace")...)
	g.await(t)
	interrupt(t, srv)
	srv.await(t, "shutting down")
	g.release()
	assert.Zero(t, c.code(t), "the file was received, and acknowledged")
	assert.Zero(t, srv.code(t))
	same(t, content, only(t, inbox, "A.DAT_"))
}

func hardEnd(t *testing.T, server, client binary) {
	srv, address, inbox := startServer(t, server)
	path, _ := file(t, "a.dat", size)
	g := newGate(t, address, middle)
	c := client.start(t, clientArgs(g.address, "-send", path)...)
	g.await(t)
	interrupt(t, srv)
	srv.await(t, "shutting down")
	interrupt(t, srv)
	assert.Equal(t, 1, srv.code(t))
	srv.await(t, "transfers were broken off")
	assert.Equal(t, 3, c.code(t))
	found, err := filepath.Glob(filepath.Join(inbox, "A.DAT_*"))
	require.NoError(t, err)
	assert.Empty(t, found, "half a file must not look like a whole one")
}

// interrupt sends SIGTERM.
func interrupt(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Skip("this system cannot send signals: ", err)
	}
}

func killedClient(t *testing.T, server, client binary) {
	srv, address, inbox := startServer(t, server)
	path, content := file(t, "a.dat", size)
	g := newGate(t, address, middle)
	c := client.start(t, clientArgs(g.address, "-send", path)...)
	g.await(t)
	require.NoError(t, c.cmd.Process.Kill())
	c.code(t)
	g.breakOff()
	srv.await(t, "session failed", "partner="+clientCode)

	again := client.start(t, clientArgs(address, "-send", path, "-trace")...)
	assert.Zero(t, again.code(t))
	answer := again.await(t, "server  SFPA Restart=")
	assert.NotContains(t, answer+" ", "Restart=0 ", "it goes on where it was")
	same(t, content, only(t, inbox, "A.DAT_"))
}

func killedServer(t *testing.T, server, client binary) {
	srv, address, inbox := startServer(t, server)
	first, content := file(t, "first.dat", middle/2)
	second, rest := file(t, "second.dat", size)
	g := newGate(t, address, middle)
	c := client.start(t, clientArgs(g.address, "-send", first, "-send", second)...)
	g.await(t) // in the middle of the second file
	c.await(t, "receipt FIRST.DAT ")
	require.NoError(t, srv.cmd.Process.Kill())
	assert.Equal(t, 3, c.code(t))
	same(t, content, only(t, inbox, "FIRST.DAT_"))
	found, err := filepath.Glob(filepath.Join(inbox, "SECOND.DAT_*"))
	require.NoError(t, err)
	assert.Empty(t, found)

	srv, address, _ = startServer(t, server, "-download", inbox)
	again := client.start(t, clientArgs(address, "-send", second)...)
	assert.Zero(t, again.code(t))
	same(t, rest, only(t, inbox, "SECOND.DAT_"))
	srv.await(t, "receipt sent", "SECOND.DAT")
}

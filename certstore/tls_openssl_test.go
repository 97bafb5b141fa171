package certstore

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// identities have a certificate of testdata/tools/openssl/root.pem for
// localhost, each kind of key in three types of stores.
var identities = []struct {
	algorithm string
	Source
}{
	{"RSA", Source{Type: StoreJKSFile, Store: "java/keytool.jks", KeyPassword: "rsa-secret"}},
	{"RSA", Source{Type: StorePFXFile, Store: "openssl/rsa.p12"}},
	{"RSA", Source{Type: StorePEMKeyFile, Store: "openssl/key-last.pem"}},
	{"ECDSA", Source{Type: StoreBCFKSFile, Store: "java/keytool.bcfks", Subject: "CN=ec"}},
	{"ECDSA", Source{Type: StorePFXFile, Store: "openssl/ec.p12"}},
	{"ECDSA", Source{Type: StorePEMKeyFile, Store: "openssl/several.pem", Subject: "CN=ec, O=Ediport Test"}},
	{"Ed25519", Source{Type: StorePFXFile, Store: "java/keytool.p12", Subject: "ED25519"}},
	{"Ed25519", Source{Type: StoreJKSFile, Store: "java/keytool.jks", KeyPassword: "ed25519-secret"}},
	{"Ed25519", Source{Type: StorePEMKeyFile, Store: "openssl/several.pem", Subject: "CN=ed25519"}},
}

// tool is the path of a kept vector.
func tool(name string) string { return filepath.Join("testdata", "tools", filepath.FromSlash(name)) }

// The openssl client accepts the chain, and the signature of the handshake.
func TestTLSWithOpenSSL(t *testing.T) {
	t.Parallel()
	for _, row := range identities {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			t.Run(row.Store+" "+row.algorithm+version, func(t *testing.T) {
				t.Parallel()
				source := row.Source
				source.Store, source.Password = tool(row.Store), "secret"
				cert, err := source.Open()
				require.NoError(t, err)
				assert.Equal(t, row.algorithm, cert.PublicKeyAlgorithm())
				out := run(t, needs.Program(t, "openssl"), "s_client", "-connect", greetTLS(t, cert), version, "-quiet",
					"-CAfile", tool("openssl/root.pem"), "-verify_hostname", "localhost", "-verify_return_error")
				assert.Equal(t, "hello from "+cert.Subject()+"\n", out)
			})
		}
	}
}

// greetTLS says hello to one client, and returns where.
func greetTLS(t *testing.T, cert *Certificate) (address string) {
	t.Helper()
	own, err := cert.TLSCertificate()
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}})
	require.NoError(t, err)
	return serve(t, listener, func(nc net.Conn) {
		_, err := nc.Write([]byte("hello from " + cert.Subject() + "\n"))
		assert.NoError(t, err)
	})
}

// serve hands each connection to a function until the test ends.
func serve(t *testing.T, listener net.Listener, handle func(net.Conn)) (address string) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			handle(nc)
			nc.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-ended
	})
	return listener.Addr().String()
}

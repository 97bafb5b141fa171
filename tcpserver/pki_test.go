package tcpserver

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/require"
)

// An issued certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newECKey() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

var (
	newRSAKey = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })

	testCA  = sync.OnceValue(func() issued { return issue(nil, newECKey(), "Test CA", true) })
	otherCA = sync.OnceValue(func() issued { return issue(nil, newECKey(), "Other CA", true) })

	rsaPair = sync.OnceValue(func() issued { return issueServer(newRSAKey(), "rsa server") })
	ecPair  = sync.OnceValue(func() issued { return issueServer(newECKey(), "ec server") })
)

func issueServer(key crypto.Signer, name string) issued {
	ca := testCA()
	return issue(&ca, key, name, false)
}

func rsaServer() *certstore.Certificate { return rsaPair().open() }
func ecServer() *certstore.Certificate  { return ecPair().open() }

// issue makes a certificate signed by parent, or by itself when that is nil.
func issue(parent *issued, key crypto.Signer, name string, ca bool) issued {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  ca,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if ca {
		template.KeyUsage = x509.KeyUsageCertSign
	}
	if parent == nil {
		parent = &issued{template, key}
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key))
	return issued{must(x509.ParseCertificate(der)), key}
}

func (i issued) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
}

func (i issued) keyPEM() string {
	der := must(x509.MarshalPKCS8PrivateKey(i.key))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func (i issued) store() string { return i.keyPEM() + i.certPEM() }

func (i issued) open() *certstore.Certificate {
	return must(certstore.Open(certstore.StorePEMKeyBlob, i.store(), "", "*"))
}

func (i issued) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{i.cert.Raw}, PrivateKey: i.key, Leaf: i.cert}
}

// file writes text into a file that lives as long as the test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// trusting is a client that trusts the test CA.
func trusting() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(testCA().cert)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func dialTLS(t *testing.T, core *Core, change func(*tls.Config)) *peer {
	t.Helper()
	p, err := tryTLS(t, core, change)
	require.NoError(t, err)
	return p
}

// tryTLS connects; with TLS 1.3 a server that refuses the client's certificate
// shows only when the client reads.
func tryTLS(t *testing.T, core *Core, change func(*tls.Config)) (*peer, error) {
	t.Helper()
	conf := trusting()
	if change != nil {
		change(conf)
	}
	nc, err := net.Dial("tcp", core.Addr().String())
	require.NoError(t, err)
	c := tls.Client(nc, conf)
	p := newPeer(t, c)
	return p, c.Handshake()
}

// netConn is the socket below TLS.
func (p *peer) netConn() net.Conn {
	return p.Conn.(*tls.Conn).NetConn()
}

// publicOnly is the certificate as one who has no key knows it.
func (i issued) publicOnly(t *testing.T) *certstore.Certificate {
	t.Helper()
	c, err := certstore.Open(certstore.StorePublicKeyBlob, i.certPEM(), "", "*")
	require.NoError(t, err)
	return c
}

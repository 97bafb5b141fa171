package oftp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An identity is a certificate with its key.
type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// testCA is the CA that issues all but the strangers' certificates.
var testCA = sync.OnceValue(func() identity { return issue(nil, "Test CA") })

// issue makes a certificate signed by a CA, or a CA of its own.
func issue(by *identity, name string) identity {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	if by == nil {
		template.IsCA, template.KeyUsage, template.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
		by = &identity{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return identity{cert, key}
}

// issued is a certificate of the test CA, with its key.
func issued(t *testing.T, name string) *certstore.Certificate {
	t.Helper()
	ca := testCA()
	return issue(&ca, name).open(t)
}

func (i identity) open(t *testing.T) *certstore.Certificate {
	t.Helper()
	cert, err := certstore.FromX509(i.cert, i.key)
	require.NoError(t, err)
	return cert
}

// trusted is the test CA as those know it who trust it.
func trusted(t *testing.T) []*certstore.Certificate {
	t.Helper()
	cert, err := certstore.FromX509(testCA().cert, nil)
	require.NoError(t, err)
	return []*certstore.Certificate{cert}
}

func newTLSServer(t *testing.T, change func(*oftp.Server)) *oftp.Server {
	t.Helper()
	return newServer(t, func(s *oftp.Server) {
		s.UseSSL, s.SSLCert = true, issued(t, "server")
		s.TrustedCerts = trusted(t)
		if change != nil {
			change(s)
		}
	})
}

func newTLSClient(t *testing.T, srv *oftp.Server, change func(*oftp.Client)) *oftp.Client {
	t.Helper()
	return newClient(t, srv, func(c *oftp.Client) {
		c.UseSSL, c.TrustedCerts = true, trusted(t)
		if change != nil {
			change(c)
		}
	})
}

func TestFilesOverTLS(t *testing.T) {
	t.Parallel()
	for protocols, version := range map[int]string{3072: "TLSv1.2", 12288: "TLSv1.3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cert, ca := issued(t, "server"), trusted(t)
			files := append(cargoes(), cargo{name: "BIG", content: random(1 << 20)})
			exchange(t, files, func(s *oftp.Server, c *oftp.Client) {
				if s != nil {
					s.UseSSL, s.SSLCert = true, cert
					set(t, s, fmt.Sprintf("SSLEnabledProtocols=%d", protocols))
					s.OnConnected = func(e *oftp.ConnectedEvent) { assert.Zero(t, e.StatusCode, e.Description) }
					return
				}
				c.UseSSL, c.TrustedCerts = true, ca
			})
		})
	}
}

func TestNegotiatedFacts(t *testing.T) {
	t.Parallel()
	srv := newTLSServer(t, nil)
	c := newTLSClient(t, srv, nil)
	require.NoError(t, c.Logon(t.Context()))
	for side, on := range map[string]interface{ Config(string) (string, error) }{
		"server": srv, "client": c,
	} {
		for name, want := range map[string]string{"SSLNegotiatedVersion": "TLSv1.3", "SSLNegotiatedKeyExchange": "", "SSLNegotiatedCipherSuite": ""} {
			got, err := on.Config(name + "[1]")
			require.NoError(t, err, side)
			assert.NotEmpty(t, got, "%s of the %s", name, side)
			if want != "" {
				assert.Equal(t, want, got, "%s of the %s", name, side)
			}
		}
	}
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	stranger := issue(nil, "stranger")
	cases := map[string]struct {
		cert  *certstore.Certificate
		hook  func(*oftp.SSLClientAuthenticationEvent)
		enter bool
	}{
		"known":              {issued(t, "client"), nil, true},
		"known, but refused": {issued(t, "client"), func(e *oftp.SSLClientAuthenticationEvent) { e.Accept = false }, false},
		"strange":            {stranger.open(t), nil, false},
		"strange, but accepted": {stranger.open(t), func(e *oftp.SSLClientAuthenticationEvent) {
			assert.NotEqual(t, "OK", e.Status)
			assert.False(t, e.Accept)
			assert.Equal(t, stranger.cert.Raw, e.CertEncoded)
			assert.Equal(t, "CN=stranger", e.CertSubject)
			assert.Equal(t, "CN=stranger", e.CertIssuer)
			e.Accept = true
		}, true},
	}
	for name, row := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connected := make(chan oftp.ConnectedEvent, 1)
			srv := newTLSServer(t, func(s *oftp.Server) {
				s.SSLAuthenticateClients, s.OnSSLClientAuthentication = true, row.hook
				s.OnConnected = func(e *oftp.ConnectedEvent) { connected <- *e }
			})
			c := newTLSClient(t, srv, func(c *oftp.Client) { c.SSLCert = row.cert })
			err := c.Logon(t.Context())
			assert.Equal(t, row.enter, err == nil, "%v", err)
			assert.Equal(t, row.enter, await(t, connected).StatusCode == 0)
		})
	}
}

func TestTheClientLooksAtTheServersCertificate(t *testing.T) {
	t.Parallel()
	srv := newTLSServer(t, nil)
	unknowing := func(c *oftp.Client) { c.TrustedCerts = nil }
	c := newTLSClient(t, srv, unknowing)
	assert.Equal(t, 280, code(t, c.Logon(t.Context())))
	assert.Nil(t, c.Connection(), "nothing was said")

	var statuses []string
	for _, accept := range []bool{true, false} {
		for _, change := range []func(*oftp.Client){nil, unknowing} {
			c := newTLSClient(t, srv, change)
			c.OnSSLServerAuthentication = func(e *oftp.SSLServerAuthenticationEvent) {
				assert.Equal(t, "server", e.Certificate.Subject.CommonName)
				assert.Equal(t, e.Status == "OK", e.Accept)
				statuses = append(statuses, e.Status)
				e.Accept = accept
			}
			assert.Equal(t, accept, c.Logon(t.Context()) == nil)
			c.Disconnect()
		}
	}
	require.Len(t, statuses, 4)
	assert.Equal(t, "OK", statuses[0])
	assert.NotEqual(t, "OK", statuses[1])
}

func TestPlainAndTLSDoNotMix(t *testing.T) {
	t.Parallel()
	secure, plain := newTLSServer(t, func(s *oftp.Server) { set(t, s, "LoginTimeout=1") }), newServer(t, nil)
	c := newClient(t, secure, nil)
	assert.Error(t, c.Logon(t.Context()))
	c = newTLSClient(t, plain, nil)
	assert.Equal(t, 276, code(t, c.Logon(t.Context())))
}

func TestTheCertificateRollsOver(t *testing.T) {
	t.Parallel()
	srv := newTLSServer(t, nil)
	seen := func() string {
		var name string
		c := newTLSClient(t, srv, nil)
		c.OnSSLServerAuthentication = func(e *oftp.SSLServerAuthenticationEvent) { name = e.Certificate.Subject.CommonName }
		require.NoError(t, c.Logon(t.Context()))
		require.NoError(t, c.Logoff())
		return name
	}
	assert.Equal(t, "server", seen())
	require.NoError(t, srv.SetSSLCert(issued(t, "next year's")))
	assert.Equal(t, "next year's", seen())
	assert.Error(t, srv.SetSSLCert(nil))
	assert.Equal(t, "next year's", seen())
}

func TestServeTLS(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { s.SSLCert = issued(t, "server") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.ServeTLS(l) }()
	c := newTLSClient(t, srv, func(c *oftp.Client) { c.RemotePort = l.Addr().(*net.TCPAddr).Port })
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.Logoff())
	srv.Shutdown()
	require.NoError(t, await(t, served))
}

func TestTheHandlerChoosesACertificate(t *testing.T) {
	t.Parallel()
	other := issue(nil, "other")
	der, err := x509.MarshalPKCS8PrivateKey(other.key)
	require.NoError(t, err)
	store := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.cert.Raw}))
	statuses := make(chan string, 100)
	srv := newTLSServer(t, func(s *oftp.Server) {
		s.OnSSLConnectionRequest = func(e *oftp.SSLConnectionRequestEvent) {
			assert.Contains(t, e.SupportedCipherSuites, "TLS_")
			assert.NotEmpty(t, e.SupportedSignatureAlgs)
			e.CertStoreType, e.CertStore, e.CertSubject = certstore.StorePEMKeyBlob, store, "*"
		}
		s.OnSSLStatus = func(e *oftp.SSLStatusEvent) { statuses <- e.Message }
	})
	c := newTLSClient(t, srv, func(c *oftp.Client) {
		c.OnSSLServerAuthentication = func(e *oftp.SSLServerAuthenticationEvent) {
			e.Accept = e.Certificate.Subject.CommonName == "other"
		}
	})
	require.NoError(t, c.Logon(t.Context()))
	assert.NotEmpty(t, await(t, statuses))
}

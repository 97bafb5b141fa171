package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	stranger := newAuthority("Strange CA")
	now := time.Now()
	expired := testCA().issue(newKey(), &x509.Certificate{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)})
	future := testCA().issue(newKey(), &x509.Certificate{NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)})
	cases := map[string]struct {
		pair   *tls.Certificate
		status string
	}{
		"no usage":      {clientPair(testCA()), "OK"},
		"client usage":  {clientPair(testCA(), x509.ExtKeyUsageClientAuth), "OK"},
		"server usage":  {clientPair(testCA(), x509.ExtKeyUsageServerAuth), "the extended key usage does not fit"},
		"stranger's CA": {clientPair(stranger), "the issuer is not trusted"},
		"expired":       {expired, "a certificate has expired"},
		"not yet":       {future, "a certificate is not valid yet"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comp := compile(t, func(s *Settings) { s.ClientCACerts = testCA().pem() })
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				client := goClient(func(conf *tls.Config) {
					conf.MaxVersion, conf.Certificates = version, []tls.Certificate{*c.pair}
				})
				srv := Server{Certificate: ecPair(), AuthenticateClients: true}
				checkVerdict(t, shake(t, comp.Server(srv), client), c.status == "OK")
				for _, verdict := range []bool{true, false} {
					srv.Accept = func(leaf *x509.Certificate, chain []*x509.Certificate, recommended bool, status string) bool {
						assert.Equal(t, c.pair.Leaf.Raw, leaf.Raw)
						assert.Len(t, chain, 1)
						assert.Equal(t, c.status, status)
						assert.Equal(t, c.status == "OK", recommended)
						return verdict
					}
					checkVerdict(t, shake(t, comp.Server(srv), client), verdict)
				}
			}
		})
	}
}

func checkVerdict(t *testing.T, o outcome, accepted bool) {
	t.Helper()
	if accepted {
		assert.NoError(t, o.serverErr)
		assert.NoError(t, o.clientErr)
		return
	}
	assert.Equal(t, trap.CodeCertInvalid, trap.Code(o.serverErr), o.serverErr)
	assert.ErrorContains(t, o.clientErr, "bad certificate")
}

func TestClientWithoutCertificate(t *testing.T) {
	t.Parallel()
	c := compile(t, nil)
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		c := c
		if version == tls.VersionTLS10 {
			c = compile(t, func(s *Settings) { s.EnabledProtocols = 192 })
		}
		srv := Server{Certificate: ecPair(), AuthenticateClients: true,
			Accept: func(*x509.Certificate, []*x509.Certificate, bool, string) bool {
				t.Error("nothing to accept")
				return true
			}}
		o := shake(t, c.Server(srv), goClient(func(conf *tls.Config) { conf.MaxVersion = version }))
		assert.Equal(t, trap.CodeClientCertNotFound, trap.Code(o.serverErr), o.serverErr)
		assert.Error(t, o.clientErr)
	}
}

// A client that is not asked shows nothing, and nothing is judged.
func TestClientNotAsked(t *testing.T) {
	t.Parallel()
	o := shake(t, compile(t, nil).Server(Server{Certificate: ecPair()}),
		goClient(func(conf *tls.Config) { conf.Certificates = []tls.Certificate{*clientPair(newAuthority("x"))} }))
	require.NoError(t, o.serverErr)
	assert.Empty(t, o.server.PeerCertificates)
}

func TestIntermediateFromClient(t *testing.T) {
	t.Parallel()
	key := newKey()
	middle := authority{key: key, cert: testCA().issue(key, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Middle"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}).Leaf}
	pair := clientPair(middle)
	c := compile(t, func(s *Settings) { s.ClientCACerts = testCA().pem() })
	srv := Server{Certificate: ecPair(), AuthenticateClients: true}
	checkVerdict(t, shake(t, c.Server(srv), goClient(func(conf *tls.Config) { conf.Certificates = []tls.Certificate{*pair} })), false)
	pair.Certificate = append(pair.Certificate, middle.cert.Raw)
	checkVerdict(t, shake(t, c.Server(srv), goClient(func(conf *tls.Config) { conf.Certificates = []tls.Certificate{*pair} })), true)
}

// The lists of signatures hold for the client's certificate whatever Accept says.
func TestClientSignatureNotEnabled(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) {
		s.TLS12SignatureAlgorithms, s.TLS13SignatureAlgorithms = "sha256-rsa,sha384-ecdsa", "rsa_pss_sha256"
	})
	srv := Server{Certificate: rsaPair(), AuthenticateClients: true, Trusted: []*x509.Certificate{testCA().cert},
		Accept: func(*x509.Certificate, []*x509.Certificate, bool, string) bool { return true }}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		o := shake(t, c.Server(srv), goClient(func(conf *tls.Config) {
			conf.MaxVersion, conf.Certificates = version, []tls.Certificate{*clientPair(testCA())}
		}))
		assert.Equal(t, trap.CodeCertInvalid, trap.Code(o.serverErr))
		assert.ErrorContains(t, o.serverErr, "ECDSA-SHA256")
	}
}

func TestStatusText(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "OK", statusText(nil))
	assert.Equal(t, "odd", statusText(errors.New("odd")))
	assert.Equal(t, "the certificate is not for this host", statusText(x509.HostnameError{Certificate: testCA().cert}))
	assert.Equal(t, "a certificate has expired", statusText(x509.CertificateInvalidError{Reason: x509.Expired}))
	assert.Contains(t, statusText(x509.CertificateInvalidError{Reason: 99}), "unknown")
	for reason, text := range invalidReasons {
		assert.Equal(t, text, statusText(x509.CertificateInvalidError{Reason: reason}))
	}
}

func TestLongSubjectIsCut(t *testing.T) {
	t.Parallel()
	pair := testCA().issue(newKey(), &x509.Certificate{Subject: pkix.Name{CommonName: strings.Repeat("x", 5000)}})
	assert.Len(t, subject(pair.Leaf), maxSubject+3)
}

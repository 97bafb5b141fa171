package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func plainServer(change func(*tls.Config)) *tls.Config {
	conf := &tls.Config{Certificates: []tls.Certificate{*ecPair()}, MinVersion: tls.VersionTLS10}
	if change != nil {
		change(conf)
	}
	return conf
}

func TestClientVerifiesServer(t *testing.T) {
	t.Parallel()
	trusting := compile(t, func(s *Settings) { s.ServerCACerts = testCA().pem() })
	plain := compile(t, nil)
	cases := map[string]struct {
		c      *Compiled
		cl     Client
		status string
	}{
		"ServerCACerts": {trusting, Client{ServerName: "localhost"}, "OK"},
		"Trusted":       {plain, Client{ServerName: "localhost", Trusted: []*x509.Certificate{testCA().cert}}, "OK"},
		"unknown CA":    {plain, Client{ServerName: "localhost"}, "the issuer is not trusted"},
		"other host":    {trusting, Client{ServerName: "example.com"}, "the certificate is not for this host"},
		"no host":       {trusting, Client{}, errNoHost.Error()},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := c.status == "OK"
			o := shake(t, plainServer(nil), c.c.Client(c.cl))
			assert.Equal(t, good, o.clientErr == nil, o.clientErr)
			if !good {
				assert.Equal(t, trap.CodeCertInvalid, trap.Code(o.clientErr))
				assert.ErrorContains(t, o.clientErr, c.status)
			}
			for _, verdict := range []bool{true, false} {
				cl := c.cl
				cl.Accept = func(leaf *x509.Certificate, _ []*x509.Certificate, recommended bool, status string) bool {
					assert.Equal(t, ecPair().Leaf.Raw, leaf.Raw)
					assert.Equal(t, good, recommended)
					assert.Equal(t, c.status, status)
					return verdict
				}
				o := shake(t, plainServer(nil), c.c.Client(cl))
				assert.Equal(t, verdict, o.clientErr == nil, o.clientErr)
			}
		})
	}
}

func TestClientInsecure(t *testing.T) {
	t.Parallel()
	var lines []string
	o := shake(t, plainServer(nil), compile(t, nil).Client(Client{Insecure: true, Status: func(m string) { lines = append(lines, m) }}))
	require.NoError(t, o.clientErr)
	assert.Len(t, lines, 1)
}

// A range of versions and one list of groups are all that a client can offer.
// What the server picks besides the settings ends the handshake.
func TestClientChecksChoice(t *testing.T) {
	t.Parallel()
	hole := compile(t, func(s *Settings) { s.EnabledProtocols = 192 | 3072 })
	o := shake(t, plainServer(func(conf *tls.Config) { conf.MaxVersion = tls.VersionTLS11 }), hole.Client(Client{Insecure: true}))
	assert.Equal(t, trap.CodeHandshake, trap.Code(o.clientErr))
	assert.ErrorContains(t, o.clientErr, "TLSv1.1")

	c := compile(t, func(s *Settings) {
		s.TLS12SupportedGroups, s.TLS13SupportedGroups = "ecdhe_secp256r1", "ecdhe_secp384r1"
	})
	assert.Equal(t, []tls.CurveID{tls.CurveP256, tls.CurveP384}, c.Client(Client{}).CurvePreferences)
	for _, row := range []struct {
		version uint16
		group   tls.CurveID
		code    int
	}{
		{tls.VersionTLS12, tls.CurveP256, 0},
		{tls.VersionTLS12, tls.CurveP384, 0}, // as documented
		{tls.VersionTLS13, tls.CurveP384, 0},
		{tls.VersionTLS13, tls.CurveP256, trap.CodeHandshake},
	} {
		o := shake(t, plainServer(func(conf *tls.Config) {
			conf.MaxVersion, conf.CurvePreferences = row.version, []tls.CurveID{row.group}
		}), c.Client(Client{Insecure: true}))
		assert.Equal(t, row.code, trap.Code(o.clientErr), o.clientErr)
	}
}

func TestOfferedLists(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) {
		s.TLS12SupportedGroups = "ecdhe_secp256r1"
		s.TLS12SignatureAlgorithms, s.TLS13SignatureAlgorithms = "sha256-ecdsa", "ed25519"
	})
	assert.Nil(t, c.plan.offeredGroups(), "TLS 1.3 has no limit")
	assert.Equal(t, []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256, tls.Ed25519}, schemes(c.plan.offeredSignatures()))
	assert.Nil(t, compile(t, nil).plan.offeredSignatures())
}

// Both sides from settings: the client shows a certificate, and sessions of
// different identities stay apart.
func TestClientIdentities(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) { s.ClientCACerts, s.ServerCACerts = testCA().pem(), testCA().pem() })
	srv := Server{Certificate: ecPair(), AuthenticateClients: true}
	first, second := clientPair(testCA()), clientPair(testCA())
	for i, step := range []struct {
		pair    *tls.Certificate
		resumes bool
	}{{first, false}, {second, false}, {first, true}, {second, true}} {
		o := shake(t, c.Server(srv), c.Client(Client{ServerName: "localhost", Certificate: step.pair}))
		require.NoError(t, o.clientErr)
		assert.Equal(t, step.resumes, o.client.DidResume, i)
		assert.Equal(t, step.pair.Leaf.Raw, o.server.PeerCertificates[0].Raw)
	}
	off := compile(t, func(s *Settings) { s.ReuseSession = false })
	assert.Nil(t, off.Client(Client{}).ClientSessionCache)
}

package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each bit of the mask enables its version and no other, holes included.
func TestProtocolMask(t *testing.T) {
	t.Parallel()
	for mask := 1; mask < 1<<len(protocols); mask++ {
		var bits int
		for i, p := range protocols {
			if mask>>i&1 == 1 {
				bits |= p.bits
			}
		}
		c := compile(t, func(s *Settings) { s.EnabledProtocols = bits })
		for i, p := range protocols {
			o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) {
				conf.MinVersion, conf.MaxVersion = p.id, p.id
			}))
			if mask>>i&1 == 0 {
				assert.ErrorContains(t, o.serverErr, "unsupported versions", "mask %d, client %s", bits, p.name)
				assert.ErrorContains(t, o.clientErr, "protocol version", "mask %d, client %s", bits, p.name)
				continue
			}
			require.NoError(t, o.serverErr, "mask %d, client %s", bits, p.name)
			require.NoError(t, o.clientErr)
			assert.Equal(t, p.name, Facts(o.server, nil).Version)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	const v10, v11, v12, v13 = tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13
	cases := []struct {
		enabled, offered         []uint16
		lowest, highest, version uint16
	}{
		{[]uint16{v12, v13}, []uint16{v13, v12, 0x1A1A}, v12, v13, v13},
		{[]uint16{v12, v13}, []uint16{v12}, v12, v13, v12}, // keeps the downgrade mark
		{[]uint16{v12, v13}, []uint16{v10}, v12, v13, 0},
		{[]uint16{v12, v13}, nil, v12, v13, 0},
		{[]uint16{v10, v12}, []uint16{v11, v10}, v10, v10, v10},
		{[]uint16{v10, v12}, []uint16{v12, v11, v10}, v10, v12, v12},
		{[]uint16{v10, v12}, []uint16{v11}, v12, v12, 0},
		{[]uint16{v10, v11, v13}, []uint16{v12, v11}, v10, v11, v11},
		{[]uint16{v10, v13}, []uint16{v12, v11}, v13, v13, 0},
	}
	for _, c := range cases {
		p := plan{versions: c.enabled}
		lowest, highest, version := p.bounds(c.offered)
		assert.Equal(t, []uint16{c.lowest, c.highest, c.version}, []uint16{lowest, highest, version}, c)
	}
}

func TestGroupsByVersion(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) {
		s.TLS12SupportedGroups, s.TLS13SupportedGroups = "ecdhe_secp384r1", "ecdhe_secp521r1,x25519mlkem768"
	})
	for version, name := range map[uint16]string{tls.VersionTLS12: "ecdhe_secp384r1", tls.VersionTLS13: "ecdhe_secp521r1"} {
		o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) {
			conf.MaxVersion, conf.CurvePreferences = version, []tls.CurveID{tls.X25519, tls.CurveP384, tls.CurveP521}
		}))
		require.NoError(t, o.serverErr)
		assert.Equal(t, name, Facts(o.server, nil).KeyExchange)
	}
	o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) { conf.CurvePreferences = []tls.CurveID{tls.CurveP256} }))
	assert.Error(t, o.serverErr)
}

func TestServerSignatures(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) {
		s.TLS12SignatureAlgorithms, s.TLS13SignatureAlgorithms = "sha384-rsa", "rsa_pss_sha512"
	})
	for version, fits := range map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: true} {
		o := shake(t, c.Server(Server{Certificate: rsaPair()}), goClient(func(conf *tls.Config) { conf.MaxVersion = version }))
		assert.Equal(t, fits, o.serverErr == nil, o.serverErr)
		o = shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) { conf.MaxVersion = version }))
		assert.Error(t, o.serverErr, "an ECDSA key cannot make an RSA signature")
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := compile(t, nil)
	var seen ClientAbilities
	srv := Server{Certificate: rsaPair(), Choose: func(hello ClientAbilities) (*tls.Certificate, error) {
		seen = hello
		if slices.ContainsFunc(hello.CipherSuites, func(name string) bool { return strings.Contains(name, "_ECDSA_") }) {
			return ecPair(), nil
		}
		return nil, nil
	}}
	for suite, want := range map[uint16]*tls.Certificate{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: ecPair(),
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:   rsaPair(),
	} {
		o := shake(t, c.Server(srv), goClient(func(conf *tls.Config) { conf.MaxVersion, conf.CipherSuites = tls.VersionTLS12, []uint16{suite} }))
		require.NoError(t, o.clientErr)
		assert.Equal(t, want.Leaf.Subject.String(), o.client.PeerCertificates[0].Subject.String())
		assert.Equal(t, []string{tls.CipherSuiteName(suite)}, seen.CipherSuites)
		assert.Equal(t, []string{"TLSv1.2", "TLSv1.1", "TLSv1"}, seen.Versions)
		assert.Equal(t, "localhost", seen.ServerName)
		assert.Contains(t, seen.SignatureAlgorithms, "ecdsa_secp256r1_sha256")
	}
}

func TestNoCertificate(t *testing.T) {
	t.Parallel()
	c := compile(t, nil)
	boom := errors.New("boom")
	o := shake(t, c.Server(Server{}), goClient(nil))
	assert.Equal(t, trap.CodeServerCertNotFound, trap.Code(o.serverErr), o.serverErr)
	o = shake(t, c.Server(Server{Choose: func(ClientAbilities) (*tls.Certificate, error) { return nil, nil }}), goClient(nil))
	assert.Equal(t, trap.CodeServerCertNotFound, trap.Code(o.serverErr))
	o = shake(t, c.Server(Server{Certificate: ecPair(), Choose: func(ClientAbilities) (*tls.Certificate, error) { return nil, boom }}), goClient(nil))
	assert.ErrorIs(t, o.serverErr, boom)
	o = shake(t, c.Server(Server{Choose: func(ClientAbilities) (*tls.Certificate, error) { return ecPair(), nil }}), goClient(nil))
	assert.NoError(t, o.serverErr)
}

func TestChainIsSent(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) { s.CACerts = testCA().pem() + testCA().pem() })
	for range 2 { // the shared certificate must not grow
		o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(nil))
		require.NoError(t, o.clientErr)
		require.Len(t, o.client.PeerCertificates, 2)
		assert.Equal(t, testCA().cert.Raw, o.client.PeerCertificates[1].Raw)
	}
	assert.Len(t, ecPair().Certificate, 1)
}

func TestStatusTexts(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) { s.ClientCACerts = testCA().pem() })
	var lines []string
	o := shake(t, c.Server(Server{Certificate: ecPair(), AuthenticateClients: true, Status: func(m string) { lines = append(lines, m) }}),
		goClient(func(conf *tls.Config) { conf.Certificates = []tls.Certificate{*clientPair(testCA())} }))
	require.NoError(t, o.serverErr)
	require.Len(t, lines, 3)
	assert.Contains(t, lines[0], `server name "localhost"`)
	assert.Regexp(t, `^negotiated TLSv1\.3 with TLS_`, lines[1])
	assert.Equal(t, `client certificate "CN=a client": OK`, lines[2])
}

// Connections from one Compiled resume, across configurations and versions;
// those of another Compiled, or without ReuseSession, do not.
func TestResumption(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c, other := compile(t, nil), compile(t, nil)
		off := compile(t, func(s *Settings) { s.ReuseSession = false })
		client := goClient(func(conf *tls.Config) {
			conf.MaxVersion, conf.ClientSessionCache = version, tls.NewLRUClientSessionCache(0)
		})
		for i, step := range []struct {
			c       *Compiled
			resumes bool
		}{{c, false}, {c, true}, {c, true}, {other, false}, {other, true}, {off, false}, {off, false}} {
			o := shake(t, step.c.Server(Server{Certificate: ecPair()}), client)
			require.NoError(t, o.serverErr)
			assert.Equal(t, step.resumes, o.server.DidResume, "%s, step %d", versionName(version), i)
			assert.Equal(t, o.server.DidResume, o.client.DidResume)
			assert.NotZero(t, Facts(o.server, nil).KeyExchangeStrength)
		}
	}
}

// Turning AuthenticateClients on makes old tickets worthless, not fatal.
func TestTicketFromBeforeAuthentication(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := compile(t, func(s *Settings) { s.ClientCACerts = testCA().pem() })
		client := goClient(func(conf *tls.Config) {
			conf.MaxVersion, conf.ClientSessionCache = version, tls.NewLRUClientSessionCache(0)
			conf.Certificates = []tls.Certificate{*clientPair(testCA())}
		})
		srv := Server{Certificate: ecPair()}
		require.NoError(t, shake(t, c.Server(srv), client).serverErr)
		srv.AuthenticateClients = true
		o := shake(t, c.Server(srv), client)
		require.NoError(t, o.serverErr)
		assert.False(t, o.server.DidResume)
		assert.Len(t, o.server.PeerCertificates, 1)
	}
}

// A resumed session is judged anew: by verification and by Accept.
func TestResumptionAsksAgain(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := compile(t, nil)
		client := goClient(func(conf *tls.Config) {
			conf.MaxVersion, conf.ClientSessionCache = version, tls.NewLRUClientSessionCache(0)
			conf.Certificates = []tls.Certificate{*clientPair(testCA())}
		})
		asked := 0
		srv := Server{Certificate: ecPair(), AuthenticateClients: true, Trusted: []*x509.Certificate{testCA().cert},
			Accept: func(_ *x509.Certificate, _ []*x509.Certificate, recommended bool, _ string) bool {
				asked++
				return recommended
			}}
		require.NoError(t, shake(t, c.Server(srv), client).serverErr)
		o := shake(t, c.Server(srv), client)
		require.NoError(t, o.serverErr)
		assert.True(t, o.server.DidResume)
		srv.Trusted = nil
		o = shake(t, c.Server(srv), client)
		assert.Equal(t, trap.CodeCertInvalid, trap.Code(o.serverErr), o.serverErr)
		assert.Equal(t, 3, asked)
	}
}

// Connections in parallel share a Compiled without a race.
func TestParallelHandshakes(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) { s.TLS12SupportedGroups = "ecdhe_secp256r1" })
	cache := tls.NewLRUClientSessionCache(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) { conf.ClientSessionCache = cache }))
			assert.NoError(t, o.serverErr)
		})
	}
	wg.Wait()
}

func BenchmarkServerConfig(b *testing.B) {
	c, err := Compile(Defaults())
	require.NoError(b, err)
	hello := &tls.ClientHelloInfo{SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12}}
	for b.Loop() {
		if _, err := c.Server(Server{Certificate: ecPair()}).GetConfigForClient(hello); err != nil {
			b.Fatal(err)
		}
	}
}

package tlsconf

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every suite of crypto/tls before TLS 1.3, the weak ones too, works when it is
// listed, under both prefixes.
func TestListedSuiteNegotiates(t *testing.T) {
	t.Parallel()
	for name, suite := range knownSuites {
		if isTLS13(suite) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := compile(t, func(s *Settings) { s.CipherSuites = "SSL_" + strings.TrimPrefix(strings.ToLower(name), "tls_") })
			pair := rsaPair()
			if strings.Contains(name, "ECDSA") {
				pair = ecPair()
			}
			o := shake(t, c.Server(Server{Certificate: pair}), goClient(func(conf *tls.Config) {
				conf.CipherSuites = []uint16{suite.ID}
			}))
			require.NoError(t, o.serverErr)
			require.NoError(t, o.clientErr)
			assert.Equal(t, suite.ID, o.server.CipherSuite)
			assert.Equal(t, uint16(tls.VersionTLS12), o.server.Version, "a list without the TLS 1.3 suites caps the version")
			n := Facts(o.server, rsaKey().Public())
			assert.Equal(t, name, n.CipherSuite)
			assert.NotZero(t, n.CipherStrength)
			assert.NotZero(t, n.KeyExchangeStrength)
		})
	}
}

func TestStarLeavesOutWeakSuites(t *testing.T) {
	t.Parallel()
	c := compile(t, nil)
	for _, weak := range tls.InsecureCipherSuites() {
		o := shake(t, c.Server(Server{Certificate: rsaPair()}), goClient(func(conf *tls.Config) {
			conf.MaxVersion, conf.CipherSuites = tls.VersionTLS12, []uint16{weak.ID}
		}))
		assert.ErrorContains(t, o.serverErr, "no cipher suite", weak.Name)
	}
}

func TestImpossibleSuites(t *testing.T) {
	t.Parallel()
	assert.Len(t, knownSuites, 25)
	for _, name := range foreignSuites {
		if name == renegotiationSignal {
			continue
		}
		err := CheckCipherSuites(name)
		require.Error(t, err)
		assert.Equal(t, trap.CodeNotSupported, trap.Code(err))
		assert.ErrorContains(t, err, name)
		assert.NotContains(t, knownSuites, strings.ToUpper(name))
	}
	for name, why := range map[string]string{
		"SSL_RSA_EXPORT_WITH_RC4_40_MD5":        "40-bit",
		"TLS_RSA_WITH_NULL_SHA256":              "does not encrypt",
		"TLS_DH_anon_WITH_AES_128_CBC_SHA":      "does not authenticate",
		"TLS_KRB5_WITH_RC4_128_MD5":             "Kerberos",
		"TLS_DHE_DSS_WITH_AES_128_CBC_SHA":      "DSA",
		"TLS_ECDH_RSA_WITH_AES_128_CBC_SHA":     "static",
		"SSL_RSA_WITH_DES_CBC_SHA":              "single DES",
		"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384": "does not have it",
		"CALG_AES_256":                          "Windows",
	} {
		assert.ErrorContains(t, CheckCipherSuites(name), why, name)
	}
}

func TestCipherStrength(t *testing.T) {
	t.Parallel()
	const old = "TLS_RSA_WITH_3DES_EDE_CBC_SHA;TLS_RSA_WITH_AES_128_CBC_SHA;TLS_RSA_WITH_AES_256_CBC_SHA"
	cases := []struct {
		list     string
		bits     int
		suites   []uint16
		versions []uint16
	}{
		{old, 0, []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA}, []uint16{tls.VersionTLS12}},
		{old, 112, []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA}, []uint16{tls.VersionTLS12}},
		{old, 128, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA}, []uint16{tls.VersionTLS12}},
		{old, 129, []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}, []uint16{tls.VersionTLS12}},
		{"*", 128, safeSuites(), []uint16{tls.VersionTLS12, tls.VersionTLS13}},
		{"*", 0, nil, []uint16{tls.VersionTLS12, tls.VersionTLS13}},
		{strings.Join(tls13Names(), ";"), 128, []uint16{}, []uint16{tls.VersionTLS13}},
		{strings.Join(tls13Names(), ";"), 0, []uint16{}, []uint16{tls.VersionTLS13}},
	}
	for _, c := range cases {
		s := Defaults()
		s.CipherSuites, s.CipherStrength = c.list, c.bits
		p, err := s.parse()
		require.NoError(t, err)
		assert.Equal(t, c.suites, p.suites, c)
		assert.Equal(t, c.versions, p.versions, c)
	}
	c := compile(t, func(s *Settings) { s.CipherStrength = 256 })
	o := shake(t, c.Server(Server{Certificate: rsaPair()}), goClient(nil))
	require.NoError(t, o.serverErr)
	assert.Equal(t, 256, Facts(o.server, nil).CipherStrength)
	assert.Equal(t, "TLSv1.2", Facts(o.server, nil).Version)
}

// A list of the TLS 1.3 suites alone disables the older versions.
func TestOnlyTLS13Suites(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) { s.CipherSuites = renegotiationSignal + ";" + strings.Join(tls13Names(), ";") })
	o := shake(t, c.Server(Server{Certificate: ecPair()}), goClient(nil))
	require.NoError(t, o.serverErr)
	assert.Equal(t, "TLSv1.3", Facts(o.server, nil).Version)
	o = shake(t, c.Server(Server{Certificate: ecPair()}), goClient(func(conf *tls.Config) { conf.MaxVersion = tls.VersionTLS12 }))
	assert.ErrorContains(t, o.clientErr, "protocol version")
}

func TestNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", suiteName(0x009F))
	assert.Equal(t, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", suiteName(0x00FF))
	assert.Equal(t, "TLS_AES_128_GCM_SHA256", suiteName(0x1301))
	assert.Equal(t, "0x1A1A", suiteName(0x1A1A))
	assert.Equal(t, "ed448", schemeName(0x0808))
	assert.Equal(t, "rsa_pss_sha256", schemeName(0x0804))
	assert.Equal(t, "0x1A1A", schemeName(0x1A1A))
	assert.Equal(t, "SSLv3", versionName(0x0300))
	assert.Equal(t, "TLSv1", versionName(0x0301))
	assert.Equal(t, "0x1A1A", versionName(0x1A1A))
}

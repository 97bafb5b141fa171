package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// weak lets openssl offer what its own defaults leave out.
const weak = "ALL:@SECLEVEL=0"

func TestOpenSSLVersions(t *testing.T) {
	t.Parallel()
	flags := map[int]string{192: "-tls1", 768: "-tls1_1", 3072: "-tls1_2", 12288: "-tls1_3"}
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			c := compile(t, func(s *Settings) { s.EnabledProtocols = p.bits })
			for bits, flag := range flags {
				out, state, err := sClient(t, c.Server(Server{Certificate: rsaPair()}), flag, "-cipher", weak)
				if bits != p.bits {
					assert.Error(t, err, flag)
					continue
				}
				require.NoError(t, err, out)
				assert.Contains(t, out, "greetings")
				assert.Contains(t, out, "New, "+"TLSv1", "openssl names the version")
				assert.Equal(t, p.name, Facts(state, nil).Version)
			}
		})
	}
}

func TestOpenSSLSuites(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		list, offered, negotiated string // no negotiated suite: refused
	}{
		"weak, listed":     {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA:@SECLEVEL=0", "TLS_RSA_WITH_AES_128_CBC_SHA"},
		"weak, not listed": {"*", "AES128-SHA:@SECLEVEL=0", ""},
		"strong":           {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;TLS_RSA_WITH_AES_128_CBC_SHA", "ALL", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		"not offered":      {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES128-GCM-SHA256", ""},
		"finite field":     {"*", "DHE-RSA-AES256-GCM-SHA384", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comp := compile(t, func(s *Settings) { s.CipherSuites = c.list })
			out, state, err := sClient(t, comp.Server(Server{Certificate: rsaPair()}), "-tls1_2", "-cipher", c.offered)
			if c.negotiated == "" {
				require.Error(t, err, out)
				assert.Contains(t, out, "handshake failure")
				return
			}
			require.NoError(t, err, out)
			assert.Equal(t, c.negotiated, Facts(state, nil).CipherSuite)
		})
	}
}

func TestOpenSSLFacts(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) {
		s.CipherSuites = "TLS_RSA_WITH_AES_256_GCM_SHA384;" + strings.Join(tls13Names(), ";")
	})
	_, state, err := sClient(t, c.Server(Server{Certificate: rsaPair()}), "-tls1_2", "-cipher", "AES256-GCM-SHA384")
	require.NoError(t, err)
	assert.Equal(t, Negotiated{Version: "TLSv1.2", Cipher: "AES_256_GCM", CipherSuite: "TLS_RSA_WITH_AES_256_GCM_SHA384",
		KeyExchange: "RSA", CipherStrength: 256, KeyExchangeStrength: 2048}, Facts(state, rsaKey().Public()))

	_, state, err = sClient(t, c.Server(Server{Certificate: rsaPair()}), "-tls1_3", "-groups", "P-384", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256")
	require.NoError(t, err)
	assert.Equal(t, Negotiated{Version: "TLSv1.3", Cipher: "CHACHA20_POLY1305", CipherSuite: "TLS_CHACHA20_POLY1305_SHA256",
		KeyExchange: "ecdhe_secp384r1", CipherStrength: 256, KeyExchangeStrength: 384}, Facts(state, nil))
}

func TestOpenSSLClientCertificates(t *testing.T) {
	t.Parallel()
	good, goodKey := writePair(t, clientPair(testCA(), x509.ExtKeyUsageClientAuth))
	bad, badKey := writePair(t, clientPair(newAuthority("Strange CA")))
	c := compile(t, func(s *Settings) { s.ClientCACerts = testCA().pem() })
	srv := Server{Certificate: rsaPair(), AuthenticateClients: true}
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		out, state, err := sClient(t, c.Server(srv), version, "-cert", good, "-key", goodKey)
		require.NoError(t, err, out)
		assert.Contains(t, out, "greetings")
		assert.Len(t, state.PeerCertificates, 1)

		out, _, err = sClient(t, c.Server(srv), version, "-cert", bad, "-key", badKey)
		assert.Equal(t, trap.CodeCertInvalid, trap.Code(err), err)
		assert.NotContains(t, out, "greetings")

		out, _, err = sClient(t, c.Server(srv), version)
		assert.Equal(t, trap.CodeClientCertNotFound, trap.Code(err), err)
		assert.NotContains(t, out, "greetings")
	}
}

func TestOpenSSLResumption(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		c := compile(t, nil)
		session := filepath.Join(t.TempDir(), "session")
		out, _, err := sClient(t, c.Server(Server{Certificate: rsaPair()}), version, "-sess_out", session)
		require.NoError(t, err, out)
		out, state, err := sClient(t, c.Server(Server{Certificate: rsaPair()}), version, "-sess_in", session)
		require.NoError(t, err, out)
		assert.True(t, state.DidResume)
		assert.Contains(t, out, "Reused, TLSv1")
	}
}

// Both sides write the same secrets, each to its file.
func TestOpenSSLKeyLog(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		dir := t.TempDir()
		ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
		c := compile(t, func(s *Settings) { s.KeyLogFile = ours })
		out, _, err := sClient(t, c.Server(Server{Certificate: rsaPair()}), version, "-keylogfile", theirs)
		require.NoError(t, err, out)
		require.NotEmpty(t, secrets(t, ours))
		assert.Equal(t, secrets(t, theirs), secrets(t, ours))
	}
}

// secrets returns the lines of a key log, sorted, without comments and the
// exporter's secret, which crypto/tls does not write.
func secrets(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := slices.DeleteFunc(splitList(string(text), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "EXPORTER_SECRET ")
	})
	slices.Sort(lines)
	return lines
}

// The application gives RSA-only clients the RSA certificate and others ECDSA.
func TestOpenSSLChoose(t *testing.T) {
	t.Parallel()
	c := compile(t, nil)
	var seen ClientAbilities
	srv := Server{Certificate: rsaPair(), Choose: func(hello ClientAbilities) (*tls.Certificate, error) {
		seen = hello
		if slices.Contains(hello.SignatureAlgorithms, "ecdsa_secp256r1_sha256") {
			return ecPair(), nil
		}
		return nil, nil
	}}
	out, _, err := sClient(t, c.Server(srv), "-tls1_2", "-cipher", weak)
	require.NoError(t, err, out)
	assert.Contains(t, out, "CN = ec server")
	assert.Contains(t, seen.CipherSuites, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "not in crypto/tls, named all the same")
	assert.Contains(t, seen.CipherSuites, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384")
	assert.Contains(t, seen.CipherSuites, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV")
	assert.Contains(t, seen.SignatureAlgorithms, "ed448")
	assert.Equal(t, "localhost", seen.ServerName)

	out, _, err = sClient(t, c.Server(srv), "-tls1_3", "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256")
	require.NoError(t, err, out)
	assert.Contains(t, out, "CN = rsa server")
	assert.Equal(t, []string{"rsa_pss_sha256", "rsa_pkcs1_sha256"}, seen.SignatureAlgorithms)
	assert.Equal(t, []string{"TLSv1.3"}, seen.Versions)
}

func TestOpenSSLGroups(t *testing.T) {
	t.Parallel()
	c := compile(t, func(s *Settings) {
		s.TLS12SupportedGroups, s.TLS13SupportedGroups = "ecdhe_secp521r1", "ecdhe_secp384r1"
	})
	for version, name := range map[string]string{"-tls1_2": "ecdhe_secp521r1", "-tls1_3": "ecdhe_secp384r1"} {
		_, state, err := sClient(t, c.Server(Server{Certificate: rsaPair()}), version, "-groups", "X25519:P-521:P-384")
		require.NoError(t, err)
		assert.Equal(t, name, Facts(state, nil).KeyExchange)
		_, _, err = sClient(t, c.Server(Server{Certificate: rsaPair()}), version, "-groups", "X25519", "-cipher", "ECDHE")
		assert.Error(t, err)
	}
}

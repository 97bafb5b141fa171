package tcpserver

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// negotiated reads the SSLNegotiated settings of a connection.
func negotiated(t *testing.T, core *Core, c *Conn) map[string]string {
	t.Helper()
	facts := make(map[string]string)
	for _, what := range []string{"Version", "CipherSuite", "Cipher", "CipherStrength", "KeyExchange", "KeyExchangeStrength"} {
		facts[what] = setting(t, core, "SSLNegotiated"+what+"["+c.ID()+"]")
	}
	return facts
}

func TestSSLNegotiated(t *testing.T) {
	t.Parallel()
	core, e := NewCore(), newLineEcho()
	configure(t, core, "SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256;TLS_AES_256_GCM_SHA384;TLS_CHACHA20_POLY1305_SHA256;TLS_RSA_WITH_AES_256_GCM_SHA384")
	start(t, core, Options{Push: e, UseSSL: true, SSLCert: rsaServer()})
	cases := []struct {
		change func(*tls.Config)
		want   map[string]string
	}{
		{func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }, map[string]string{
			"Version": "TLSv1.3", "CipherSuite": "TLS_AES_128_GCM_SHA256", "Cipher": "AES_128_GCM", "CipherStrength": "128",
			"KeyExchange": "ecdhe_x25519", "KeyExchangeStrength": "253",
		}},
		{func(c *tls.Config) {
			c.MaxVersion = tls.VersionTLS12
			c.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384}
		}, map[string]string{
			"Version": "TLSv1.2", "CipherSuite": "TLS_RSA_WITH_AES_256_GCM_SHA384", "Cipher": "AES_256_GCM", "CipherStrength": "256",
			"KeyExchange": "RSA", "KeyExchangeStrength": "2048",
		}},
	}
	for _, c := range cases {
		dialTLS(t, core, c.change)
		conn := receive(t, e.opened, "Open")
		// A certificate set later has no part in what was agreed before.
		require.NoError(t, core.SetSSLCert(ecServer()))
		assert.Equal(t, c.want, negotiated(t, core, conn))
		require.NoError(t, core.SetSSLCert(rsaServer()))
	}
}

func TestSSLSettingsApplyToTheNextHandshake(t *testing.T) {
	t.Parallel()
	core := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	only12 := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }
	before := dialTLS(t, core, only12)

	configure(t, core, "SSLEnabledProtocols=12288")
	_, err := tryTLS(t, core, only12)
	assert.ErrorContains(t, err, "protocol version")
	before.say("still here\n")
	before.hear("still here\n")

	// These fit each alone, but not together.
	_, err = core.Config("SSLCipherStrength=256")
	assert.Equal(t, 10022, code(t, err))
	assert.Equal(t, "0", setting(t, core, "SSLCipherStrength"))
	_, err = core.Config("SSLKeyLogFile=" + t.TempDir())
	assert.Error(t, err)
	assert.Empty(t, setting(t, core, "SSLKeyLogFile"))
	dialTLS(t, core, nil)

	configure(t, core, "SSLEnabledProtocols=15360")
	dialTLS(t, core, only12)
}

func TestConcurrentChangesLoseNothing(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "SSLEnabledProtocols=12288") // so that a strength of 256 fails
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := core.Config("SSLCipherStrength=256")
			assert.Error(t, err)
		})
		wg.Go(func() {
			_, err := core.Config(fmt.Sprintf("TLS13SupportedGroups=%s", []string{"ecdhe_x25519", "ecdhe_secp256r1"}[i%2]))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.NotEmpty(t, setting(t, core, "TLS13SupportedGroups"))
	assert.Equal(t, "0", setting(t, core, "SSLCipherStrength"))
	core.Reset()
}

func TestSetSSLCertRollsOver(t *testing.T) {
	t.Parallel()
	core := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: rsaServer()})
	shown := func(p *peer) string {
		return p.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	old := dialTLS(t, core, nil)
	assert.Equal(t, "rsa server", shown(old))
	require.NoError(t, core.SetSSLCert(ecServer()))
	assert.Equal(t, "ec server", shown(dialTLS(t, core, nil)))
	old.say("still here\n")
	old.hear("still here\n")
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, other := testCA(), otherCA()
	good := issue(&ca, newECKey(), "a partner", false)
	stranger := issue(&other, newECKey(), "a stranger", false)
	follow := func(_ *ClientAuthentication) {}
	cases := []struct {
		name    string
		show    *issued
		decide  func(*ClientAuthentication)
		trusted []*certstore.Certificate
		want    []string
	}{
		{"none", nil, follow, nil, []string{"Connected 281", "Disconnected 281"}},
		{"good", &good, follow, nil, []string{"Authentication OK", "Connected", "Disconnected"}},
		{"good, no handler", &good, nil, nil, []string{"Connected", "Disconnected"}},
		{"good, refused", &good, func(a *ClientAuthentication) { a.Accept = false }, nil,
			[]string{"Authentication OK", "Connected 280", "Disconnected 280"}},
		{"stranger", &stranger, follow, nil, []string{"Authentication refused", "Connected 280", "Disconnected 280"}},
		{"stranger, no handler", &stranger, nil, nil, []string{"Connected 280", "Disconnected 280"}},
		{"stranger, accepted", &stranger, func(a *ClientAuthentication) { a.Accept = true }, nil,
			[]string{"Authentication refused", "Connected", "Disconnected"}},
		{"stranger, trusted", &stranger, follow, []*certstore.Certificate{nil, other.open()},
			[]string{"Authentication OK", "Connected", "Disconnected"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core, rec := NewCore(), newRecorder()
			configure(t, core, "SSLClientCACerts="+ca.certPEM())
			hooks := rec.hooks()
			if c.decide != nil {
				hooks.SSLClientAuthentication = func(conn *Conn, a *ClientAuthentication) {
					assert.Equal(t, c.show.cert.Raw, a.Certificate.Raw)
					assert.Equal(t, a.Status == "OK", a.Accept)
					rec.note(map[bool]string{true: "Authentication OK", false: "Authentication refused"}[a.Accept])(conn, nil)
					c.decide(a)
				}
			}
			start(t, core, Options{
				Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(),
				SSLAuthenticateClients: true, TrustedCerts: c.trusted, Hooks: hooks,
			})
			p, err := tryTLS(t, core, func(conf *tls.Config) {
				if c.show != nil {
					conf.Certificates = []tls.Certificate{c.show.tls()}
				}
			})
			require.NoError(t, err)
			_, _ = io.WriteString(p, "quit\n")
			_ = p.broken()
			rec.expect(t, c.want...)
			rec.silent(t)
		})
	}
}

func TestSetTrustedCerts(t *testing.T) {
	t.Parallel()
	other := otherCA()
	core, rec := NewCore(), newRecorder()
	start(t, core, Options{
		Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), SSLAuthenticateClients: true, Hooks: rec.hooks(),
	})
	show := func(c *tls.Config) {
		c.Certificates = []tls.Certificate{issue(&other, newECKey(), "a partner", false).tls()}
	}
	_ = dialTLS(t, core, show).broken()
	rec.expect(t, "Connected 280", "Disconnected 280")
	core.SetTrustedCerts([]*certstore.Certificate{other.open()})
	p := dialTLS(t, core, show)
	p.say("quit\n")
	p.hear("bye\n")
	p.ended()
	rec.expect(t, "Connected", "Disconnected")
}

func TestSSLConnectionRequest(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		decide func(*CertificateRequest)
		want   []string
	}{
		{"the server's own", func(*CertificateRequest) {}, []string{"Connected", "Disconnected"}},
		{"another", func(r *CertificateRequest) {
			r.CertStoreType, r.CertStore, r.CertSubject = certstore.StorePEMKeyBlob, rsaPair().store(), "*"
		}, []string{"Connected", "Disconnected"}},
		{"one that cannot be opened", func(r *CertificateRequest) {
			r.CertStoreType, r.CertStore = certstore.StorePEMKeyBlob, "nonsense"
		}, []string{"Connected 271", "Disconnected 271"}},
		{"a panic", func(*CertificateRequest) { panic("no idea") }, []string{"Error 10053", "Connected 10053", "Disconnected 10053"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core, rec := NewCore(), newRecorder()
			hooks := rec.hooks()
			hooks.SSLConnectionRequest = func(_ *Conn, r *CertificateRequest) {
				assert.Equal(t, "localhost", r.ServerName)
				assert.Contains(t, r.CipherSuites, "TLS_AES_128_GCM_SHA256")
				assert.Contains(t, r.SignatureAlgorithms, "ecdsa_secp256r1_sha256")
				c.decide(r)
			}
			start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), Hooks: hooks})
			p, err := tryTLS(t, core, nil)
			if c.want[0] == "Connected" {
				require.NoError(t, err)
				p.say("quit\n")
			}
			_ = p.broken()
			rec.expect(t, c.want...)
		})
	}
}

func TestDefaultConnectionTimeout(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	configure(t, core, "DefaultConnectionTimeout=0.02", "LoginTimeout=0")
	start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), Hooks: rec.hooks()})
	p := dial(t, core)
	last := rec.expect(t, "Connected 10060")
	assert.ErrorIs(t, last.err, os.ErrDeadlineExceeded)
	_ = p.broken()
	rec.expect(t, "Disconnected 10060")
}

func TestSSLStatusAndPackets(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		lines []string
	)
	core := NewCore()
	configure(t, core, "LogSSLPackets=True")
	start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), Hooks: Hooks{
		SSLStatus: func(_ *Conn, message string) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, message)
		},
	}})
	p := dialTLS(t, core, nil)
	p.say("quit\n")
	p.hear("bye\n")
	p.ended()
	end(t, core)
	all := strings.Join(lines, "\n")
	for _, want := range []string{`server name "localhost"`, "negotiated TLSv1.3", "received handshake record", "sent application data record"} {
		assert.Contains(t, all, want)
	}
}

func TestKeyLogFileIsReleased(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.log")
	core := NewCore()
	configure(t, core, "SSLKeyLogFile="+path)
	start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	dialTLS(t, core, nil)
	configure(t, core, "SSLKeyLogFile=")
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(first), "SERVER_TRAFFIC_SECRET_0 ")
	dialTLS(t, core, nil)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(again))
	assert.NoError(t, os.Remove(path), "Windows refuses while it is open")
}

func TestTheChainIsSent(t *testing.T) {
	t.Parallel()
	core := NewCore()
	ca := testCA()
	configure(t, core, "SSLCACerts="+ca.certPEM())
	start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	state := dialTLS(t, core, nil).Conn.(*tls.Conn).ConnectionState()
	require.Len(t, state.PeerCertificates, 2)
	assert.True(t, state.PeerCertificates[1].Equal(ca.cert))
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: trusting().RootCAs})
	assert.NoError(t, err)
}

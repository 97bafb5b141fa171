package tcpserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A session is what "openssl s_client" and the server saw of one connection.
type session struct {
	output string            // what openssl printed
	facts  map[string]string // what the server negotiated, nil when it failed
	ended  occurrence
}

// sClient has openssl talk to an echo server: it sends a line, and quits when
// the answer has come. The settings are the server's.
func sClient(t *testing.T, core *Core, o Options, args ...string) session {
	t.Helper()
	path := needs.Program(t, "openssl")
	rec := newRecorder()
	hooks := rec.hooks()
	var s session
	hooks.Connected = func(c *Conn, err *Error) {
		if err == nil {
			s.facts = negotiated(t, core, c)
		}
	}
	hooks.SSLConnectionRequest = o.Hooks.SSLConnectionRequest
	hooks.SSLClientAuthentication = o.Hooks.SSLClientAuthentication
	o.Hooks, o.Push, o.UseSSL, o.LocalHost = hooks, newLineEcho(), true, "127.0.0.1"
	start(t, core, o)
	args = append([]string{"s_client", "-connect", core.Addr().String(), "-servername", "localhost", "-ign_eof"}, args...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = strings.NewReader("hello from openssl\nquit\n")
	out, _ := cmd.CombinedOutput() // its exit code tells of verification too
	s.output = string(out)
	s.ended = rec.next(t)
	return s
}

func (s session) spoke(t *testing.T) {
	t.Helper()
	assert.Contains(t, s.output, "hello from openssl\nbye\n")
	assert.Equal(t, "Disconnected", s.ended.String(), s.output)
}

func (s session) failed(t *testing.T, code int) {
	t.Helper()
	assert.NotContains(t, s.output, "bye")
	assert.Nil(t, s.facts)
	if assert.NotNil(t, s.ended.err) {
		assert.Equal(t, code, s.ended.err.Code, s.ended.err)
	}
}

// weak lets openssl use what it thinks too weak.
var weak = []string{"-cipher", "ALL:@SECLEVEL=0"}

func TestOpenSSLProtocols(t *testing.T) {
	t.Parallel()
	versions := []struct {
		flag, name string
		bits       string
	}{{"-tls1", "TLSv1", "192"}, {"-tls1_1", "TLSv1.1", "768"}, {"-tls1_2", "TLSv1.2", "3072"}, {"-tls1_3", "TLSv1.3", "12288"}}
	for _, server := range versions {
		for _, client := range versions {
			t.Run(server.name+" "+client.name, func(t *testing.T) {
				t.Parallel()
				core := NewCore()
				configure(t, core, "SSLEnabledProtocols="+server.bits)
				s := sClient(t, core, Options{SSLCert: rsaServer()}, append(weak, client.flag)...)
				if server != client {
					s.failed(t, 276)
					return
				}
				s.spoke(t)
				assert.Equal(t, client.name, s.facts["Version"])
			})
		}
	}
}

func TestOpenSSLSuites(t *testing.T) {
	t.Parallel()
	cases := []struct {
		setting, cipher string
		want            map[string]string // nil: nothing in common
	}{
		{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", map[string]string{
			"Version": "TLSv1.2", "CipherSuite": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "Cipher": "AES_256_GCM",
			"CipherStrength": "256", "KeyExchange": "ecdhe_secp384r1", "KeyExchangeStrength": "384",
		}},
		{"SSL_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", map[string]string{
			"Version": "TLSv1.2", "CipherSuite": "TLS_RSA_WITH_AES_128_CBC_SHA", "Cipher": "AES_128_CBC",
			"CipherStrength": "128", "KeyExchange": "RSA", "KeyExchangeStrength": "2048",
		}},
		{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES128-GCM-SHA256", nil},
		{"*", "AES128-SHA", nil},
	}
	for _, c := range cases {
		t.Run(c.setting+" "+c.cipher, func(t *testing.T) {
			t.Parallel()
			core := NewCore()
			configure(t, core, "SSLEnabledCipherSuites="+c.setting)
			s := sClient(t, core, Options{SSLCert: rsaServer()}, "-tls1_2", "-cipher", c.cipher+":@SECLEVEL=0", "-curves", "P-384")
			if c.want == nil {
				s.failed(t, 276)
				return
			}
			s.spoke(t)
			assert.Equal(t, c.want, s.facts)
			assert.Contains(t, s.output, "Cipher is "+c.cipher)
		})
	}
}

func TestOpenSSLClientCertificates(t *testing.T) {
	t.Parallel()
	path := needs.Program(t, "openssl")
	ca, other := testCA(), otherCA()
	caFile := file(t, "ca.pem", ca.certPEM())
	clients := map[string]issued{
		"good":        issue(&ca, newECKey(), "a partner", false),
		"other CA":    issue(&other, newECKey(), "a stranger", false),
		"self-signed": issue(nil, newECKey(), "nobody", false),
		"RSA":         issue(&ca, newRSAKey(), "an RSA partner", false),
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert, key := file(t, "cert.pem", client.certPEM()), file(t, "key.pem", client.keyPEM())
			verified := exec.CommandContext(t.Context(), path, "verify", "-purpose", "sslclient", "-CAfile", caFile, cert).Run() == nil
			core := NewCore()
			configure(t, core, "SSLClientCACerts="+ca.certPEM())
			var seen ClientAuthentication
			o := Options{SSLCert: ecServer(), SSLAuthenticateClients: true}
			o.Hooks.SSLClientAuthentication = func(_ *Conn, a *ClientAuthentication) { seen = *a }
			s := sClient(t, core, o, "-cert", cert, "-key", key)
			require.NotNil(t, seen.Certificate)
			assert.Equal(t, client.cert.Raw, seen.Certificate.Raw)
			assert.Equal(t, verified, seen.Accept, "openssl verify and the server agree; status %q", seen.Status)
			if verified {
				s.spoke(t)
			} else {
				s.failed(t, 280)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		sClient(t, NewCore(), Options{SSLCert: ecServer(), SSLAuthenticateClients: true}).failed(t, 281)
	})
}

func TestOpenSSLVerifiesTheServer(t *testing.T) {
	t.Parallel()
	s := sClient(t, NewCore(), Options{SSLCert: ecServer()},
		"-CAfile", file(t, "ca.pem", testCA().certPEM()), "-verify_hostname", "localhost", "-verify_return_error")
	s.spoke(t)
	assert.Contains(t, s.output, "Verify return code: 0 (ok)")
}

func TestOpenSSLKeyLog(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ours, theirs := filepath.Join(dir, "server.log"), filepath.Join(dir, "client.log")
			core := NewCore()
			configure(t, core, "SSLKeyLogFile="+ours)
			sClient(t, core, Options{SSLCert: ecServer()}, version, "-keylogfile", theirs).spoke(t)
			// OpenSSL logs the exporter's secret besides, which decrypts nothing.
			got, want := secrets(t, ours), secrets(t, theirs)
			want = slices.DeleteFunc(want, func(s string) bool { return strings.HasPrefix(s, "EXPORTER_SECRET") })
			assert.NotEmpty(t, got)
			assert.ElementsMatch(t, want, got)
			core.Reset() // closes the file, as Windows wants it
		})
	}
}

func secrets(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.ToLower(strings.TrimSpace(string(text))), "\n")
	for i, line := range lines {
		label, rest, _ := strings.Cut(line, " ")
		lines[i] = strings.ToUpper(label) + " " + rest
	}
	return slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "#") })
}

func TestOpenSSLCertificateByAbilities(t *testing.T) {
	t.Parallel()
	choose := func(_ *Conn, r *CertificateRequest) {
		if !slices.ContainsFunc(r.SignatureAlgorithms, func(s string) bool { return strings.Contains(s, "ecdsa") }) {
			r.CertStoreType, r.CertStore, r.CertSubject = certstore.StorePEMKeyBlob, rsaPair().store(), "*"
		}
	}
	cases := map[string]string{
		"RSA-PSS+SHA256:RSA+SHA256": "rsa server",
		"ECDSA+SHA256":              "ec server",
	}
	for algorithms, want := range cases {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			o := Options{SSLCert: ecServer()}
			o.Hooks.SSLConnectionRequest = choose
			s := sClient(t, NewCore(), o, "-sigalgs", algorithms)
			s.spoke(t)
			assert.Contains(t, s.output, want)
		})
	}
}

func TestOpenSSLSessionsResume(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for reuse, want := range map[string]string{"True": "Reused, ", "False": "New, "} {
			t.Run(version+" "+reuse, func(t *testing.T) {
				t.Parallel()
				core := NewCore()
				configure(t, core, "ReuseSSLSession="+reuse)
				ticket := filepath.Join(t.TempDir(), "session.pem")
				resume(t, core, version, "-sess_out", ticket)
				if _, err := os.Stat(ticket); err != nil {
					assert.Equal(t, "False", reuse, "there is no ticket")
					return
				}
				output := resume(t, core, version, "-sess_in", ticket)
				assert.Contains(t, output, want)
			})
		}
	}
}

// resume runs openssl against a core that goes on listening.
func resume(t *testing.T, core *Core, args ...string) string {
	t.Helper()
	path := needs.Program(t, "openssl")
	if !core.Listening() {
		start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	}
	args = append([]string{"s_client", "-connect", core.Addr().String(), "-ign_eof"}, args...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = strings.NewReader("hello\nquit\n")
	out, _ := cmd.CombinedOutput()
	assert.Contains(t, string(out), "hello\nbye\n")
	return string(out)
}

func TestOpenSSLRollover(t *testing.T) {
	t.Parallel()
	core := NewCore()
	assert.Contains(t, resume(t, core), "ec server")
	require.NoError(t, core.SetSSLCert(rsaServer()))
	assert.Contains(t, resume(t, core), "rsa server")
}

func TestOpenSSLCannotRenegotiate(t *testing.T) {
	t.Parallel()
	path := needs.Program(t, "openssl")
	rec := newRecorder()
	core := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), Hooks: rec.hooks()})
	cmd := exec.CommandContext(t.Context(), path, "s_client", "-connect", core.Addr().String(), "-tls1_2")
	cmd.Stdin = strings.NewReader("R\n") // openssl's command for it
	out, _ := cmd.CombinedOutput()
	assert.Contains(t, string(out), "Secure Renegotiation IS supported")
	rec.expect(t, "Connected")
	assert.Contains(t, rec.next(t).String(), "Disconnected")
}

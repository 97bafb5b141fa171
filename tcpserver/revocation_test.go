package tcpserver

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/trust/trusttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lookup is a certificate of openssl, the setting that has it looked up, and the
// words of the status when it is revoked, or when nothing can be learned.
type lookup struct {
	name, setting    string
	pair             issued
	revoked, unknown string
}

// status is what the status must say with a value of the setting.
func (l lookup) status(mode int) string {
	switch {
	case mode > 0 && l.revoked != "":
		return l.revoked
	case mode == 2 && l.unknown != "":
		return l.unknown
	}
	return "OK"
}

func newWeb(t *testing.T) (*http.ServeMux, string) {
	t.Helper()
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return mux, web.URL
}

func page(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

func anchor(ca *trusttest.CA) []*certstore.Certificate {
	return []*certstore.Certificate{must(certstore.FromX509(ca.Cert, nil))}
}

func by(t *testing.T, ca *trusttest.CA, name string, extensions ...string) issued {
	t.Helper()
	pair := ca.Issue(t, name, extensions...)
	return issued{pair.Leaf, pair.PrivateKey.(crypto.Signer)}
}

// lookups are those of an authority with lists and responders, which are up until
// the test ends.
func lookups(t *testing.T) (*trusttest.CA, []lookup) {
	t.Helper()
	ca, impostor := trusttest.NewCA(t), trusttest.NewCA(t)
	web, url := newWeb(t)
	const nowhere = "http://127.0.0.1:1/"
	list := func(name, where string) issued { return by(t, ca, name, trusttest.CRLAt(where)) }
	responder := func(name, where string) issued { return by(t, ca, name, trusttest.OCSPAt(where)) }
	all := []lookup{
		{"good", "SSLCheckCRL", list("good", url+"/list"), "", ""},
		{"revoked", "SSLCheckCRL", list("revoked", url+"/list"), "the CRL of its issuer", ""},
		{"expired list", "SSLCheckCRL", list("expired", url+"/old"), "", "has expired"},
		{"unreachable list", "SSLCheckCRL", list("unlisted", nowhere), "", "connect"},
		{"list of another", "SSLCheckCRL", list("forged", url+"/forged"), "", "signature"},
		{"good", "SSLCheckOCSP", responder("good2", url+"/ocsp"), "", ""},
		{"revoked", "SSLCheckOCSP", responder("revoked2", url+"/ocsp"), "the OCSP responder of its issuer", ""},
		{"unreachable responder", "SSLCheckOCSP", responder("unanswered", nowhere), "", "connect"},
		{"another's responder", "SSLCheckOCSP", responder("forged2", url+"/lies"), "", "not the issuer's"},
	}
	for _, name := range []string{"revoked", "expired", "unlisted", "forged", "revoked2", "unanswered", "forged2"} {
		ca.Revoke(t, name)
	}
	web.Handle("/list", page(ca.CRL(t)))
	web.Handle("/old", page(ca.CRL(t, trusttest.Expired()...)))
	web.Handle("/forged", page(impostor.CRL(t)))
	web.Handle("/ocsp", ca.Respond(t, "ca"))
	web.Handle("/lies", ca.Respond(t, filepath.Join(impostor.Dir, "ca")))
	return ca, all
}

// eachMode runs a test for every lookup and value of its setting.
func eachMode(t *testing.T, run func(t *testing.T, ca *trusttest.CA, l lookup, setting, status string)) {
	t.Helper()
	ca, all := lookups(t)
	for _, l := range all {
		for mode := range 3 {
			setting := fmt.Sprintf("%s=%d", l.setting, mode)
			t.Run(setting+" "+l.name, func(t *testing.T) {
				t.Parallel()
				run(t, ca, l, setting, l.status(mode))
			})
		}
	}
}

// guarded is a core that looks up its clients' certificates, and what
// SSLClientAuthentication is asked.
func guarded(t *testing.T, ca *trusttest.CA, decide func(*ClientAuthentication), settings ...string) (*Core, *recorder) {
	t.Helper()
	core, rec := NewCore(), newRecorder()
	configure(t, core, settings...)
	hooks := rec.hooks()
	hooks.SSLClientAuthentication = func(_ *Conn, a *ClientAuthentication) { decide(a) }
	return start(t, core, Options{
		Push: newLineEcho(), UseSSL: true, SSLCert: ecServer(), SSLAuthenticateClients: true,
		TrustedCerts: anchor(ca), Hooks: hooks,
	}), rec
}

func showing(pair issued) func(*tls.Config) {
	return func(conf *tls.Config) { conf.Certificates = []tls.Certificate{pair.tls()} }
}

func TestClientCertificatesAreLookedUp(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, ca *trusttest.CA, l lookup, setting, status string) {
		core, rec := guarded(t, ca, func(a *ClientAuthentication) {
			assert.Contains(t, a.Status, status)
			assert.Equal(t, status == "OK", a.Accept)
		}, setting)
		p := dialTLS(t, core, showing(l.pair))
		_, _ = io.WriteString(p, "quit\n")
		_ = p.broken()
		if status == "OK" {
			rec.expect(t, "Connected", "Disconnected")
			return
		}
		refused := rec.expect(t, "Connected 280", "Disconnected 280")
		assert.Contains(t, refused.err.Message, status)
	})
}

func TestServerCertificatesAreLookedUp(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, ca *trusttest.CA, l lookup, setting, status string) {
		server := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: l.pair.open()})
		core := NewCore()
		configure(t, core, setting)
		asked := false
		_, err := core.ClientHandshake(t.Context(), dial(t, server).Conn, ClientTLS{
			ServerName: "localhost", TrustedCerts: anchor(ca),
			Accept: func(_ *x509.Certificate, got string) bool {
				asked = true
				assert.Contains(t, got, status)
				return got == "OK"
			},
		})
		assert.True(t, asked)
		if status == "OK" {
			assert.NoError(t, err)
			return
		}
		assert.Equal(t, 280, code(t, err))
		assert.ErrorContains(t, err, status)
	})
}

func TestSSLClientAuthenticationHasTheLastWord(t *testing.T) {
	t.Parallel()
	ca := trusttest.NewCA(t)
	web, url := newWeb(t)
	revoked := by(t, ca, "revoked", trusttest.CRLAt(url))
	ca.Revoke(t, "revoked")
	web.Handle("/", page(ca.CRL(t)))
	core, rec := guarded(t, ca, func(a *ClientAuthentication) {
		assert.Contains(t, a.Status, "is revoked (keyCompromise)")
		assert.False(t, a.Accept)
		a.Accept = true
	}, "SSLCheckCRL=2", "SSLCheckOCSP=1")
	p := dialTLS(t, core, showing(revoked))
	p.say("quit\n")
	p.hear("bye\n")
	p.ended()
	rec.expect(t, "Connected", "Disconnected")
}

// A sleeper is a responder that does not answer until it is woken, at the latest
// at the end of the test.
type sleeper struct {
	asked chan struct{}
	wake  func()
	url   string
}

func newSleeper(t *testing.T) sleeper {
	t.Helper()
	woken := make(chan struct{})
	s := sleeper{asked: make(chan struct{}, 16), wake: sync.OnceFunc(func() { close(woken) })}
	var web *http.ServeMux
	web, s.url = newWeb(t)
	web.HandleFunc("/", func(http.ResponseWriter, *http.Request) {
		s.asked <- struct{}{}
		<-woken
	})
	t.Cleanup(s.wake)
	return s
}

func TestALookupBlocksNoOther(t *testing.T) {
	t.Parallel()
	ca, s := trusttest.NewCA(t), newSleeper(t)
	slow, quick := by(t, ca, "slow", trusttest.OCSPAt(s.url)), by(t, ca, "quick")
	core, _ := guarded(t, ca, func(*ClientAuthentication) {}, "SSLCheckOCSP=1")
	waiting := dialTLS(t, core, showing(slow)) // with TLS 1.3 the client is through before the server
	waiting.say("after all\n")
	receive(t, s.asked, "the question")
	for range 3 {
		p := dialTLS(t, core, showing(quick))
		p.say("quit\n")
		p.hear("bye\n")
		p.ended()
	}
	s.wake()
	waiting.hear("after all\n")
}

func TestLoginTimeoutHoldsDuringALookup(t *testing.T) {
	t.Parallel()
	ca, s := trusttest.NewCA(t), newSleeper(t)
	slow := by(t, ca, "slow", trusttest.OCSPAt(s.url))
	core, rec := guarded(t, ca, func(*ClientAuthentication) {}, "SSLCheckOCSP=1", "LoginTimeout=0.3")
	p := dialTLS(t, core, showing(slow))
	receive(t, s.asked, "the question")
	_ = p.broken() // while the responder still sleeps
	last := rec.expect(t, "Connected 10060", "Disconnected 10060")
	assert.Contains(t, last.err.Message, "LoginTimeout")
}

// A client's context ends its handshake, also when a lookup hangs.
func TestAContextEndsALookup(t *testing.T) {
	t.Parallel()
	ca, s := trusttest.NewCA(t), newSleeper(t)
	server := start(t, NewCore(), Options{Push: newLineEcho(), UseSSL: true, SSLCert: by(t, ca, "slow", trusttest.OCSPAt(s.url)).open()})
	core := NewCore()
	configure(t, core, "SSLCheckOCSP=2")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := core.ClientHandshake(ctx, dial(t, server).Conn, ClientTLS{ServerName: "localhost", TrustedCerts: anchor(ca)})
		failed <- err
	}()
	receive(t, s.asked, "the question")
	cancel()
	require.Error(t, receive(t, failed, "the end of the handshake"))
}

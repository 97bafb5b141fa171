package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trust"
	"github.com/ediport/ediport/internal/trust/trusttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A proof is a certificate, and what a mode that asks makes of its CRL or its
// responder. It is asked days late.
type proof struct {
	name    string
	pair    tls.Certificate
	days    int
	revoked bool   // in both modes that ask
	unknown string // what Required says when nothing can be learned
}

// verdict is what the status says in a mode.
func (p proof) verdict(mode trust.Mode) string {
	switch {
	case mode == trust.Off:
		return statusOK
	case p.revoked:
		return "is revoked"
	case p.unknown != "" && mode == trust.Required:
		return p.unknown
	}
	return statusOK
}

// inAllModes shows the certificate to a server, as a client's, and to a client,
// as a server's. Set turns the check on.
func (p proof) inAllModes(t *testing.T, ca *trusttest.CA, set func(*Settings, trust.Mode)) {
	t.Helper()
	for _, mode := range []trust.Mode{trust.Off, trust.BestEffort, trust.Required} {
		t.Run(fmt.Sprint(p.name, " ", mode), func(t *testing.T) {
			t.Parallel()
			comp := compile(t, func(s *Settings) {
				s.ClientCACerts, s.ServerCACerts = ca.PEM(), ca.PEM()
				set(s, mode)
			})
			comp.revocation.checker.Now = func() time.Time { return time.Now().AddDate(0, 0, p.days) }
			want, asked := p.verdict(mode), 0
			accept := func(_ *x509.Certificate, _ []*x509.Certificate, recommended bool, status string) bool {
				asked++
				assert.Contains(t, status, want)
				assert.Equal(t, want == statusOK, recommended)
				return recommended
			}
			shows := goClient(func(conf *tls.Config) { conf.Certificates = []tls.Certificate{p.pair} })
			checkVerdict(t, shake(t, comp.Server(Server{Certificate: ecPair(), AuthenticateClients: true, Accept: accept}), shows), want == statusOK)
			plain := compile(t, nil).Server(Server{Certificate: &p.pair})
			o := shake(t, plain, comp.Client(Client{ServerName: "localhost", Accept: accept}))
			assert.Equal(t, want == statusOK, o.clientErr == nil, "%v", o.clientErr)
			if want != statusOK {
				assert.ErrorContains(t, o.clientErr, want)
			}
			assert.Equal(t, 2, asked)
		})
	}
}

// page serves the same octets.
func page(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

// nowhere is where nobody answers.
const nowhere = "http://127.0.0.1:1/"

func newSite(t *testing.T) (*http.ServeMux, string) {
	t.Helper()
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return mux, site.URL
}

func TestCheckCRL(t *testing.T) {
	t.Parallel()
	ca, impostor := trusttest.NewCA(t), trusttest.NewCA(t) // both have the same name
	site, url := newSite(t)
	at := func(name, where string) tls.Certificate { return ca.Issue(t, name, trusttest.CRLAt(where)) }
	proofs := []proof{
		{"good", at("good", url+"/list"), 0, false, ""},
		{"revoked", at("revoked", url+"/list"), 0, true, ""},
		{"expired list", at("expired", url+"/list"), 2, false, "has expired"},
		{"unreachable", at("unreachable", nowhere), 0, false, "connect"},
		{"wrong signer", at("forged", url+"/forged"), 0, false, "signature"},
		{"no list", ca.Issue(t, "silent"), 0, false, "no CRL tells"},
	}
	ca.Revoke(t, "revoked")
	ca.Revoke(t, "expired")
	ca.Revoke(t, "forged")
	site.Handle("/list", page(ca.CRL(t)))
	site.Handle("/forged", page(impostor.CRL(t)))
	for _, p := range proofs {
		p.inAllModes(t, ca, func(s *Settings, mode trust.Mode) { s.CheckCRL = mode })
	}
}

func TestCheckOCSP(t *testing.T) {
	t.Parallel()
	ca, impostor := trusttest.NewCA(t), trusttest.NewCA(t)
	site, url := newSite(t)
	at := func(name, path string) tls.Certificate { return ca.Issue(t, name, trusttest.OCSPAt(url+path)) }
	ca.Issue(t, "responder", "extendedKeyUsage = OCSPSigning")
	proofs := []proof{
		{"good", at("good", "/direct"), 0, false, ""},
		{"good by a delegate", at("delegated", "/delegate"), 0, false, ""},
		{"revoked", at("revoked", "/direct"), 0, true, ""},
		{"revoked by a delegate", at("revoked2", "/delegate"), 0, true, ""},
		{"expired answer", at("expired", "/direct"), 2, false, "has expired"},
		{"unreachable", ca.Issue(t, "unreachable", trusttest.OCSPAt(nowhere)), 0, false, "connect"},
		{"wrong signer", at("forged", "/forged"), 0, false, "not the issuer's"},
		{"a partner as signer", at("partner", "/partner"), 0, false, "not for signing answers"},
		{"no responder", ca.Issue(t, "silent"), 0, false, "no OCSP responder tells"},
	}
	for _, name := range []string{"revoked", "revoked2", "expired", "forged", "partner"} {
		ca.Revoke(t, name)
	}
	for path, signer := range map[string]string{
		"/direct": "ca", "/delegate": "responder", "/partner": "good", "/forged": filepath.Join(impostor.Dir, "ca"),
	} {
		site.Handle(path, ca.Respond(t, signer))
	}
	for _, p := range proofs {
		p.inAllModes(t, ca, func(s *Settings, mode trust.Mode) { s.CheckOCSP = mode })
	}
}

// The application may let in what is revoked, and is asked again when the
// session is resumed.
func TestTheApplicationHasTheLastWordAboutARevokedCertificate(t *testing.T) {
	t.Parallel()
	ca := trusttest.NewCA(t)
	site, url := newSite(t)
	pair := ca.Issue(t, "revoked", trusttest.CRLAt(url+"/list"))
	ca.Revoke(t, "revoked")
	site.Handle("/list", page(ca.CRL(t)))
	comp := compile(t, func(s *Settings) { s.ClientCACerts, s.CheckCRL = ca.PEM(), trust.BestEffort })
	var statuses []string
	srv := Server{Certificate: ecPair(), AuthenticateClients: true, Accept: func(_ *x509.Certificate, _ []*x509.Certificate, _ bool, status string) bool {
		statuses = append(statuses, status)
		return true
	}}
	client := goClient(func(conf *tls.Config) {
		conf.Certificates, conf.ClientSessionCache = []tls.Certificate{pair}, tls.NewLRUClientSessionCache(1)
	})
	checkVerdict(t, shake(t, comp.Server(srv), client), true)
	again := shake(t, comp.Server(srv), client)
	checkVerdict(t, again, true)
	assert.True(t, again.server.DidResume)
	require.Len(t, statuses, 2)
	for _, status := range statuses {
		assert.Contains(t, status, "keyCompromise")
		assert.Contains(t, status, "the CRL of its issuer")
	}
}

// Whoever cannot be verified is looked up nowhere: a stranger's certificate would
// make the gateway call any URL.
func TestStrangersAreNotLookedUp(t *testing.T) {
	t.Parallel()
	ca, stranger := trusttest.NewCA(t), trusttest.NewCA(t)
	site, url := newSite(t)
	site.HandleFunc("/", func(http.ResponseWriter, *http.Request) { t.Error("somebody asked") })
	pair := stranger.Issue(t, "stranger", trusttest.CRLAt(url), trusttest.OCSPAt(url))
	comp := compile(t, func(s *Settings) {
		s.ClientCACerts, s.CheckCRL, s.CheckOCSP = ca.PEM(), trust.Required, trust.Required
	})
	client := goClient(func(conf *tls.Config) { conf.Certificates = []tls.Certificate{pair} })
	checkVerdict(t, shake(t, comp.Server(Server{Certificate: ecPair(), AuthenticateClients: true}), client), false)
}

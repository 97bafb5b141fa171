package oftp_test

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/trust/trusttest"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Either is what a server and a client have in common here.
type either interface {
	Config(string) (string, error)
	ImportTrustedCerts() error
	ValidateCert() (bool, error)
}

// bothSides runs a test on a server and on a client.
func bothSides(t *testing.T, run func(t *testing.T, on either, own **certstore.Certificate, trusted *[]*certstore.Certificate)) {
	t.Helper()
	srv, c := oftp.NewServer(), oftp.NewClient()
	t.Run("server", func(t *testing.T) { run(t, srv, &srv.Certificate, &srv.TrustedCerts) })
	t.Run("client", func(t *testing.T) { run(t, c, &c.Certificate, &c.TrustedCerts) })
}

func opened(t *testing.T, pair tls.Certificate) *certstore.Certificate {
	t.Helper()
	cert, err := certstore.FromX509(pair.Leaf, pair.PrivateKey)
	require.NoError(t, err)
	return cert
}

func newWeb(t *testing.T) (*http.ServeMux, *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return mux, web
}

func page(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

func TestImportTrustedCerts(t *testing.T) {
	t.Parallel()
	ca := trusttest.NewCA(t)
	p7b := filepath.Join(ca.Dir, "ca.p7b")
	ca.Run(t, "crl2pkcs7", "-nocrl", "-certfile", "ca.pem", "-outform", "DER", "-out", "ca.p7b")
	ca.Run(t, "crl2pkcs7", "-nocrl", "-certfile", "ca.pem", "-out", "armoured.p7b")
	folder := t.TempDir()
	for _, name := range []string{"one.crt", "again.PEM", "notes.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(ca.PEM()), 0o600))
	}
	octets, err := os.ReadFile(p7b)
	require.NoError(t, err)
	site, web := newWeb(t)
	site.Handle("/ca.cer", page(ca.Cert.Raw))
	site.Handle("/ca.p7b", page(octets))

	for name, source := range map[string]string{
		"text":          ca.PEM(),
		"file":          filepath.Join(ca.Dir, "ca.pem"),
		"P7B":           p7b,
		"P7B in PEM":    filepath.Join(ca.Dir, "armoured.p7b"),
		"folder":        folder,
		"URL":           web.URL + "/ca.cer",
		"P7B at an URL": web.URL + "/ca.p7b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothSides(t, func(t *testing.T, on either, _ **certstore.Certificate, trusted *[]*certstore.Certificate) {
				*trusted = []*certstore.Certificate{issue(nil, "another").open(t)}
				set(t, on, "TrustedCertsData="+source)
				require.NoError(t, on.ImportTrustedCerts())
				require.Len(t, *trusted, 1, "they are replaced")
				assert.Equal(t, "CN=An authority of openssl", (*trusted)[0].Subject())
				assert.False(t, (*trusted)[0].PrivateKeyAvailable())
			})
		})
	}
}

func TestImportTrustedCertsFails(t *testing.T) {
	t.Parallel()
	site, web := newWeb(t)
	secret := filepath.Join(t.TempDir(), "secret")
	site.Handle("/lure", page([]byte(secret)))
	for name, c := range map[string]struct{ source, words string }{
		"nothing":         {"", "TrustedCertsData is empty"},
		"no file":         {secret, "secret"},
		"broken text":     {"-----BEGIN CERTIFICATE-----\nMIIB", "broken PEM"},
		"an empty folder": {t.TempDir(), "has no file"},
		"a page missing":  {web.URL + "/nothing", "404"},
		"another scheme":  {"ftp://ca.example/ca.pem", "http"},
		"a file's name":   {web.URL + "/lure", "no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothSides(t, func(t *testing.T, on either, _ **certstore.Certificate, trusted *[]*certstore.Certificate) {
				*trusted = []*certstore.Certificate{issue(nil, "another").open(t)}
				set(t, on, "TrustedCertsData="+c.source)
				err := on.ImportTrustedCerts()
				assert.Equal(t, oftp.CodeImport, code(t, err))
				assert.ErrorContains(t, err, c.words)
				require.Len(t, *trusted, 1)
				assert.Equal(t, "CN=another", (*trusted)[0].Subject(), "they are as before")
			})
		})
	}
}

func TestFollowRedirects(t *testing.T) {
	t.Parallel()
	ca, site := trusttest.NewCA(t), http.NewServeMux()
	plain, secure := httptest.NewServer(site), httptest.NewTLSServer(site)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	site.Handle("/ca.pem", page([]byte(ca.PEM())))
	site.Handle("/moved", http.RedirectHandler(plain.URL+"/ca.pem", http.StatusFound))
	site.Handle("/safer", http.RedirectHandler(secure.URL+"/ca.pem", http.StatusMovedPermanently))
	for name, c := range map[string]struct {
		setting, path string
		words         string // of the error; "" for none
	}{
		"never":                     {"0", "/moved", "redirect"},
		"always":                    {"1", "/moved", ""},
		"same scheme":               {"2", "/moved", ""},
		"always, another scheme":    {"1", "/safer", "certificate"}, // followed: the test's server is not trusted
		"same, but another scheme":  {"2", "/safer", "redirect"},
		"never, but none is needed": {"0", "/ca.pem", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := oftp.NewServer()
			set(t, srv, "FollowRedirects="+c.setting, "TrustedCertsData="+plain.URL+c.path)
			err := srv.ImportTrustedCerts()
			if c.words == "" {
				require.NoError(t, err)
				assert.Len(t, srv.TrustedCerts, 1)
				return
			}
			assert.Equal(t, 691, code(t, err))
			assert.ErrorContains(t, err, c.words)
		})
	}
}

// What is imported while listening counts for the next client's certificate.
func TestImportedCertificatesCountForTLS(t *testing.T) {
	t.Parallel()
	ca := trusttest.NewCA(t)
	partner := opened(t, ca.Issue(t, "partner"))
	srv := newTLSServer(t, func(s *oftp.Server) { s.SSLAuthenticateClients, s.TrustedCerts = true, nil })
	logon := func() error {
		c := newTLSClient(t, srv, func(c *oftp.Client) { c.SSLCert = partner })
		return c.Logon(t.Context())
	}
	require.Error(t, logon())
	set(t, srv, "TrustedCertsData="+ca.PEM())
	require.NoError(t, srv.ImportTrustedCerts())
	assert.NoError(t, logon())
	srv.Reset()
	assert.Nil(t, srv.TrustedCerts)
}

// And what a client imports, for the server's certificate.
func TestAClientImportsForTLS(t *testing.T) {
	t.Parallel()
	ca := trusttest.NewCA(t)
	srv := newTLSServer(t, func(s *oftp.Server) { s.SSLCert = opened(t, ca.Issue(t, "server")) })
	c := newTLSClient(t, srv, func(c *oftp.Client) { c.TrustedCerts = nil })
	require.Error(t, c.Logon(t.Context()))
	set(t, c, "TrustedCertsData="+ca.PEM())
	require.NoError(t, c.ImportTrustedCerts())
	assert.NoError(t, c.Logon(t.Context()))
}

// A judged certificate, and the code and words of what ValidateCert says of it; 0
// for nothing.
type judged struct {
	cert  *certstore.Certificate
	code  int
	words string
}

// judgements are of certificates of one authority, and of some that are not.
func judgements(t *testing.T) (*trusttest.CA, map[string]judged) {
	t.Helper()
	ca, other := trusttest.NewCA(t), trusttest.NewCA(t)
	site, web := newWeb(t)
	at := func(name, path string) *certstore.Certificate {
		return opened(t, ca.Issue(t, name, trusttest.CRLAt(web.URL+path)))
	}
	past := time.Now().UTC().Add(-time.Hour).Format("20060102150405Z")
	all := map[string]judged{
		"good":                {at("good", "/list"), 0, ""},
		"without list":        {opened(t, ca.Issue(t, "silent")), 0, ""},
		"revoked":             {at("revoked", "/list"), 280, "is revoked (keyCompromise)"},
		"list out of reach":   {at("unlisted", "/nothing"), 275, "404"},
		"list of another":     {at("forged", "/forged"), 275, "signature"},
		"expired":             {opened(t, ca.IssueWith(t, "old", []string{"-startdate", "20200101000000Z", "-enddate", past})), 280, "has expired"},
		"of another's CA":     {opened(t, other.Issue(t, "stranger")), 275, "leads to no trusted CA"},
		"self-signed":         {issue(nil, "on its own").open(t), 0, ""},
		"the authority's own": {mustOpen(t, ca), 0, ""},
		"none":                {nil, 272, "there is no certificate to validate"},
	}
	ca.Revoke(t, "revoked")
	site.Handle("/list", page(ca.CRL(t)))
	site.Handle("/forged", page(other.CRL(t)))
	return ca, all
}

func mustOpen(t *testing.T, ca *trusttest.CA) *certstore.Certificate {
	t.Helper()
	cert, err := certstore.FromX509(ca.Cert, nil)
	require.NoError(t, err)
	return cert
}

func (j judged) is(t *testing.T, valid bool, err error) {
	t.Helper()
	assert.Equal(t, j.code == 0, valid)
	assert.Equal(t, j.code, code(t, err), "%v", err)
	if j.code != 0 {
		assert.ErrorContains(t, err, j.words)
	}
}

func TestValidateCert(t *testing.T) {
	t.Parallel()
	ca, all := judgements(t)
	for name, j := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothSides(t, func(t *testing.T, on either, own **certstore.Certificate, trusted *[]*certstore.Certificate) {
				set(t, on, "TrustedCertsData="+ca.PEM())
				require.NoError(t, on.ImportTrustedCerts())
				*own = j.cert
				valid, err := on.ValidateCert()
				j.is(t, valid, err)
			})
		})
	}
}

func TestValidateCertWithoutTrustedCerts(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, on either, own **certstore.Certificate, _ *[]*certstore.Certificate) {
		*own = issued(t, "somebody")
		valid, err := on.ValidateCert()
		judged{code: 275, words: "ImportTrustedCerts comes first"}.is(t, valid, err)
		*own = issue(nil, "on its own").open(t)
		valid, err = on.ValidateCert()
		judged{}.is(t, valid, err)
	})
}

func TestValidateRecipientCert(t *testing.T) {
	t.Parallel()
	ca, all := judgements(t)
	srv := newServer(t, nil)
	set(t, srv, "TrustedCertsData="+ca.PEM())
	require.NoError(t, srv.ImportTrustedCerts())
	c := session(t, srv, nil)
	set(t, c, "TrustedCertsData="+ca.PEM())
	require.NoError(t, c.ImportTrustedCerts())
	atServer, atClient := onlyConnection(t, srv), c.Connection()
	for name, j := range all {
		for _, use := range []oftp.CertificateUse{oftp.UseForAll, oftp.UseForEncryption} {
			for _, conn := range []*oftp.Connection{atServer, atClient} {
				var encoded []byte
				if j.cert != nil {
					encoded = j.cert.EncodedB()
				}
				require.NoError(t, conn.SetRecipientCert(use, encoded), name)
				valid, err := conn.ValidateRecipientCert()
				j.is(t, valid, err)
			}
			valid, err := srv.ValidateRecipientCert("1")
			j.is(t, valid, err)
			valid, err = c.ValidateRecipientCert()
			j.is(t, valid, err)
			for _, conn := range []*oftp.Connection{atServer, atClient} {
				require.NoError(t, conn.SetRecipientCert(use, nil))
			}
		}
	}
}

func TestRecipientCert(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	conn := session(t, srv, nil).Connection()
	general, special := issue(nil, "general"), issue(nil, "special")
	subjects := func() (all []string) {
		for use := oftp.UseForAll; use <= oftp.UseForReceipts; use++ {
			subject := ""
			if cert := conn.RecipientCert(use); cert != nil {
				subject = cert.Subject()
			}
			all = append(all, subject)
		}
		return all
	}
	assert.Equal(t, []string{"", "", "", "", ""}, subjects())
	require.NoError(t, conn.SetRecipientCert(oftp.UseForSigning, special.cert.Raw))
	assert.Equal(t, []string{"", "", "", "CN=special", ""}, subjects())
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: general.cert.Raw})
	require.NoError(t, conn.SetRecipientCert(oftp.UseForAll, inPEM))
	assert.Equal(t, []string{"CN=general", "CN=general", "CN=general", "CN=special", "CN=general"}, subjects())
	require.NoError(t, conn.SetRecipientCert(oftp.UseForSigning, nil))
	assert.Equal(t, "CN=general", conn.RecipientCert(oftp.UseForSigning).Subject())

	assert.Equal(t, 271, code(t, conn.SetRecipientCert(oftp.UseForAll, []byte("no certificate"))))
	for _, use := range []oftp.CertificateUse{-1, 5} {
		assert.Equal(t, 10022, code(t, conn.SetRecipientCert(use, inPEM)))
		assert.Equal(t, "CN=general", conn.RecipientCert(use).Subject())
	}
	_, err := oftp.NewClient().ValidateRecipientCert()
	assert.ErrorIs(t, err, oftp.ErrNotConnected)
}

// distrust is a change of a server that has imported the CA of nobody in the test.
func distrust(t *testing.T, s *oftp.Server, fail string) <-chan oftp.ErrorEvent {
	t.Helper()
	reports := make(chan oftp.ErrorEvent, 10)
	s.OnError = func(e *oftp.ErrorEvent) { reports <- *e }
	set(t, s, "FailOnUntrustedCert="+fail, "TrustedCertsData="+trusttest.NewCA(t).PEM())
	require.NoError(t, s.ImportTrustedCerts())
	return reports
}

func TestFailOnUntrustedCert(t *testing.T) {
	t.Parallel()
	for property, load := range map[string]func(*oftp.Server, *certstore.Certificate){
		"Certificate": func(s *oftp.Server, c *certstore.Certificate) { s.Certificate = c },
		"SSLCert":     func(s *oftp.Server, c *certstore.Certificate) { s.SSLCert = c },
	} {
		t.Run(property, func(t *testing.T) {
			t.Parallel()
			stranger := issue(nil, "stranger")
			s := oftp.NewServer()
			s.ServerSSIDCode, s.ServerSFIDCode = serverCode, serverCode
			s.LocalHost, s.LocalPort = "127.0.0.1", 0
			t.Cleanup(s.Shutdown)
			reports := distrust(t, s, "True")
			load(s, stranger.open(t))
			for _, err := range []error{s.StartListening(), s.Serve(nil), s.ServeConn(nil)} {
				assert.Equal(t, 275, code(t, err))
				assert.ErrorContains(t, err, property+`: the certificate "CN=stranger" is not trusted`)
			}
			assert.Empty(t, reports)

			set(t, s, "FailOnUntrustedCert=False")
			require.NoError(t, s.StartListening())
			e := await(t, reports)
			assert.Equal(t, 275, e.ErrorCode)
			assert.Contains(t, e.Description, property)
			assert.Nil(t, e.Connection)
			s.Shutdown()

			set(t, s, "FailOnUntrustedCert=True")
			s.TrustedCerts = append(s.TrustedCerts, stranger.open(t))
			require.NoError(t, s.StartListening(), "it is trusted itself")
			s.Shutdown()
			s.TrustedCerts = nil
			require.NoError(t, s.StartListening(), "nothing is imported")
			assert.Empty(t, reports)
		})
	}
}

func TestFailOnUntrustedCertWhileRunning(t *testing.T) {
	t.Parallel()
	var reports <-chan oftp.ErrorEvent
	srv := newServer(t, func(s *oftp.Server) { reports = distrust(t, s, "True") })
	session(t, srv, nil)
	conn, stranger := onlyConnection(t, srv), issue(nil, "stranger")
	load := map[string]func() error{
		"SSLCert":          func() error { return srv.SetSSLCert(stranger.open(t)) },
		"RecipientCert[1]": func() error { return conn.SetRecipientCert(oftp.UseForAll, stranger.cert.Raw) },
	}
	for property, load := range load {
		err := load()
		assert.Equal(t, 275, code(t, err))
		assert.ErrorContains(t, err, property+":")
	}
	assert.Nil(t, conn.RecipientCert(oftp.UseForAll))
	assert.Empty(t, reports)
	set(t, srv, "FailOnUntrustedCert=False")
	for property, load := range load {
		require.NoError(t, load())
		assert.Contains(t, await(t, reports).Description, property+":")
	}
	assert.NotNil(t, conn.RecipientCert(oftp.UseForAll))
}

// A handler that panics is no trouble for who loads a certificate.
func TestReportsOfUntrustedCertificatesMayPanic(t *testing.T) {
	t.Parallel()
	srv := oftp.NewServer()
	srv.TrustedCerts = trusted(t)
	srv.OnError = func(*oftp.ErrorEvent) { panic("as told") }
	srv.SetTrustedCerts(trusted(t))
	assert.NoError(t, srv.SetSSLCert(issue(nil, "stranger").open(t)))
}

func TestAClientFailsOnUntrustedCert(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	var reports []oftp.ErrorEvent
	c := newClient(t, srv, func(c *oftp.Client) {
		c.TrustedCerts, c.Certificate = trusted(t), issue(nil, "stranger").open(t)
		c.OnError = func(e *oftp.ErrorEvent) { reports = append(reports, *e) }
	})
	set(t, c, "FailOnUntrustedCert=True")
	assert.Equal(t, 275, code(t, c.Logon(t.Context())))
	assert.Nil(t, c.Connection(), "nothing was said")
	c.Certificate = issued(t, "client")
	require.NoError(t, c.Logon(t.Context()))
	require.NoError(t, c.Logoff())
	assert.Empty(t, reports)
	c.Certificate = issue(nil, "stranger").open(t)
	set(t, c, "FailOnUntrustedCert=False")
	require.NoError(t, c.Logon(t.Context()))
	require.Len(t, reports, 1)
	assert.Equal(t, 275, reports[0].ErrorCode)
}

// Package trusttest makes certificates, CRLs and OCSP answers with openssl, for
// the tests of whoever has to believe them or not.
package trusttest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
)

// config makes "openssl ca" an authority with its files in the current folder.
const config = `
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 1
policy = any
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = An authority of openssl
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[list]
authorityKeyIdentifier = keyid
`

// leaf are the extensions of every certificate that an authority issues.
const leaf = "basicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n"

// A CA is an authority of openssl. Its methods fail the test when openssl does,
// and must not be called at the same time.
type CA struct {
	// Dir is the folder of its files: NAME.pem and NAME.key of each certificate,
	// its own are called ca.
	Dir string

	// Cert is its own certificate.
	Cert *x509.Certificate

	openssl string
}

// NewCA makes an authority. All have the same name, and keys of their own. Without
// openssl the test is skipped, but not in CI.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{Dir: t.TempDir(), openssl: needs.Program(t, "openssl")}
	ca.write(t, "ca.cnf", config)
	ca.write(t, "index.txt", "")
	ca.key(t, "ca")
	ca.Run(t, "req", "-x509", "-config", "ca.cnf", "-extensions", "authority", "-key", "ca.key", "-out", "ca.pem", "-days", "30")
	ca.Cert = parse(t, ca.read(t, "ca.pem"))
	return ca
}

// PEM is the authority's certificate.
func (ca *CA) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw}))
}

// Run runs openssl in the authority's folder, and returns what it prints.
func (ca *CA) Run(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(ca.openssl, args...)
	cmd.Dir = ca.Dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v: %s", args, err, out)
	}
	return out
}

// Issue makes a key and a certificate that is valid for localhost, 127.0.0.1 and
// thirty days. Extensions are lines of a configuration of openssl.
func (ca *CA) Issue(t testing.TB, name string, extensions ...string) tls.Certificate {
	t.Helper()
	return ca.IssueWith(t, name, nil, extensions...)
}

// IssueWith is Issue with further arguments for "openssl ca".
func (ca *CA) IssueWith(t testing.TB, name string, args []string, extensions ...string) tls.Certificate {
	t.Helper()
	ca.key(t, name)
	ca.write(t, name+".ext", leaf+strings.Join(extensions, "\n")+"\n")
	ca.Run(t, "req", "-new", "-config", "ca.cnf", "-key", name+".key", "-subj", "/CN="+name, "-out", name+".csr")
	ca.Run(t, append([]string{"ca", "-config", "ca.cnf", "-batch", "-notext", "-extfile", name + ".ext",
		"-in", name + ".csr", "-out", name + ".pem"}, args...)...)
	pair, err := tls.X509KeyPair(ca.read(t, name+".pem"), ca.read(t, name+".key"))
	must(t, err)
	pair.Leaf = parse(t, ca.read(t, name+".pem"))
	return pair
}

// CRLAt is an extension for Issue: where a certificate's CRL is.
func CRLAt(url string) string { return "crlDistributionPoints = URI:" + url }

// OCSPAt is an extension for Issue: where a certificate's responder is.
func OCSPAt(url string) string { return "authorityInfoAccess = OCSP;URI:" + url }

// Revoke puts a certificate on the authority's books as one that nobody is to
// believe, for the reason keyCompromise.
func (ca *CA) Revoke(t testing.TB, name string) {
	t.Helper()
	ca.Run(t, "ca", "-config", "ca.cnf", "-revoke", name+".pem", "-crl_reason", "keyCompromise")
}

// CRL makes a CRL of the books as they are, for a day, in DER. The arguments are
// further ones for "openssl ca -gencrl".
func (ca *CA) CRL(t testing.TB, args ...string) []byte {
	t.Helper()
	ca.Run(t, append([]string{"ca", "-config", "ca.cnf", "-gencrl", "-crlexts", "list", "-out", "list.pem"}, args...)...)
	ca.Run(t, "crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der")
	return ca.read(t, "list.der")
}

// Expired are arguments for CRL: of one that was to be replaced an hour ago.
func Expired() []string {
	const form = "20060102150405Z"
	now := time.Now().UTC()
	return []string{"-crl_lastupdate", now.Add(-2 * time.Hour).Format(form), "-crl_nextupdate", now.Add(-time.Hour).Format(form)}
}

var accepts = regexp.MustCompile(`ACCEPT .*:(\d+)`)

// Respond runs "openssl ocsp" over the books as they are until the test ends,
// with answers for a day, signed by the certificate of a name or path. The result
// hands requests on to it.
func (ca *CA) Respond(t testing.TB, signer string) http.Handler {
	t.Helper()
	return forward(ca.Responder(t, "-ndays", "1", "-rsigner", signer+".pem", "-rkey", signer+".key"))
}

// Responder runs "openssl ocsp" over the books as they are until the test ends,
// with further arguments, and returns its URL.
func (ca *CA) Responder(t testing.TB, args ...string) *url.URL {
	t.Helper()
	cmd := exec.Command(ca.openssl, append([]string{"ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem"}, args...)...)
	cmd.Dir = ca.Dir
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := accepts.FindStringSubmatch(lines.Text()); m != nil {
			return &url.URL{Scheme: "http", Host: "127.0.0.1:" + m[1], Path: "/"}
		}
	}
	t.Fatal("openssl ocsp does not say where it listens")
	return nil
}

func forward(to *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = to, to.Host },
		Transport: &http.Transport{DisableKeepAlives: true},
	}
}

func (ca *CA) key(t testing.TB, name string) {
	t.Helper()
	ca.Run(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name+".key")
}

func (ca *CA) write(t testing.TB, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(ca.Dir, name), []byte(text), 0o600))
}

func (ca *CA) read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(ca.Dir, name))
	must(t, err)
	return raw
}

func parse(t testing.TB, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("openssl has written no PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return cert
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

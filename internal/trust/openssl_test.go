package trust

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// caConfig makes "openssl ca" an authority with its files in the current folder.
const caConfig = `
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
rand_serial = yes
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
[partner]
basicConstraints = CA:FALSE
[responder]
basicConstraints = CA:FALSE
extendedKeyUsage = OCSPSigning
noCheck = ignored
[list]
authorityKeyIdentifier = keyid
`

// A realCA is an authority of openssl in a folder.
type realCA struct {
	path, dir string
	cert      *x509.Certificate
}

func newRealCA(t *testing.T) realCA {
	t.Helper()
	ca := realCA{path: needs.Program(t, "openssl"), dir: t.TempDir()}
	write(t, ca.dir, "ca.cnf", []byte(caConfig))
	write(t, ca.dir, "index.txt", nil)
	ca.key(t, "ca")
	ca.run(t, "req", "-x509", "-config", "ca.cnf", "-extensions", "authority", "-key", "ca.key", "-out", "ca.pem", "-days", "30")
	ca.cert = ca.read(t, "ca")
	return ca
}

func (ca realCA) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), ca.path, args...)
	cmd.Dir = ca.dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "openssl %v: %s", args, out)
}

func (ca realCA) key(t *testing.T, name string) {
	t.Helper()
	ca.run(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name+".key")
}

func (ca realCA) read(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(ca.dir, name+".pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

// issue makes a key and a certificate that the authority has on its books.
func (ca realCA) issue(t *testing.T, name, kind string) *x509.Certificate {
	t.Helper()
	ca.key(t, name)
	ca.run(t, "req", "-new", "-config", "ca.cnf", "-key", name+".key", "-subj", "/CN="+name, "-out", name+".csr")
	ca.run(t, "ca", "-config", "ca.cnf", "-batch", "-notext", "-extensions", kind, "-in", name+".csr", "-out", name+".pem")
	return ca.read(t, name)
}

// list makes a CRL, which old versions of openssl make one of version 1 when
// there are no extensions.
func (ca realCA) list(t *testing.T, form string, args ...string) []byte {
	t.Helper()
	ca.run(t, append([]string{"ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem"}, args...)...)
	ca.run(t, "crl", "-in", "list.pem", "-outform", form, "-out", "list")
	raw, err := os.ReadFile(filepath.Join(ca.dir, "list"))
	require.NoError(t, err)
	return raw
}

var accepts = regexp.MustCompile(`ACCEPT .*:(\d+)`)

// respond runs "openssl ocsp" on a free port until the test ends, and returns
// its URL. Relative names of files are those of the authority's folder.
func (ca realCA) respond(t *testing.T, args ...string) (url string) {
	t.Helper()
	args = append([]string{"ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem"}, args...)
	cmd := exec.Command(ca.path, args...)
	cmd.Dir = ca.dir
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := accepts.FindStringSubmatch(lines.Text()); m != nil {
			return "http://127.0.0.1:" + m[1]
		}
	}
	t.Fatal("openssl ocsp does not say where it listens")
	return ""
}

// with is a certificate with other URLs than are in it, so that one certificate
// serves for many cases.
func with(cert *x509.Certificate, crl, ocsp string) *x509.Certificate {
	other := *cert
	other.CRLDistributionPoints, other.OCSPServer = []string{crl}, []string{ocsp}
	return &other
}

// A realCase is what an authority says of a certificate at one URL; days are
// how late the question comes.
type realCase struct {
	name                 string
	cert                 *x509.Certificate
	days                 int
	bestEffort, required int
	words                string
}

// inAllModes runs a check of a new Checker for each mode.
func (c realCase) inAllModes(t *testing.T, issuer *x509.Certificate, check func(*Checker) check) {
	t.Helper()
	for mode, code := range []int{Off: 0, BestEffort: c.bestEffort, Required: c.required} {
		t.Run(fmt.Sprint(c.name, " ", mode), func(t *testing.T) {
			k := &Checker{Now: func() time.Time { return time.Now().AddDate(0, 0, c.days) }}
			failsWith(t, check(k)(t.Context(), c.cert, issuer, Mode(mode)), code, c.words)
		})
	}
}

func TestRealCRL(t *testing.T) {
	t.Parallel()
	ca, impostor := newRealCA(t), newRealCA(t) // both have the same name
	good, bad, held := ca.issue(t, "good", "partner"), ca.issue(t, "bad", "partner"), ca.issue(t, "held", "partner")
	ca.run(t, "ca", "-config", "ca.cnf", "-revoke", "bad.pem", "-crl_reason", "keyCompromise")
	ca.run(t, "ca", "-config", "ca.cnf", "-revoke", "held.pem", "-crl_hold", "holdInstructionReject")

	s := newSite(t)
	der := s.page("/der", ca.list(t, "DER", "-crlexts", "list"))
	pem := s.page("/pem", ca.list(t, "PEM"))
	forged := s.page("/forged", impostor.list(t, "DER"))
	unreachable := "http://127.0.0.1:1/"
	for _, c := range []realCase{
		{"good", with(good, der, ""), 0, 0, 0, ""},
		{"good in PEM", with(good, pem, ""), 0, 0, 0, ""},
		{"revoked", with(bad, der, ""), 0, 280, 280, "keyCompromise"},
		{"revoked in PEM", with(bad, pem, ""), 0, 280, 280, "keyCompromise"},
		{"on hold", with(held, der, ""), 0, 280, 280, "certificateHold"},
		{"expired list", with(bad, der, ""), 2, 0, 275, "has expired"},
		{"list of the future", with(bad, der, ""), -1, 0, 275, "of the future"},
		{"wrong signer", with(bad, forged, ""), 0, 0, 275, "signature"},
		{"unreachable", with(bad, unreachable, ""), 0, 0, 275, "connect"},
	} {
		c.inAllModes(t, ca.cert, func(k *Checker) check { return k.CheckCRL })
	}
}

func TestRealOCSP(t *testing.T) {
	t.Parallel()
	ca, impostor := newRealCA(t), newRealCA(t)
	good, bad := ca.issue(t, "good", "partner"), ca.issue(t, "bad", "partner")
	ca.issue(t, "responder", "responder")
	ca.run(t, "ca", "-config", "ca.cnf", "-revoke", "bad.pem", "-crl_reason", "superseded")

	// One more that the books do not know.
	ca.run(t, "req", "-new", "-config", "ca.cnf", "-key", "good.key", "-subj", "/CN=stray", "-out", "stray.csr")
	ca.run(t, "x509", "-req", "-in", "stray.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "77", "-out", "stray.pem")
	stray := ca.read(t, "stray")

	direct := ca.respond(t, "-rsigner", "ca.pem", "-rkey", "ca.key", "-ndays", "1")
	live := ca.respond(t, "-rsigner", "ca.pem", "-rkey", "ca.key", "-resp_no_certs", "-resp_key_id")
	delegate := ca.respond(t, "-rsigner", "responder.pem", "-rkey", "responder.key", "-ndays", "1", "-rmd", "sha512")
	partner := ca.respond(t, "-rsigner", "good.pem", "-rkey", "good.key", "-ndays", "1")
	other := filepath.Join(impostor.dir, "ca")
	forged := ca.respond(t, "-rsigner", other+".pem", "-rkey", other+".key", "-ndays", "1")
	unreachable := "http://127.0.0.1:1/"
	for _, c := range []realCase{
		{"good", with(good, "", direct), 0, 0, 0, ""},
		{"good without next update", with(good, "", live), 0, 0, 0, ""},
		{"good by a delegate", with(good, "", delegate), 0, 0, 0, ""},
		{"revoked", with(bad, "", direct), 0, 280, 280, "superseded"},
		{"revoked without next update", with(bad, "", live), 0, 280, 280, "superseded"},
		{"revoked by a delegate", with(bad, "", delegate), 0, 280, 280, "superseded"},
		{"unknown", with(stray, "", direct), 0, 0, 275, "does not know"},
		{"expired answer", with(bad, "", direct), 2, 0, 275, "has expired"},
		{"expired answer of a delegate", with(bad, "", delegate), 2, 0, 275, "has expired"},
		{"old answer without next update", with(bad, "", live), 1, 0, 275, "has expired"},
		{"wrong signer", with(bad, "", forged), 0, 0, 275, "not the issuer's"},
		{"a partner as signer", with(bad, "", partner), 0, 0, 275, "not for signing answers"},
		{"unreachable", with(bad, "", unreachable), 0, 0, 275, "connect"},
	} {
		c.inAllModes(t, ca.cert, func(k *Checker) check { return k.CheckOCSP })
	}
}

func TestRealStaple(t *testing.T) {
	t.Parallel()
	ca := newRealCA(t)
	good := ca.issue(t, "good", "partner")
	ca.run(t, "ocsp", "-issuer", "ca.pem", "-cert", "good.pem", "-reqout", "request")
	ca.run(t, "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-ndays", "1",
		"-reqin", "request", "-respout", "answer")
	staple, err := os.ReadFile(filepath.Join(ca.dir, "answer"))
	require.NoError(t, err)
	assert.NoError(t, (&Checker{}).CheckStaple(t.Context(), staple, good, ca.cert, Required))
}

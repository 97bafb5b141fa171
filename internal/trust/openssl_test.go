package trust

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trust/trusttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// firstList makes a CRL without extensions, which old versions of openssl make
// one of version 1, in PEM.
func firstList(t *testing.T, ca *trusttest.CA) []byte {
	t.Helper()
	ca.Run(t, "ca", "-config", "ca.cnf", "-gencrl", "-out", "first.pem")
	return load(t, ca, "first.pem")
}

func load(t *testing.T, ca *trusttest.CA, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(ca.Dir, name))
	require.NoError(t, err)
	return raw
}

// onTheBooks is a certificate that the authority issues.
func onTheBooks(t *testing.T, ca *trusttest.CA, name string, extensions ...string) *x509.Certificate {
	t.Helper()
	return ca.Issue(t, name, extensions...).Leaf
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
	ca, impostor := trusttest.NewCA(t), trusttest.NewCA(t) // both have the same name
	good, bad, held := onTheBooks(t, ca, "good"), onTheBooks(t, ca, "bad"), onTheBooks(t, ca, "held")
	ca.Run(t, "ca", "-config", "ca.cnf", "-revoke", "bad.pem", "-crl_reason", "keyCompromise")
	ca.Run(t, "ca", "-config", "ca.cnf", "-revoke", "held.pem", "-crl_hold", "holdInstructionReject")

	s := newSite(t)
	der := s.page("/der", ca.CRL(t))
	pem := s.page("/pem", firstList(t, ca))
	forged := s.page("/forged", impostor.CRL(t))
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
		c.inAllModes(t, ca.Cert, func(k *Checker) check { return k.CheckCRL })
	}
}

// urlOf is the URL of a responder of the authority.
func urlOf(t *testing.T, ca *trusttest.CA, args ...string) string {
	t.Helper()
	return ca.Responder(t, args...).String()
}

func TestRealOCSP(t *testing.T) {
	t.Parallel()
	ca, impostor := trusttest.NewCA(t), trusttest.NewCA(t)
	good, bad := onTheBooks(t, ca, "good"), onTheBooks(t, ca, "bad")
	onTheBooks(t, ca, "responder", "extendedKeyUsage = OCSPSigning", "noCheck = ignored")
	ca.Run(t, "ca", "-config", "ca.cnf", "-revoke", "bad.pem", "-crl_reason", "superseded")

	// One more that the books do not know.
	ca.Run(t, "req", "-new", "-config", "ca.cnf", "-key", "good.key", "-subj", "/CN=stray", "-out", "stray.csr")
	ca.Run(t, "x509", "-req", "-in", "stray.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "77", "-out", "stray.pem")
	block, _ := pem.Decode(load(t, ca, "stray.pem"))
	stray, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)

	direct := urlOf(t, ca, "-rsigner", "ca.pem", "-rkey", "ca.key", "-ndays", "1")
	live := urlOf(t, ca, "-rsigner", "ca.pem", "-rkey", "ca.key", "-resp_no_certs", "-resp_key_id")
	delegate := urlOf(t, ca, "-rsigner", "responder.pem", "-rkey", "responder.key", "-ndays", "1", "-rmd", "sha512")
	partner := urlOf(t, ca, "-rsigner", "good.pem", "-rkey", "good.key", "-ndays", "1")
	other := filepath.Join(impostor.Dir, "ca")
	forged := urlOf(t, ca, "-rsigner", other+".pem", "-rkey", other+".key", "-ndays", "1")
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
		c.inAllModes(t, ca.Cert, func(k *Checker) check { return k.CheckOCSP })
	}
}

func TestRealStaple(t *testing.T) {
	t.Parallel()
	ca := trusttest.NewCA(t)
	good := onTheBooks(t, ca, "good")
	ca.Run(t, "ocsp", "-issuer", "ca.pem", "-cert", "good.pem", "-reqout", "request")
	ca.Run(t, "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-ndays", "1",
		"-reqin", "request", "-respout", "answer")
	staple := load(t, ca, "answer")
	assert.NoError(t, (&Checker{}).CheckStaple(t.Context(), staple, good, ca.Cert, Required))
}

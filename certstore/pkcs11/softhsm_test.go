//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/require"
)

const (
	userPIN     = "123456"
	securityPIN = "87654321"
)

// libraries are where systems have SoftHSM.
var libraries = []string{
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib64/pkcs11/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so",
	"/opt/homebrew/lib/softhsm/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
}

// program is the path of a program, or of SoftHSM itself. It may be missing, but
// not in CI.
func program(tb testing.TB, name string) string {
	tb.Helper()
	if name == "softhsm" {
		for _, library := range libraries {
			if _, err := os.Stat(library); err == nil {
				return library
			}
		}
	}
	return needs.Program(tb, name)
}

// run runs a program with a SoftHSM configuration and returns what it prints.
func run(tb testing.TB, config, name string, args ...string) string {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), program(tb, name), args...)
	command.Env = append(os.Environ(), "SOFTHSM2_CONF="+config)
	out, err := command.CombinedOutput()
	require.NoError(tb, err, "%s %v: %s", name, args, out)
	return string(out)
}

// An hsm is a module of its own: SoftHSM has its state in the library, so each
// gets a copy of the file.
type hsm struct {
	tb             testing.TB
	module, config string
}

// environment is held while a module reads SOFTHSM2_CONF.
var environment sync.Mutex

func newHSM(tb testing.TB, labels ...string) hsm {
	tb.Helper()
	program(tb, "softhsm2-util")
	program(tb, "pkcs11-tool")
	dir, err := os.MkdirTemp(root, "module")
	require.NoError(tb, err)
	h := hsm{tb, filepath.Join(dir, "module.so"), filepath.Join(dir, "softhsm2.conf")}
	original, err := os.ReadFile(program(tb, "softhsm"))
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(h.module, original, 0o700))
	tokens := filepath.Join(dir, "tokens")
	require.NoError(tb, os.Mkdir(tokens, 0o700))
	require.NoError(tb, os.WriteFile(h.config, []byte("directories.tokendir = "+tokens+"\nlog.level = ERROR\n"), 0o600))
	for _, label := range labels {
		run(tb, h.config, "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", userPIN, "--so-pin", securityPIN)
	}
	return h
}

// configOf is the configuration of the module of a store.
func configOf(st store) string { return filepath.Join(filepath.Dir(st.module), "softhsm2.conf") }

// start makes the module read its configuration. Tokens must be there before.
func (h hsm) start() *module {
	h.tb.Helper()
	environment.Lock()
	defer environment.Unlock()
	require.NoError(h.tb, os.Setenv("SOFTHSM2_CONF", h.config))
	m, err := loadModule(h.module)
	require.NoError(h.tb, err)
	_, err = m.present()
	require.NoError(h.tb, err)
	return m
}

// uri is a URI with these path attributes.
func (h hsm) uri(attributes string) string { return scheme + attributes + "?module-path=" + h.module }

// importKey writes a key pair, or the private key alone.
func (h hsm) importKey(token, id string, key crypto.PrivateKey, options ...string) {
	h.tb.Helper()
	file := filepath.Join(h.tb.TempDir(), "key.pem")
	require.NoError(h.tb, os.WriteFile(file, keyPEM(h.tb, key), 0o600))
	run(h.tb, h.config, "softhsm2-util", append([]string{
		"--import", file, "--token", token, "--pin", userPIN, "--id", id, "--label", "key " + id,
	}, options...)...)
}

// importCert writes a certificate.
func (h hsm) importCert(token, id, label string, cert *x509.Certificate) {
	h.tb.Helper()
	file := filepath.Join(h.tb.TempDir(), "cert.der")
	require.NoError(h.tb, os.WriteFile(file, cert.Raw, 0o600))
	args := []string{"--write-object", file, "--type", "cert", "--label", label}
	if id != "" {
		args = append(args, "--id", id)
	}
	h.tool(token, args...)
}

func (h hsm) tool(token string, args ...string) string {
	h.tb.Helper()
	return run(h.tb, h.config, "pkcs11-tool", append([]string{
		"--module", h.module, "--token-label", token, "--login", "--pin", userPIN,
	}, args...)...)
}

// key opens the key of a subject and fails the test when there is none.
func (h hsm) key(token, subject string) crypto.Signer {
	h.tb.Helper()
	c, err := certstore.Open(certstore.StorePKCS11, h.uri("token="+token), userPIN, subject)
	require.NoError(h.tb, err)
	require.True(h.tb, c.PrivateKeyAvailable())
	return c.Signer()
}

// keyOf makes a key; EC and RSA keys are what the tokens of the tests have.
func keyOf(tb testing.TB, kind string) crypto.Signer {
	tb.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "p224":
		key, err = ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		tb.Fatal(kind)
	}
	require.NoError(tb, err)
	return key
}

// certOf makes a certificate for key. Without issuer it names itself.
func certOf(tb testing.TB, name string, public crypto.PublicKey, issuer *x509.Certificate, signer crypto.Signer) *x509.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		BasicConstraintsValid: true,
		IsCA:                  issuer == nil,
	}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, signer)
	require.NoError(tb, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(tb, err)
	return cert
}

func keyPEM(tb testing.TB, key crypto.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func publicFile(tb testing.TB, key crypto.PublicKey) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(tb, err)
	return fileOf(tb, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func fileOf(tb testing.TB, octets []byte) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "octets")
	require.NoError(tb, os.WriteFile(name, octets, 0o600))
	return name
}

// kinds are the keys of the token "edi": their subjects and, from 01 on, their IDs.
var kinds = []string{"rsa", "p256", "p384", "p521", "ed25519"}

// shared is one module for all tests that leave it as it is.
var shared struct {
	sync.Mutex
	hsm
	ready bool
}

// sharedHSM makes the shared module when it is not there. Its token "edi" has a
// key of each kind with a certificate of one issuer, "two" has nothing.
func sharedHSM(tb testing.TB) hsm {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.ready {
		shared.hsm = newHSM(tb, "edi", "two")
		shared.fill()
		shared.start()
		shared.ready = true
	}
	return hsm{tb, shared.module, shared.config}
}

func (h hsm) fill() {
	caKey := keyOf(h.tb, "p256")
	ca := certOf(h.tb, "issuer", caKey.Public(), nil, caKey)
	for i, kind := range kinds {
		key, id := keyOf(h.tb, kind), fmt.Sprintf("%02x", i+1)
		h.importKey("edi", id, key)
		h.importCert("edi", id, "cert "+id, certOf(h.tb, kind, key.Public(), ca, caKey))
	}
	h.importCert("edi", "", "ca", ca)
}

// root has the files of all modules: they outlive the test that makes them.
var root string

func TestMain(m *testing.M) {
	var err error
	if root, err = os.MkdirTemp("", "softhsm"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(root); err != nil {
		panic(err)
	}
	os.Exit(code)
}

package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// party is one side of the recorded packages: alice sends, bob receives.
type party struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func (p party) signer() Signer       { return Signer{p.cert, p.key} }
func (p party) recipient() Recipient { return Recipient{p.cert, p.key} }

func loadParty(tb testing.TB, name string) party {
	tb.Helper()
	block, _ := pem.Decode(readFile(tb, name+".crt"))
	require.NotNil(tb, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(tb, err)
	key, err := x509.ParsePKCS1PrivateKey(readFile(tb, name+".key.der"))
	require.NoError(tb, err)
	return party{cert, key}
}

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return b
}

func suite(tb testing.TB, number int) Suite {
	tb.Helper()
	s, ok := SuiteByNumber(number)
	require.True(tb, ok)
	return s
}

// known are options that trust some parties.
func known(parties ...party) VerifyOptions {
	var o VerifyOptions
	for _, p := range parties {
		o.Certificates = append(o.Certificates, p.cert)
	}
	return o
}

// produce writes content through a chain of writers, the last of which is the
// first to be closed.
func produce(tb testing.TB, content []byte, chain ...func(io.Writer) (io.WriteCloser, error)) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w io.Writer = &out
	var closers []io.Closer
	for _, next := range chain {
		c, err := next(w)
		require.NoError(tb, err)
		w, closers = c, append([]io.Closer{c}, closers...)
	}
	_, err := w.Write(content)
	require.NoError(tb, err)
	for _, c := range closers {
		require.NoError(tb, c.Close())
	}
	return out.Bytes()
}

func signs(o SignOptions) func(io.Writer) (io.WriteCloser, error) {
	return func(w io.Writer) (io.WriteCloser, error) { return Sign(w, o) }
}

func encrypts(o EncryptOptions) func(io.Writer) (io.WriteCloser, error) {
	return func(w io.Writer) (io.WriteCloser, error) { return Encrypt(w, o) }
}

func compresses(level int) func(io.Writer) (io.WriteCloser, error) {
	return func(w io.Writer) (io.WriteCloser, error) { return Compress(w, level) }
}

// unwrapped opens packages in packages, as many as there are, and returns the
// content with the types, the outermost first.
func unwrapped(r io.Reader, depth int, us Recipient, o VerifyOptions) (content []byte, types []ContentType, err error) {
	for range depth {
		p, err := Open(r)
		if err != nil {
			return nil, types, err
		}
		types = append(types, p.Type)
		if r, err = read(p, us, o); err != nil {
			return nil, types, err
		}
	}
	content, err = io.ReadAll(r)
	return content, types, err
}

// read opens the content of a package of any type.
func read(p *Package, us Recipient, o VerifyOptions) (io.Reader, error) {
	switch p.Type {
	case SignedData:
		v, err := p.Verify(o)
		if err != nil {
			return nil, err
		}
		return v, nil
	case EnvelopedData:
		return p.Decrypt(us)
	case CompressedData:
		return p.Decompress(1 << 20)
	}
	return p.Data()
}

// run returns what a program prints. Its input is stdin.
func run(tb testing.TB, stdin io.Reader, program string, args ...string) []byte {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(tb.Context(), program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	require.NoError(tb, cmd.Run(), "%s %v: %s", program, args, &stderr)
	return stdout.Bytes()
}

// write puts octets into a file for programs to read.
func write(tb testing.TB, dir, name string, octets []byte) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	require.NoError(tb, os.WriteFile(path, octets, 0o600))
	return path
}

// keyFile writes a private key as PEM.
func keyFile(tb testing.TB, dir, name string, key crypto.PrivateKey) string {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	return write(tb, dir, name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func certFile(tb testing.TB, dir, name string, cert *x509.Certificate) string {
	tb.Helper()
	return write(tb, dir, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

// newCertificate makes a self-signed certificate. It has a key
// identifier, as certificate authorities are required to give.
func newCertificate(tb testing.TB, name string, key crypto.Signer) *x509.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))<<32 + time.Now().UnixNano()%1_000_000_007),
		Subject:      pkix.Name{Organization: []string{"OFTP Test"}, CommonName: name},
		SubjectKeyId: []byte(name + " key"),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(tb, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(tb, err)
	return cert
}

// ecdsaSigner makes a signer with a key on a curve.
func ecdsaSigner(tb testing.TB, name string, curve elliptic.Curve) Signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(tb, err)
	return Signer{newCertificate(tb, name, key), key}
}

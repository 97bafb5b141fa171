package keypair_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/examples/internal/keypair"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files makes a certificate with its key.
func files(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return write(t, "CERTIFICATE", der), write(t, "PRIVATE KEY", keyDER)
}

func write(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cert, key := files(t)
	c, err := keypair.Load(cert, key)
	require.NoError(t, err)
	assert.True(t, c.PrivateKeyAvailable())

	_, otherKey := files(t)
	_, err = keypair.Load(cert, otherKey)
	assert.Error(t, err, "the key of another certificate")
	_, err = keypair.Load(key, key)
	assert.Error(t, err, "no certificate")
	_, err = keypair.Load(cert, cert)
	assert.Error(t, err, "no key")
	_, err = keypair.Load("none.pem", key)
	assert.ErrorContains(t, err, "none.pem")
	_, err = keypair.Load(cert, "none.pem")
	assert.ErrorContains(t, err, "none.pem")
}

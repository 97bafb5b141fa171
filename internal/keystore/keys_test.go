package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var secret = Passwords{Store: "of the store", Key: "secret"}

// vector reads a file in testdata.
func vector(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	require.NoError(tb, err)
	return data
}

// run starts a program in a directory and waits for it.
func run(t *testing.T, dir, path string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", filepath.Base(path), out)
	return out
}

// assertSigns checks that a private key makes signatures that its public key verifies.
func assertSigns(t *testing.T, key crypto.Signer) {
	t.Helper()
	digest := sha256.Sum256([]byte("a message"))
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		require.NoError(t, err)
		assert.NoError(t, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature))
	case *ecdsa.PublicKey:
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		require.NoError(t, err)
		assert.True(t, ecdsa.VerifyASN1(public, digest[:], signature))
	case ed25519.PublicKey:
		signature, err := key.Sign(rand.Reader, digest[:], crypto.Hash(0))
		require.NoError(t, err)
		assert.True(t, ed25519.Verify(public, digest[:], signature))
	default:
		t.Fatalf("a key of type %T", public)
	}
}

// onlyKey is the private key of contents that have nothing else.
func onlyKey(t *testing.T, c Contents, err error) crypto.Signer {
	t.Helper()
	require.NoError(t, err)
	require.Len(t, c.Keys, 1)
	assert.Empty(t, c.PublicKeys)
	assert.Empty(t, c.Certificates)
	assertSigns(t, c.Keys[0])
	return c.Keys[0]
}

// onlyPublic is the public key of contents that have nothing else.
func onlyPublic(t *testing.T, c Contents, err error) crypto.PublicKey {
	t.Helper()
	require.NoError(t, err)
	require.Len(t, c.PublicKeys, 1)
	assert.Empty(t, c.Keys)
	assert.Empty(t, c.Certificates)
	return c.PublicKeys[0]
}

// assertNoPrefix checks that no prefix of data parses.
func assertNoPrefix(t *testing.T, read Format, data []byte, pw Passwords) {
	t.Helper()
	for n := range data {
		c, err := read(data[:n], pw)
		require.Error(t, err, "%d octets", n)
		require.Equal(t, Contents{}, c, "%d octets", n)
	}
}

// assertCheap checks that a hostile text costs little, whatever the outcome: a
// second or so. The bound leaves room for a busy machine and the race detector;
// without the limits, the texts of these tests cost many minutes.
func assertCheap(t *testing.T, read Format, data []byte) error {
	t.Helper()
	start := time.Now()
	_, err := read(data, secret)
	assert.Less(t, time.Since(start), time.Minute)
	return err
}

// check is what every fuzz target asks of an answer.
func check(t *testing.T, c Contents, err error) {
	t.Helper()
	if err != nil {
		assert.Equal(t, Contents{}, c)
		return
	}
	assert.NotEmpty(t, len(c.Certificates)+len(c.Keys)+len(c.PublicKeys))
	for _, key := range c.Keys {
		assert.NotNil(t, key.Public())
	}
}

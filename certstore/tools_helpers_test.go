package certstore

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run returns what a program prints.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	return runIn(t, "", nil, program, args...)
}

func runIn(t *testing.T, dir string, input []byte, program string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%v: %s", cmd.Args, stderr.String())
	return string(out)
}

// writeFile makes a file in a folder of its own.
func writeFile(t *testing.T, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// assertUsable has openssl verify a signature of the private key, with the
// public key of the certificate if there is one, and encrypt for the key.
func assertUsable(t *testing.T, c *Certificate) {
	t.Helper()
	openssl := needs.Program(t, "openssl")
	public := c.PublicKey()
	if c.X509() != nil {
		public = runIn(t, "", c.EncodedB(), openssl, "x509", "-inform", "DER", "-noout", "-pubkey")
	}
	key := writeFile(t, "public.pem", []byte(public))
	message := []byte("What the private key signs, the public key verifies.")
	if c.PublicKeyAlgorithm() == "Ed25519" {
		signature, err := c.Signer().Sign(rand.Reader, message, crypto.Hash(0))
		require.NoError(t, err)
		out := run(t, openssl, "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin",
			"-in", writeFile(t, "message", message), "-sigfile", writeFile(t, "signature", signature))
		assert.Contains(t, out, "Signature Verified Successfully")
		return
	}
	digest := sha256.Sum256(message)
	signature, err := c.Signer().Sign(rand.Reader, digest[:], crypto.SHA256)
	require.NoError(t, err)
	out := runIn(t, "", message, openssl, "dgst", "-sha256", "-verify", key, "-signature", writeFile(t, "signature", signature))
	assert.Equal(t, "Verified OK\n", out)
	if c.PublicKeyAlgorithm() == "RSA" {
		assertDecrypts(t, c, key)
	}
}

// assertDecrypts has openssl encrypt with the public key.
func assertDecrypts(t *testing.T, c *Certificate, publicKey string) {
	t.Helper()
	sealed := runIn(t, "", []byte("for you only"), needs.Program(t, "openssl"), "pkeyutl", "-encrypt", "-pubin", "-inkey", publicKey,
		"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256")
	plain, err := c.Decrypter().Decrypt(rand.Reader, []byte(sealed), &rsa.OAEPOptions{Hash: crypto.SHA256})
	require.NoError(t, err)
	assert.Equal(t, "for you only", string(plain))
}

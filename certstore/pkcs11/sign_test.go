//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var message = []byte("What the token signs.")

func digestOf(hash crypto.Hash) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// OpenSSL verifies what the token signs.
func TestSignatures(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	pss := func(hash crypto.Hash, salt int) crypto.SignerOpts {
		return &rsa.PSSOptions{Hash: hash, SaltLength: salt}
	}
	padded := []string{"-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:auto"}
	for name, row := range map[string]struct {
		subject string
		opts    crypto.SignerOpts
		options []string
	}{
		"RSA SHA-1":        {"rsa", crypto.SHA1, nil},
		"RSA SHA-224":      {"rsa", crypto.SHA224, nil},
		"RSA SHA-256":      {"rsa", crypto.SHA256, nil},
		"RSA SHA-384":      {"rsa", crypto.SHA384, nil},
		"RSA SHA-512":      {"rsa", crypto.SHA512, nil},
		"PSS SHA-256":      {"rsa", pss(crypto.SHA256, rsa.PSSSaltLengthEqualsHash), padded},
		"PSS SHA-512":      {"rsa", pss(crypto.SHA512, 20), padded},
		"PSS SHA-384":      {"rsa", pss(crypto.SHA384, rsa.PSSSaltLengthEqualsHash), padded},
		"P-256":            {"p256", crypto.SHA256, nil},
		"P-256 cut digest": {"p256", crypto.SHA512, nil},
		"P-384":            {"p384", crypto.SHA384, nil},
		"P-521":            {"p521", crypto.SHA512, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hsm{t, h.module, h.config}
			key, digest := h.key("edi", row.subject), digestOf(row.opts.HashFunc())
			signature, err := key.Sign(rand.Reader, digest, row.opts)
			require.NoError(t, err)
			run(t, "", "openssl", append([]string{
				"pkeyutl", "-verify", "-pubin", "-inkey", publicFile(t, key.Public()), "-in", fileOf(t, digest),
				"-sigfile", fileOf(t, signature), "-pkeyopt", "digest:" + row.opts.HashFunc().String(),
			}, row.options...)...)
		})
	}
}

func TestEd25519Signature(t *testing.T) {
	t.Parallel()
	key := sharedHSM(t).key("edi", "ed25519")
	signature, err := key.Sign(nil, message, crypto.Hash(0))
	require.NoError(t, err)
	assert.True(t, ed25519.Verify(key.Public().(ed25519.PublicKey), message, signature))
	run(t, "", "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", publicFile(t, key.Public()), "-rawin",
		"-in", fileOf(t, message), "-sigfile", fileOf(t, signature))
	_, isDecrypter := key.(crypto.Decrypter)
	assert.False(t, isDecrypter)
}

// OpenSSL encrypts what the token decrypts.
func TestDecryption(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	c, err := certstore.Open(certstore.StorePKCS11, h.uri("token=edi"), userPIN, "rsa")
	require.NoError(t, err)
	key := c.Decrypter()
	require.NotNil(t, key)
	encrypt := func(options ...string) []byte {
		return []byte(run(t, "", "openssl", append([]string{
			"pkeyutl", "-encrypt", "-pubin", "-inkey", publicFile(t, key.Public()), "-in", fileOf(t, message),
		}, options...)...))
	}
	plain, err := key.Decrypt(nil, encrypt(), nil)
	require.NoError(t, err)
	assert.Equal(t, message, plain)

	plain, err = key.Decrypt(nil, encrypt("-pkeyopt", "rsa_padding_mode:oaep"), &rsa.OAEPOptions{Hash: crypto.SHA1})
	require.NoError(t, err)
	assert.Equal(t, message, plain)

	//lint:ignore SA1019 crypto/tls asks for it
	length := &rsa.PKCS1v15DecryptOptions{SessionKeyLen: len(message)}
	plain, err = key.Decrypt(rand.Reader, encrypt(), length)
	require.NoError(t, err)
	assert.Equal(t, message, plain)

	plain, err = key.Decrypt(rand.Reader, make([]byte, 256), length)
	require.NoError(t, err)
	assert.Len(t, plain, len(message), "a random key instead of an error")

	_, err = key.Decrypt(nil, make([]byte, 256), nil)
	assert.Equal(t, 284, code(err))
	assert.ErrorContains(t, err, `token "edi"`)
	assert.ErrorContains(t, err, "decrypting with RSA PKCS #1 v1.5")
}

// SoftHSM has OAEP with SHA-1 only.
func TestWhatTheTokenCannot(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	key := h.key("edi", "rsa").(crypto.Decrypter)
	public := key.Public().(*rsa.PublicKey)
	ciphertext, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, message, []byte("label"))
	require.NoError(t, err)
	_, err = key.Decrypt(nil, ciphertext, &rsa.OAEPOptions{Hash: crypto.SHA256, Label: []byte("label")})
	require.ErrorContains(t, err, "the token cannot do that with these parameters")
	assert.Equal(t, 284, code(err))

	ciphertext, err = rsa.EncryptOAEP(sha1.New(), rand.Reader, public, message, nil)
	require.NoError(t, err)
	plain, err := key.Decrypt(nil, ciphertext, &rsa.OAEPOptions{Hash: crypto.SHA1})
	require.NoError(t, err, "the session is fit for use after that")
	assert.Equal(t, message, plain)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	for name, row := range map[string]struct {
		subject string
		version uint16
		suite   uint16
	}{
		"RSA 1.2":              {"rsa", tls.VersionTLS12, 0},
		"RSA 1.2 key exchange": {"rsa", tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
		"RSA 1.3":              {"rsa", tls.VersionTLS13, 0},
		"ECDSA 1.2":            {"p256", tls.VersionTLS12, 0},
		"ECDSA 1.3":            {"p384", tls.VersionTLS13, 0},
		"Ed25519 1.3":          {"ed25519", tls.VersionTLS13, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := certstore.Open(certstore.StorePKCS11, h.uri("token=edi"), userPIN, row.subject)
			require.NoError(t, err)
			config := &tls.Config{MinVersion: row.version, MaxVersion: row.version}
			if row.suite != 0 {
				config.CipherSuites = []uint16{row.suite}
			}
			handshake(t, c, config)
		})
	}
}

// A key of SSH signs what its public half verifies.
func TestSSH(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	for _, subject := range kinds {
		c, err := certstore.Open(certstore.StorePKCS11, h.uri("token=edi"), userPIN, subject)
		require.NoError(t, err)
		signer, err := c.SSHSigner()
		require.NoError(t, err)
		signature, err := signer.Sign(rand.Reader, message)
		require.NoError(t, err)
		require.NoError(t, signer.PublicKey().Verify(message, signature), subject)
	}
}

// handshake is one between a server and a client that have the same certificate.
func handshake(t *testing.T, c *certstore.Certificate, config *tls.Config) {
	t.Helper()
	own, err := c.TLSCertificate()
	require.NoError(t, err)
	chain := c.Chain()
	require.Len(t, chain, 2, "the issuer is on the token")
	config.Certificates = []tls.Certificate{own}
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AddCert(chain[1])
	config.ServerName = "localhost"
	config.ClientAuth = tls.RequireAnyClientCert
	near, far := net.Pipe()
	server, client := tls.Server(near, config), tls.Client(far, config)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	require.NoError(t, client.Handshake())
	require.NoError(t, <-done)
	assert.Equal(t, c.EncodedB(), server.ConnectionState().PeerCertificates[0].Raw)
	require.NoError(t, errors.Join(near.Close(), far.Close()))
}

// A key with CKA_ALWAYS_AUTHENTICATE gets the PIN each time.
func TestKeyThatWantsThePINEachTime(t *testing.T) {
	t.Parallel()
	h := newHSM(t, "edi")
	h.tool("edi", "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01", "--always-auth")
	h.start()
	c, err := certstore.Open(certstore.StorePKCS11, h.module, userPIN, "")
	require.NoError(t, err)
	for range 3 {
		digest := digestOf(crypto.SHA256)
		signature, err := c.Signer().Sign(nil, digest, crypto.SHA256)
		require.NoError(t, err)
		assert.True(t, ecdsa.VerifyASN1(c.Signer().Public().(*ecdsa.PublicKey), digest, signature))
	}
}

// code is that of an error of this library, 0 of another.
func code(err error) int {
	var e *certstore.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

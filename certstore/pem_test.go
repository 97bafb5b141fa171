package certstore

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEncryptedKeys(t *testing.T) {
	t.Parallel()
	plain := load(t, "server.key")
	for _, name := range []string{
		"key-aes256.pem", "key-aes192.pem", "key-aes128.pem", "key-sha224.pem",
		"key-3des.pem", "key-p12-3des.pem", "key-dek.pem",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Open(StorePEMKeyBlob, load(t, name, "server.pem"), "secret", "*")
			require.NoError(t, err)
			assert.Equal(t, plain, c.PrivateKey())
			assert.Equal(t, serverSubject, c.Subject())

			_, err = Open(StorePEMKeyFile, "testdata/"+name, "wrong", "")
			require.ErrorIs(t, err, ErrPassword)
			require.ErrorIs(t, err, ErrStore)
			_, err = Open(StorePEMKeyFile, "testdata/"+name, "", "")
			require.ErrorIs(t, err, ErrPassword)
			require.ErrorContains(t, err, "no password was given")
			require.ErrorContains(t, err, name)
		})
	}
}

func TestKeyPasswordWins(t *testing.T) {
	t.Parallel()
	s := Source{Type: StorePEMKeyBlob, Store: load(t, "key-aes256.pem"), Password: "store", KeyPassword: "secret"}
	c, err := s.Open()
	require.NoError(t, err)
	assert.Equal(t, "secret", c.KeyPassword())
	assert.Equal(t, "store", c.StorePassword())
}

func TestOrderOfBlocksDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, files := range [][]string{
		{"server.key", "server.pem", "chain.pem", "rsa.pem", "key-pkcs1.pem", "ed.key", "ed.pem"},
		{"ed.pem", "chain.pem", "rsa.pem", "server.pem", "key-sec1.pem", "ed.key", "key-pkcs1.pem"},
	} {
		text := "Bag Attributes\n  friendlyName: x\r\n" + load(t, files...)
		for subject, length := range map[string]int{"www.server.com": 3, "CN=rsa.server.com": 1, "ED.server": 1} {
			c, err := Open(StorePEMKeyBlob, text, "", subject)
			require.NoError(t, err)
			assert.True(t, c.PrivateKeyAvailable())
			assert.Len(t, c.Chain(), length)
		}
	}
}

func TestFormsOfAPEMBlob(t *testing.T) {
	t.Parallel()
	text := load(t, "server.key", "server.pem")
	block, _ := pem.Decode([]byte(text))
	for name, store := range map[string]string{
		"text":       text,
		"CRLF":       strings.ReplaceAll(text, "\n", "\r\n"),
		"Base64":     base64.StdEncoding.EncodeToString([]byte(text)),
		"DER":        string(block.Bytes),
		"Base64 DER": base64.StdEncoding.EncodeToString(block.Bytes),
	} {
		c, err := OpenBytes(StorePEMKeyBlob, []byte(store), "", "")
		require.NoError(t, err, name)
		assert.True(t, c.PrivateKeyAvailable(), name)
	}
}

func TestCurves(t *testing.T) {
	t.Parallel()
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		c, err := Open(StoreAuto, keyPEM(t, key)+certPEM(newCert(t, key, commonName("curve"))), "", "curve")
		require.NoError(t, err)
		assert.Equal(t, curve.Params().BitSize, c.PublicKeyLength())
		bare, err := Open(StoreAuto, keyPEM(t, key), "", "")
		require.NoError(t, err)
		assert.NotEmpty(t, bare.FingerprintSHA256())
	}
}

func TestPublicKeysAlone(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePEMKeyFile, "testdata/server.key", "", "")
	require.NoError(t, err)
	public, err := Open(StorePublicKeyBlob, c.PublicKey(), "", "")
	require.NoError(t, err)
	assert.Equal(t, c.Fingerprint(), public.Fingerprint())
	assert.Equal(t, c.PublicKey(), public.PublicKey())
	assert.False(t, public.PrivateKeyAvailable())

	rsaKey, err := Open(StorePEMKeyFile, "testdata/key-pkcs1.pem", "", "")
	require.NoError(t, err)
	assert.Equal(t, "RSA", rsaKey.PublicKeyAlgorithm())
	assert.Len(t, rsaKey.Fingerprint(), 47)
}

func TestBadPEM(t *testing.T) {
	t.Parallel()
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	block := func(kind string, octets []byte) string { return pemText(kind, octets) }
	for name, row := range map[string]struct{ text, want string }{
		"nothing":     {"hello", "no certificate and no key"},
		"other block": {block("DH PARAMETERS", []byte("x")), `only blocks of type "DH PARAMETERS"`},
		"OpenSSH":     {block("OPENSSH PRIVATE KEY", []byte("x")), "expected openssh-key-v1 at the start"},
		"DSA":         {block("DSA PRIVATE KEY", []byte("x")), "DSA PRIVATE KEY is not supported"},
		"broken key":  {block("PRIVATE KEY", []byte("x")), "private key 1: neither PKCS #8"},
		"broken cert": {block("CERTIFICATE", []byte("x")), "certificate 1:"},
		"huge key":    {block("PRIVATE KEY", make([]byte, maxKey+1)), "larger than the limit of 16 KiB"},
		"huge public": {block("PUBLIC KEY", make([]byte, maxKey+1)), "larger than the limit of 16 KiB"},
		"bad public":  {block("PUBLIC KEY", []byte("x")), "public key:"},
		"X25519":      {keyPEM(t, x25519), "cannot sign"},
		"second":      {load(t, "server.pem") + block("CERTIFICATE", []byte{0x30, 0}), "certificate 2:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(StorePEMKeyBlob, row.text, "", "")
			require.ErrorContains(t, err, row.want)
			assert.Equal(t, 271, err.(*Error).Code)
		})
	}
}

// What decrypts to nonsense counts as a wrong password.
func TestEncryptedNonsense(t *testing.T) {
	t.Parallel()
	//lint:ignore SA1019 the reader is for what such writers left behind
	block, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", []byte("nonsense"), []byte("secret"), x509.PEMCipherAES128)
	require.NoError(t, err)
	_, err = OpenBytes(StorePEMKeyBlob, pem.EncodeToMemory(block), "secret", "")
	require.ErrorIs(t, err, ErrPassword)
	require.ErrorContains(t, err, "neither PKCS #8")
	block.Headers["DEK-Info"] = "ROT13,00"
	_, err = OpenBytes(StorePEMKeyBlob, pem.EncodeToMemory(block), "secret", "")
	require.ErrorIs(t, err, ErrStore)
	require.NotErrorIs(t, err, ErrPassword)
}

// OpenSSL's trusted certificates have purposes after the certificate.
func TestTrustedCertificate(t *testing.T) {
	t.Parallel()
	der := append(derOf([]byte(load(t, "ca.pem"))), 0x30, 0x00)
	c, err := Open(StorePublicKeyBlob, pemText("TRUSTED CERTIFICATE", der), "", "Test Root")
	require.NoError(t, err)
	assert.Equal(t, derOf([]byte(load(t, "ca.pem"))), c.EncodedB())
}

// A certificate store needs no password for the keys that lie beside.
func TestPublicCertificateIgnoresKeys(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePublicKeyBlob, load(t, "key-aes256.pem", "server.pem"), "", "")
	require.NoError(t, err)
	assert.False(t, c.PrivateKeyAvailable())
	_, err = Open(StorePublicKeyBlob, load(t, "key-aes256.pem"), "", "")
	require.ErrorContains(t, err, `only blocks of type "ENCRYPTED PRIVATE KEY"`)
}

func TestTooManyCertificates(t *testing.T) {
	t.Parallel()
	c := contents{certs: make([]*x509.Certificate, maxEntries+1)}
	require.ErrorContains(t, c.addCertificate(nil), "more than 4096")
	require.ErrorContains(t, c.check(), "the limit is 4096")
	keys := contents{keys: make([]crypto.Signer, maxEntries)}
	require.ErrorContains(t, keys.addKey(nil), "more than 4096 private keys")
}

// No proper prefix of a DER certificate or key parses.
func TestTruncatedDER(t *testing.T) {
	t.Parallel()
	for name, file := range map[StoreType]string{StorePublicKeyBlob: "server.pem", StorePEMKeyBlob: "server.key"} {
		block, _ := pem.Decode([]byte(load(t, file)))
		for n := range block.Bytes {
			_, err := OpenBytes(name, block.Bytes[:n], "", "")
			require.Error(t, err)
		}
	}
}

func FuzzPEM(f *testing.F) {
	for _, name := range []string{"server.pem", "server.key", "key-sec1.pem", "key-dek.pem", "key-pkcs1.pem", "ed.key"} {
		f.Add([]byte(load(f, name)), "secret")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		for _, parse := range []parser{parsePEM, parseCertificates} {
			held, err := parse(unwrap(data), passwords{password, password})
			if err != nil {
				continue
			}
			for _, e := range held.entries() {
				c := newCertificate(Source{}, e, held.certs)
				_, _, _ = c.Subject(), c.Fingerprint(), c.PrivateKey()
			}
		}
	})
}

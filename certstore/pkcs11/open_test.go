//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSelection(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	for name, row := range map[string]struct {
		attributes, subject, want string
		key                       bool
		chain                     int
	}{
		"subject":             {"token=edi", "CN=p384", "CN=p384", true, 2},
		"part of a subject":   {"token=edi", "521", "CN=p521", true, 2},
		"certificate, no key": {"token=edi", "issuer", "CN=issuer", false, 1},
		"label of the key":    {"token=edi;object=key%2002", "", "CN=p256", true, 2},
		"label of the cert":   {"token=edi;object=cert%2002;type=cert", "*", "CN=p256", true, 2},
		"CKA_ID":              {"token=edi;id=%03", "", "CN=p384", true, 2},
		"all that p11tool has": {"model=SoftHSM%20v2;manufacturer=SoftHSM%20project;token=edi;id=%05;object=key%2005;type=private",
			"", "CN=ed25519", true, 2},
	} {
		c, err := certstore.Open(certstore.StorePKCS11, h.uri(row.attributes), userPIN, row.subject)
		require.NoError(t, err, name)
		assert.Equal(t, row.want, c.Subject(), name)
		assert.Equal(t, row.key, c.PrivateKeyAvailable(), name)
		assert.Len(t, c.Chain(), row.chain, name)
		assert.Empty(t, c.PrivateKey(), "%s: the key stays on the token", name)
	}
	_, err := certstore.Open(certstore.StorePKCS11, h.uri("token=edi;object=key%2002"), userPIN, "rsa")
	require.ErrorIs(t, err, certstore.ErrNotFound, "the URI narrows the choice down")

	c, err := certstore.Open(certstore.StoreAuto, h.uri("token=edi"), userPIN, "rsa")
	require.NoError(t, err)
	assert.Equal(t, certstore.StorePKCS11, c.StoreType())
}

func TestListOfAToken(t *testing.T) {
	t.Parallel()
	list, err := certstore.List(certstore.StorePKCS11, sharedHSM(t).uri("token=edi"), userPIN)
	require.NoError(t, err)
	assert.Len(t, list, len(kinds)+1)
}

func TestStoresThatDoNotOpen(t *testing.T) {
	t.Parallel()
	h := sharedHSM(t)
	noModule := filepath.Join(t.TempDir(), "missing.so")
	text := filepath.Join(t.TempDir(), "text.so")
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	for name, row := range map[string]struct {
		store, pin string
		is         error
		want       string
	}{
		"wrong PIN":          {h.uri("token=two"), "999999", certstore.ErrPassword, `the PIN of token "two"`},
		"no PIN":             {h.uri("token=two"), "", certstore.ErrPassword, "wants a PIN and none was given"},
		"other PIN later":    {h.uri("token=edi"), "999999", certstore.ErrPassword, "not the one that this program is logged in with"},
		"no PIN later":       {h.uri("token=edi"), "", certstore.ErrPassword, "wants a PIN and none was given"},
		"missing module":     {noModule, userPIN, fs.ErrNotExist, "the PKCS #11 module cannot be loaded"},
		"not a module":       {text, userPIN, nil, "not a PKCS #11 module for"},
		"no such token":      {h.uri("token=three"), userPIN, nil, `no token like that; it has "`},
		"several tokens":     {h.module, userPIN, nil, "several tokens"},
		"no such object":     {h.uri("token=edi;object=nothing"), userPIN, nil, "has no such certificate and no such key"},
		"nothing on it":      {h.uri("token=two"), userPIN, nil, "has no such certificate and no such key"},
		"URI without module": {"pkcs11:token=edi", userPIN, nil, "add ?module-path="},
		"URI with a PIN":     {h.uri("token=edi") + "&pin-value=4711", userPIN, nil, "give the PIN as the password instead"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "other PIN later" || name == "no PIN later" {
				h.tb = t
				h.key("edi", "rsa")
			}
			_, err := certstore.Open(certstore.StorePKCS11, row.store, row.pin, "")
			require.ErrorIs(t, err, certstore.ErrStore)
			require.ErrorContains(t, err, row.want)
			if row.is != nil {
				require.ErrorIs(t, err, row.is)
			}
			for _, secret := range []string{userPIN, "999999", "4711"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}

// One token needs no URI, and blank ones do not count.
func TestModuleWithOneToken(t *testing.T) {
	t.Parallel()
	h := newHSM(t, "only")
	key := keyOf(t, "p256")
	h.importKey("only", "01", key)
	h.start()
	c, err := certstore.Open(certstore.StorePKCS11, h.module, userPIN, "")
	require.NoError(t, err)
	assert.Empty(t, c.Subject(), "a bare key")
	assert.True(t, key.(*ecdsa.PrivateKey).PublicKey.Equal(c.Signer().Public()))
}

func TestModuleWithoutToken(t *testing.T) {
	t.Parallel()
	h := newHSM(t)
	h.start()
	_, err := certstore.Open(certstore.StorePKCS11, h.module, userPIN, "")
	require.ErrorContains(t, err, "no initialised token")
}

// Many tokens have the private key and the certificate only. The public half of
// an RSA key is in the private key object, that of others is not.
func TestTokenWithoutPublicKeyObjects(t *testing.T) {
	t.Parallel()
	h := newHSM(t, "paired", "rsa", "lonely", "foreign")
	ec, rsa := keyOf(t, "p256"), keyOf(t, "rsa")
	h.importKey("paired", "01", ec, "--no-public-key")
	h.importCert("paired", "01", "cert", certOf(t, "paired", ec.Public(), nil, ec))
	h.importKey("paired", "02", keyOf(t, "p384"), "--no-public-key")
	h.importKey("rsa", "01", rsa, "--no-public-key")
	h.importCert("rsa", "77", "cert", certOf(t, "rsa", rsa.Public(), nil, rsa))
	h.importKey("lonely", "01", ec, "--no-public-key")
	h.importKey("foreign", "01", keyOf(t, "p224"))
	h.start()
	digest := digestOf(crypto.SHA256)
	for _, token := range []string{"paired", "rsa"} {
		_, err := h.key(token, "CN="+token).Sign(rand.Reader, digest, crypto.SHA256)
		require.NoError(t, err, token)
	}
	for _, token := range []string{"lonely", "foreign"} {
		_, err := certstore.Open(certstore.StorePKCS11, h.uri("token="+token), userPIN, "")
		require.ErrorIs(t, err, certstore.ErrStore)
		require.ErrorContains(t, err, `the private key "key 01" cannot be used: it is neither RSA, ECDSA`)
	}
	c, err := certstore.Open(certstore.StorePKCS11, h.uri("token=rsa;object=key%2001"), userPIN, "")
	require.NoError(t, err)
	assert.Equal(t, "CN=rsa", c.Subject(), "found by its public key: the CKA_ID is another")
}

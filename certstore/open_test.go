package certstore

import (
	"crypto"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The numbers are the component's; they must never change.
func TestStoreTypeNumbers(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []StoreType{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 99}, []StoreType{
		StoreUser, StoreMachine, StorePFXFile, StorePFXBlob, StoreJKSFile, StoreJKSBlob, StorePEMKeyFile, StorePEMKeyBlob,
		StorePublicKeyFile, StorePublicKeyBlob, StoreSSHPublicKeyBlob, StoreP7BFile, StoreP7BBlob, StoreSSHPublicKeyFile,
		StorePPKFile, StorePPKBlob, StoreXMLFile, StoreXMLBlob, StoreJWKFile, StoreJWKBlob, StoreBCFKSFile,
		StoreBCFKSBlob, StorePKCS11, StoreAuto,
	})
	assert.Equal(t, "BCFKS blob", StoreBCFKSBlob.String())
}

func TestAutoFindsTheType(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]StoreType{
		"modern.p12":     StorePFXBlob,
		"server.pem":     StorePEMKeyBlob,
		"key-aes256.pem": StorePEMKeyBlob,
	} {
		for name, row := range map[string]struct {
			store string
			want  StoreType
		}{
			"contents": {load(t, file), want},
			"Base64":   {base64.StdEncoding.EncodeToString([]byte(load(t, file))), want},
			"file":     {"testdata/" + file, want - 1}, // a File type comes before its Blob type
		} {
			c, err := Open(StoreAuto, row.store, "secret", "*")
			require.NoError(t, err, "%s %s", file, name)
			assert.Equal(t, row.want, c.StoreType(), "%s %s", file, name)
		}
	}
}

// What the contents are is said even when they do not open.
func TestAutoNamesWhatItFound(t *testing.T) {
	t.Parallel()
	for store, want := range map[string]string{
		load(t, "java.jks"):                    "JKS blob (",
		"testdata/java.jks":                    `JKS file "testdata/java.jks": integrity digest of the store`,
		load(t, "modern.p12"):                  "PFX blob (",
		pemText("PKCS7", []byte("x")):          "P7B blob (",
		"PuTTY-User-Key-File-3: ssh-ed25519\n": "PPK blob (",
		"ssh-ed25519 AAAA comment":             "SSH public key blob \"ssh-ed25519 AAAA comment\": SSH public key in line 1",
		"\uFEFF {\"kty\":\"EC\"}":              "JWK blob (",
		"<RSAKeyValue/>":                       "XML key blob (",
		"\xCE\xCE\xCE\xCE\x00":                 "neither contents of a known format nor a file",
		"ssh-keys/file.pem":                    `"ssh-keys/file.pem": neither contents of a known format nor a file`,
		"no/such/file.pem":                     `"no/such/file.pem": neither contents of a known format nor a file`,
		string(tlv(0x30, append(tlv(0x30, append(tlv(0x30, tlv(6, []byte{42, 134, 72, 134, 247, 13, 1, 5, 13})), tlv(4, nil)...)), tlv(0x30, nil)...))): "BCFKS blob (",
	} {
		_, err := Open(StoreAuto, store, "", "")
		require.ErrorContains(t, err, want)
		assert.Equal(t, 271, err.(*Error).Code)
	}
	_, err := recognise([]byte("\xCE\xCE\xCE\xCE"))
	require.ErrorContains(t, err, "JCEKS")
}

// Each DER form is told from the others by its first octets.
func TestAutoWithDER(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]StoreType{
		"server.pem": StorePublicKeyBlob, "server.key": StorePEMKeyBlob, "key-sec1.pem": StorePEMKeyBlob,
		"key-pkcs1.pem": StorePEMKeyBlob, "key-aes256.pem": StorePEMKeyBlob,
	} {
		c, err := OpenBytes(StoreAuto, derOf([]byte(load(t, file))), "secret", "")
		require.NoError(t, err, file)
		assert.Equal(t, want, c.StoreType(), file)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, storeType := range []StoreType{StorePFXFile, StorePEMKeyFile, StorePublicKeyFile, StoreAuto} {
		_, err := Open(storeType, missing, "", "")
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorIs(t, err, ErrStore)
		require.ErrorContains(t, err, "missing.pem")
	}
	_, err := Open(StorePFXFile, t.TempDir(), "", "")
	require.ErrorIs(t, err, ErrStore)
	_, err = Open(StorePFXFile, "", "", "")
	require.ErrorContains(t, err, "the store is empty")

	large := filepath.Join(t.TempDir(), "large.pem")
	require.NoError(t, os.WriteFile(large, nil, 0o600))
	require.NoError(t, os.Truncate(large, maxStore+1))
	_, err = FromFile(large)
	require.ErrorContains(t, err, "larger than the limit of 16 MiB")
	_, err = FromFile(missing)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestShortForms(t *testing.T) {
	t.Parallel()
	c, err := FromFile("testdata/server.pem")
	require.NoError(t, err)
	assert.Equal(t, serverSubject, c.Subject())
	assert.Equal(t, StorePEMKeyFile, c.StoreType())

	for _, encoded := range [][]byte{[]byte(c.Encoded()), c.EncodedB(), []byte(base64.StdEncoding.EncodeToString(c.EncodedB()))} {
		again, err := FromEncoded(encoded)
		require.NoError(t, err)
		assert.Equal(t, c.EncodedB(), again.EncodedB())
	}
	_, err = FromEncoded([]byte("hello"))
	require.ErrorIs(t, err, ErrStore)
	_, err = FromFile("testdata/README.md")
	require.ErrorContains(t, err, "not recognised")

	chain, err := OpenBytes(StorePublicKeyBlob, append(c.EncodedB(), derOf([]byte(load(t, "sub.pem")))...), "", "www")
	require.NoError(t, err)
	assert.Len(t, chain.Chain(), 2, "certificates in DER one after the other")
}

func TestEncodedFindsItsKey(t *testing.T) {
	t.Parallel()
	encoded := []byte(load(t, "server.pem"))
	store := load(t, "ed.key", "ed.pem", "chain.pem", "server.key")
	c, err := Source{Type: StorePEMKeyBlob, Store: store, Encoded: encoded}.Open()
	require.NoError(t, err)
	assert.Equal(t, serverSubject, c.Subject())
	assert.True(t, c.PrivateKeyAvailable())
	assert.Len(t, c.Chain(), 3)

	_, err = Source{Type: StorePEMKeyBlob, Store: load(t, "ed.key"), Encoded: encoded}.Open()
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "no private key for the encoded certificate")

	alone, err := Source{Encoded: encoded}.Open()
	require.NoError(t, err)
	assert.False(t, alone.PrivateKeyAvailable())
	assert.Equal(t, c.PublicKey(), alone.PublicKey())

	_, err = Source{Encoded: []byte("hello")}.Open()
	require.ErrorIs(t, err, trap.ErrInvalidArgument)
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	store := load(t, "server.pem", "ed.pem", "ed.key")
	for text, want := range map[string]string{
		"Thumbprint=F0F037953435720C7EFACDAF593CDEF3CB32A633\nPersistPFXKey=False": "",
		"\r\npersistpfxkey = false\r\nUseInternalSecurityAPI=True\r\n":             "",
		"PersistPFXKey=True":                    "PersistPFXKey can only be False",
		"UseInternalSecurityAPI=False":          "UseInternalSecurityAPI can only be True",
		"Colour=Red":                            `unknown certificate configuration "colour"`,
		"Thumbprint=12":                         "want the MD5, SHA-1 or SHA-256 hash",
		"Thumbprint=" + strings.Repeat("x", 40): "want the MD5, SHA-1 or SHA-256 hash",
	} {
		c, err := Source{Type: StoreAuto, Store: store, Configuration: text}.Open()
		if want != "" {
			require.ErrorIs(t, err, trap.ErrInvalidArgument)
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, strings.Contains(text, "Thumbprint"), c.Subject() == serverSubject)
	}
	_, err := Open(StoreAuto, store, "", "Thumbprint=zz")
	require.ErrorIs(t, err, trap.ErrInvalidArgument)
}

func TestFromX509(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	cert := newCert(t, key, commonName("made"))
	other := newCert(t, newKey(t), commonName("other"))
	c, err := FromX509(cert, key, other)
	require.NoError(t, err)
	assert.Equal(t, "CN=made", c.Subject())
	assert.Equal(t, other, c.Chain()[1])
	assert.Equal(t, `certificate "CN=made"`, c.String())

	bare, err := FromX509(cert, nil)
	require.NoError(t, err)
	assert.False(t, bare.PrivateKeyAvailable())

	for want, give := range map[string]func() (*Certificate, error){
		"does not belong":     func() (*Certificate, error) { return FromX509(other, key) },
		"cannot sign":         func() (*Certificate, error) { return FromX509(cert, "key") },
		"certificate missing": func() (*Certificate, error) { return FromX509(nil, key) },
	} {
		_, err := give()
		require.ErrorContains(t, err, want)
	}
}

// tokenKey is a key that cannot leave its device.
type tokenKey struct{ crypto.Signer }

func TestKeyOnADeviceIsNotExported(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	c, err := FromX509(newCert(t, key, commonName("token")), tokenKey{key})
	require.NoError(t, err)
	assert.True(t, c.PrivateKeyAvailable())
	assert.Empty(t, c.PrivateKey())
	assert.Nil(t, c.Decrypter())
}

// Neither text forms nor errors give a secret away.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	key := load(t, "server.key")
	c, err := Open(StorePEMKeyBlob, key, "topsecret", "")
	require.NoError(t, err)
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("opened", "certificate", c, "source", c.source)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&log, verb+" "+verb, c, c.source)
	}
	oneLine := strings.Join(strings.Split(strings.TrimSpace(key), "\n")[1:4], "")
	for _, store := range []string{key, oneLine[:90], oneLine, `{"kty":"EC","d":"MIGHAgEAMBMG"}`} {
		for _, storeType := range []StoreType{StorePFXFile, StorePEMKeyFile, StoreAuto, StoreJWKFile} {
			if _, err := Open(storeType, store, "topsecret", "nobody"); assert.Error(t, err) {
				log.WriteString(err.Error())
			}
		}
	}
	assert.NotContains(t, log.String(), "topsecret")
	assert.NotContains(t, log.String(), "MIGHAgEAMBMG")
}

func TestStoreFieldsAreKept(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePFXFile, "testdata/modern.p12", "secret", "*")
	require.NoError(t, err)
	assert.Equal(t, StorePFXFile, c.StoreType())
	assert.Equal(t, "testdata/modern.p12", c.Store())
	assert.Equal(t, []byte("testdata/modern.p12"), c.StoreB())
	assert.Equal(t, "secret", c.StorePassword())
	assert.Equal(t, "secret", c.KeyPassword())
	assert.Contains(t, c.String(), `from PFX file "testdata/modern.p12"`)
}

// A TLS server with the opened certificate sends the whole chain.
func TestTLSHandshake(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePFXFile, "testdata/modern.p12", "secret", "*")
	require.NoError(t, err)
	own, err := c.TLSCertificate()
	require.NoError(t, err)
	near, far := net.Pipe()
	server := tls.Server(near, &tls.Config{Certificates: []tls.Certificate{own}})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	client := tls.Client(far, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, client.Handshake())
	require.NoError(t, <-done)
	assert.Len(t, client.ConnectionState().PeerCertificates, 3)
	require.NoError(t, errors.Join(near.Close(), far.Close()))
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePFXFile, "testdata/modern.p12", "secret", "*")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := c.TLSCertificate()
			assert.NoError(t, err)
			assert.Equal(t, serverSubject, c.Subject())
			assert.NotEmpty(t, c.PrivateKey()+c.Fingerprint()+c.Encoded())
		})
	}
	wg.Wait()
}

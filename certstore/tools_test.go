package certstore

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// A vector is a file that testdata/tools/make.sh makes with a real tool. The
// password is "secret" unless it says otherwise.
type vector struct {
	file    string // with the folder, which is the tool
	kind    StoreType
	keys    string // algorithms of the private keys, sorted
	entries int
	chain   int    // certificates in the chain of the entry with the first key
	auto    string // file type that StoreAuto finds, if it is not kind
	key     string // the key password, if the store protects keys apart
	public  string // the public key as the tool wrote it, in one line
}

// vectors are all formats that these tools write.
var vectors = []vector{
	{file: "openssl/rsa.p12", kind: StorePFXFile, keys: "RSA", entries: 3, chain: 3},
	{file: "openssl/ec.p12", kind: StorePFXFile, keys: "ECDSA", entries: 3, chain: 3},
	{file: "openssl/ed25519.p12", kind: StorePFXFile, keys: "Ed25519", entries: 3, chain: 3},
	{file: "openssl/legacy.p12", kind: StorePFXFile, keys: "ECDSA", entries: 1, chain: 1},
	{file: "openssl/descert.p12", kind: StorePFXFile, keys: "RSA", entries: 1, chain: 1},
	{file: "openssl/nomac.p12", kind: StorePFXFile, keys: "ECDSA", entries: 1, chain: 1},
	{file: "openssl/sha384.p12", kind: StorePFXFile, keys: "ECDSA", entries: 1, chain: 1},
	{file: "openssl/sha512.p12", kind: StorePFXFile, keys: "ECDSA", entries: 1, chain: 1},
	{file: "openssl/certs.p12", kind: StorePFXFile, entries: 2, chain: 2},

	{file: "openssl/pkcs1.pem", kind: StorePEMKeyFile, keys: "RSA", entries: 1},
	{file: "openssl/pkcs1.der", kind: StorePEMKeyFile, keys: "RSA", entries: 1},
	{file: "openssl/pkcs1-dek.pem", kind: StorePEMKeyFile, keys: "RSA", entries: 1},
	{file: "openssl/sec1.pem", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1},
	{file: "openssl/sec1.der", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1},
	{file: "openssl/sec1-dek.pem", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1},
	{file: "openssl/pkcs8.der", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1},
	{file: "openssl/pkcs8.pem", kind: StorePEMKeyFile, keys: "RSA", entries: 1},
	{file: "openssl/pkcs8-secret.der", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1},
	{file: "openssl/ed25519.pem", kind: StorePEMKeyFile, keys: "Ed25519", entries: 1},
	{file: "openssl/scrypt.pem", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1},
	{file: "openssl/key-first.pem", kind: StorePEMKeyFile, keys: "RSA", entries: 3, chain: 3},
	{file: "openssl/key-last.pem", kind: StorePEMKeyFile, keys: "RSA", entries: 3, chain: 3},
	{file: "openssl/several.pem", kind: StorePEMKeyFile, keys: "ECDSA Ed25519 RSA", entries: 5, chain: 3},

	{file: "openssl/rsa.crt", kind: StorePublicKeyFile, entries: 1, chain: 1, auto: "PEM key file"},
	{file: "openssl/cert.der", kind: StorePublicKeyFile, entries: 1, chain: 1},
	{file: "openssl/public.pem", kind: StorePublicKeyFile, entries: 1, auto: "PEM key file"},
	{file: "openssl/public.der", kind: StorePublicKeyFile, entries: 1},
	{file: "openssl/certs.p7b", kind: StoreP7BFile, entries: 3, chain: 3},
	{file: "openssl/der.p7b", kind: StoreP7BFile, entries: 2, chain: 2},

	{file: "java/keytool.p12", kind: StorePFXFile, keys: "ECDSA Ed25519 RSA", entries: 5, chain: 3},
	{file: "java/keytool.bcfks", kind: StoreBCFKSFile, keys: "ECDSA Ed25519 RSA", entries: 5, chain: 3},
	{file: "java/keytool.jks", kind: StoreJKSFile, key: "rsa-secret", keys: "RSA", entries: 5, chain: 3},
	{file: "java/keytool.jks", kind: StoreJKSFile, key: "ec-secret", keys: "ECDSA", entries: 5, chain: 3},
	{file: "java/keytool.jks", kind: StoreJKSFile, key: "ed25519-secret", keys: "Ed25519", entries: 5, chain: 3},

	{file: "ssh/rsa", kind: StorePEMKeyFile, keys: "RSA", entries: 1, public: "ssh/rsa.pub"},
	{file: "ssh/rsa-secret", kind: StorePEMKeyFile, keys: "RSA", entries: 1, public: "ssh/rsa-secret.pub"},
	{file: "ssh/rsa-pem", kind: StorePEMKeyFile, keys: "RSA", entries: 1, public: "ssh/rsa-pem.pub"},
	{file: "ssh/rsa-pem-secret", kind: StorePEMKeyFile, keys: "RSA", entries: 1, public: "ssh/rsa-pem-secret.pub"},
	{file: "ssh/rsa-pkcs8-secret", kind: StorePEMKeyFile, keys: "RSA", entries: 1, public: "ssh/rsa-pkcs8-secret.pub"},
	{file: "ssh/p256", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1, public: "ssh/p256.pub"},
	{file: "ssh/p384-secret", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1, public: "ssh/p384-secret.pub"},
	{file: "ssh/p521-pem-secret", kind: StorePEMKeyFile, keys: "ECDSA", entries: 1, public: "ssh/p521-pem-secret.pub"},
	{file: "ssh/ed25519", kind: StorePEMKeyFile, keys: "Ed25519", entries: 1, public: "ssh/ed25519.pub"},
	{file: "ssh/ed25519-secret", kind: StorePEMKeyFile, keys: "Ed25519", entries: 1, public: "ssh/ed25519-secret.pub"},
	{file: "ssh/rsa.pub", kind: StoreSSHPublicKeyFile, entries: 1, public: "ssh/rsa.pub"},
	{file: "ssh/p256.pub", kind: StoreSSHPublicKeyFile, entries: 1, public: "ssh/p256.pub"},
	{file: "ssh/ed25519.pub", kind: StoreSSHPublicKeyFile, entries: 1, public: "ssh/ed25519.pub"},
	{file: "ssh/rsa.rfc4716", kind: StoreSSHPublicKeyFile, entries: 1, public: "ssh/rsa.pub"},
	{file: "ssh/p256.rfc4716", kind: StoreSSHPublicKeyFile, entries: 1, public: "ssh/p256.pub"},
	{file: "ssh/ed25519.rfc4716", kind: StoreSSHPublicKeyFile, entries: 1, public: "ssh/ed25519.pub"},
	{file: "ssh/authorized_keys", kind: StoreSSHPublicKeyFile, entries: 3, public: "ssh/rsa.pub"},

	{file: "putty/rsa-plain-v2.ppk", kind: StorePPKFile, keys: "RSA", entries: 1, public: "putty/rsa.pub"},
	{file: "putty/rsa-plain-v3.ppk", kind: StorePPKFile, keys: "RSA", entries: 1, public: "putty/rsa.pub"},
	{file: "putty/rsa-secret-v2.ppk", kind: StorePPKFile, keys: "RSA", entries: 1, public: "putty/rsa.pub"},
	{file: "putty/rsa-secret-v3.ppk", kind: StorePPKFile, keys: "RSA", entries: 1, public: "putty/rsa.pub"},
	{file: "putty/p256-plain-v2.ppk", kind: StorePPKFile, keys: "ECDSA", entries: 1, public: "putty/p256.pub"},
	{file: "putty/p256-plain-v3.ppk", kind: StorePPKFile, keys: "ECDSA", entries: 1, public: "putty/p256.pub"},
	{file: "putty/p256-secret-v2.ppk", kind: StorePPKFile, keys: "ECDSA", entries: 1, public: "putty/p256.pub"},
	{file: "putty/p256-secret-v3.ppk", kind: StorePPKFile, keys: "ECDSA", entries: 1, public: "putty/p256.pub"},
	{file: "putty/ed25519-plain-v2.ppk", kind: StorePPKFile, keys: "Ed25519", entries: 1, public: "putty/ed25519.pub"},
	{file: "putty/ed25519-plain-v3.ppk", kind: StorePPKFile, keys: "Ed25519", entries: 1, public: "putty/ed25519.pub"},
	{file: "putty/ed25519-secret-v2.ppk", kind: StorePPKFile, keys: "Ed25519", entries: 1, public: "putty/ed25519.pub"},
	{file: "putty/ed25519-secret-v3.ppk", kind: StorePPKFile, keys: "Ed25519", entries: 1, public: "putty/ed25519.pub"},
	{file: "putty/ed25519-default.ppk", kind: StorePPKFile, keys: "Ed25519", entries: 1, public: "putty/ed25519.pub"},

	{file: "jose/rsa.jwk", kind: StoreJWKFile, keys: "RSA", entries: 1},
	{file: "jose/p256.jwk", kind: StoreJWKFile, keys: "ECDSA", entries: 1},
	{file: "jose/p256-public.jwk", kind: StoreJWKFile, entries: 1},
	{file: "jose/set.jwks", kind: StoreJWKFile, keys: "ECDSA RSA", entries: 2},
	{file: "xmlsec/keys.xml", kind: StoreXMLFile, keys: "RSA", entries: 1},
}

func TestToolVectors(t *testing.T) {
	t.Parallel()
	testVectors(t, filepath.Join("testdata", "tools"), vectors)
}

func TestToolFilesMadeAfresh(t *testing.T) {
	t.Parallel()
	for _, folders := range [][]string{{"openssl", "java"}, {"ssh"}, {"putty"}, {"jose"}, {"xmlsec"}} {
		t.Run(folders[0], func(t *testing.T) {
			t.Parallel()
			dir := makeVectors(t, folders...)
			testVectors(t, dir, slices.DeleteFunc(slices.Clone(vectors), func(v vector) bool {
				folder, _, _ := strings.Cut(v.file, "/")
				return !slices.Contains(folders, folder)
			}))
		})
	}
}

// makeVectors runs testdata/tools/make.sh in a new folder.
func makeVectors(t *testing.T, folders ...string) (dir string) {
	t.Helper()
	programs := map[string][]string{
		"openssl": {"openssl"}, "java": {"keytool"}, "ssh": {"ssh-keygen"}, "putty": {"puttygen"}, "jose": {"jose"}, "xmlsec": {"xmlsec1"},
	}
	for _, folder := range folders {
		for _, program := range programs[folder] {
			needs.Program(t, program)
		}
	}
	if slices.Contains(folders, "java") {
		needs.File(t, "/usr/share/java/bcprov.jar") // of Debian's libbcprov-java
	}
	script, err := filepath.Abs(filepath.Join("testdata", "tools", "make.sh"))
	require.NoError(t, err)
	dir = t.TempDir()
	runIn(t, dir, nil, needs.Program(t, "sh"), append([]string{script}, folders...)...)
	return dir
}

func testVectors(t *testing.T, dir string, list []vector) {
	t.Helper()
	require.NotEmpty(t, list)
	for _, v := range list {
		t.Run(v.file+v.key, func(t *testing.T) {
			t.Parallel()
			v.test(t, dir)
		})
	}
}

// test opens the file in each of the ways that there are, and uses its keys.
func (v vector) test(t *testing.T, dir string) {
	name := filepath.Join(dir, filepath.FromSlash(v.file))
	octets, err := os.ReadFile(name)
	require.NoError(t, err)
	var public string
	if v.public != "" {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(v.public)))
		require.NoError(t, err)
		public = string(text)
	}
	found := v.kind
	if v.auto != "" {
		found = typeNamed(t, v.auto)
	}
	text := base64.StdEncoding.EncodeToString(octets)
	var first []*Certificate
	for _, way := range []struct {
		how         string
		asked, told StoreType
		store       string
	}{
		{"file", v.kind, v.kind, name},
		{"octets", blobs[v.kind], blobs[v.kind], string(octets)},
		{"Base64", blobs[v.kind], blobs[v.kind], text},
		{"file, automatically", StoreAuto, found, name},
		{"octets, automatically", StoreAuto, blobs[found], string(octets)},
		{"Base64, automatically", StoreAuto, blobs[found], text},
	} {
		list, err := Source{Type: way.asked, Store: way.store, Password: "secret", KeyPassword: v.key}.List()
		require.NoError(t, err, way.how)
		assert.Equal(t, way.told, list[0].StoreType(), way.how)
		if first == nil {
			first = list
			v.assert(t, list, public)
			continue
		}
		assert.Equal(t, outline(first), outline(list), way.how)
	}
	for _, c := range first {
		if c.PrivateKeyAvailable() {
			assertUsable(t, c)
		}
	}
}

// blobs are the blob types of the file types.
var blobs = map[StoreType]StoreType{
	StorePFXFile: StorePFXBlob, StoreJKSFile: StoreJKSBlob, StorePEMKeyFile: StorePEMKeyBlob,
	StorePublicKeyFile: StorePublicKeyBlob, StoreSSHPublicKeyFile: StoreSSHPublicKeyBlob, StoreP7BFile: StoreP7BBlob,
	StorePPKFile: StorePPKBlob, StoreXMLFile: StoreXMLBlob, StoreJWKFile: StoreJWKBlob, StoreBCFKSFile: StoreBCFKSBlob,
}

func typeNamed(t *testing.T, name string) StoreType {
	t.Helper()
	for found, text := range storeNames {
		if text == name {
			return found
		}
	}
	require.Fail(t, "no such type", name)
	return 0
}

// outline is what there is in a store, without the way it was opened.
func outline(list []*Certificate) (lines []string) {
	for _, c := range list {
		lines = append(lines, c.Subject()+"\n"+c.Encoded()+c.PublicKey()+c.PrivateKey())
	}
	return lines
}

// assert compares the entries with what the table says of them.
func (v vector) assert(t *testing.T, list []*Certificate, public string) {
	t.Helper()
	assert.Len(t, list, v.entries)
	var keys []string
	main := list[0]
	for _, c := range list {
		if c.PrivateKeyAvailable() {
			if keys == nil {
				main = c
			}
			keys = append(keys, c.PublicKeyAlgorithm())
		}
	}
	slices.Sort(keys)
	assert.Equal(t, v.keys, strings.Join(keys, " "))
	assert.Len(t, main.Chain(), v.chain)
	if v.chain > 1 {
		assert.Equal(t, "CN=Root, O=Ediport Test", nameText(main.Chain()[v.chain-1].RawSubject))
	}
	if public == "" {
		return
	}
	key, err := main.SSHPublicKey()
	require.NoError(t, err)
	fields := strings.Fields(public)
	assert.Equal(t, strings.Join(fields[:2], " "), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))))
}

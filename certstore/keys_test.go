package certstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hierarchies are stores of different types with the certificates rsa, ec and
// ed25519 of one authority, or with the first of them.
var hierarchies = []struct {
	file  string
	names []string
}{
	{"openssl/several.pem", []string{"rsa", "ec", "ed25519"}},
	{"java/keytool.p12", []string{"rsa", "ec", "ed25519"}},
	{"java/keytool.bcfks", []string{"ec"}}, // takes a while to open
	{"java/keytool.jks", []string{"rsa", "ec", "ed25519"}},
	{"openssl/rsa.p12", []string{"rsa"}},
	{"openssl/key-last.pem", []string{"rsa"}},
	{"openssl/certs.p7b", []string{"rsa"}},
}

// openFrom opens a kept vector, whatever its passwords are.
func openFrom(file, subject, keyPassword string) (*Certificate, error) {
	return Source{Type: StoreAuto, Store: tool(file), Password: "secret", KeyPassword: keyPassword, Subject: subject}.Open()
}

// keyPasswordOf is the password of a key: only the JKS has others.
func keyPasswordOf(file, name string) string {
	if strings.HasSuffix(file, ".jks") {
		return name + "-secret"
	}
	return ""
}

// One description finds the same certificate and chain in every type of store.
func TestSelectionInAllTypes(t *testing.T) {
	t.Parallel()
	for _, store := range hierarchies {
		for _, name := range store.names {
			t.Run(store.file+" "+name, func(t *testing.T) {
				t.Parallel()
				password := keyPasswordOf(store.file, name)
				whole := "CN=" + name + ", O=Ediport Test"
				want, err := openFrom(store.file, whole, password)
				require.NoError(t, err)
				assert.Equal(t, whole, want.Subject())
				assert.Equal(t, !strings.HasSuffix(store.file, ".p7b"), want.PrivateKeyAvailable())
				require.Len(t, want.Chain(), 3)
				assert.Equal(t, want.X509(), want.Chain()[0])
				assert.Equal(t, "CN=Issuing, O=Ediport Test", subjectOf(want.Chain()[1]))
				assert.Equal(t, "CN=Root, O=Ediport Test", subjectOf(want.Chain()[2]))

				for _, subject := range []string{
					"O=Ediport Test, cn=" + name, "o=Ediport Test;CN = " + name, "CN=" + strings.ToUpper(name),
					"Thumbprint=" + want.ThumbprintMD5(), "thumbprint=" + want.FingerprintSHA1(), "THUMBPRINT= " + want.ThumbprintSHA256(),
				} {
					c, err := openFrom(store.file, subject, password)
					require.NoError(t, err, subject)
					assert.Equal(t, want.EncodedB(), c.EncodedB(), subject)
					assert.Equal(t, want.PrivateKey(), c.PrivateKey(), subject)
				}
				again, err := Source{Type: StoreAuto, Store: tool(store.file), Password: "secret", KeyPassword: password,
					Configuration: "Thumbprint=" + want.ThumbprintSHA1()}.Open()
				require.NoError(t, err)
				assert.Equal(t, want.EncodedB(), again.EncodedB())
			})
		}
	}
}

func TestNothingIsSelected(t *testing.T) {
	t.Parallel()
	for _, store := range hierarchies {
		for _, subject := range []string{"CN=nobody", "O=Ediport Test, CN=nobody", "Thumbprint=" + strings.Repeat("0", 40)} {
			_, err := openFrom(store.file, subject, keyPasswordOf(store.file, "rsa"))
			require.ErrorIs(t, err, ErrNotFound, store.file)
			assert.Equal(t, 272, err.(*Error).Code)
			assert.Contains(t, err.Error(), store.file[strings.LastIndex(store.file, "/"):], "says where")
			assert.Contains(t, err.Error(), `"CN=Root, O=Ediport Test"`, "says what there is")
			assert.NotContains(t, err.Error(), "secret")
		}
	}
	_, err := openFrom("putty/rsa-plain-v3.ppk", "CN=rsa", "")
	require.ErrorIs(t, err, ErrNotFound)
	assert.Contains(t, err.Error(), "it holds a key without certificate")
}

// Each key of a JKS opens with its own password; the others are there as
// certificates.
func TestKeyPasswordsOfOneStore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rsa", "ec", "ed25519"} {
		c, err := openFrom("java/keytool.jks", "*", name+"-secret")
		require.NoError(t, err)
		assert.Equal(t, "CN="+name+", O=Ediport Test", c.Subject(), "the one with a key is preferred")
		assert.Equal(t, name+"-secret", c.KeyPassword())
		assert.Equal(t, "secret", c.StorePassword())
		other, err := openFrom("java/keytool.jks", "CN=Root", name+"-secret")
		require.NoError(t, err)
		assert.False(t, other.PrivateKeyAvailable())
	}
	c, err := openFrom("java/keytool.jks", "CN=ec,", "rsa-secret")
	require.NoError(t, err)
	assert.False(t, c.PrivateKeyAvailable())
	_, err = c.TLSCertificate()
	require.ErrorContains(t, err, "no private key")
	assert.Equal(t, 273, err.(*Error).Code)
}

// A certificate that is given and a store that has its key belong together.
func TestEncodedInAllTypes(t *testing.T) {
	t.Parallel()
	encoded := []byte(load(t, "tools/openssl/rsa.crt"))
	for _, store := range hierarchies {
		c, err := Source{Type: StoreAuto, Store: tool(store.file), Password: "secret",
			KeyPassword: keyPasswordOf(store.file, "rsa"), Encoded: encoded}.Open()
		if strings.HasSuffix(store.file, ".p7b") {
			require.ErrorIs(t, err, ErrNotFound)
			continue
		}
		require.NoError(t, err, store.file)
		assert.Equal(t, "CN=rsa, O=Ediport Test", c.Subject())
		assert.True(t, c.PrivateKeyAvailable())
		assert.Len(t, c.Chain(), 3)
	}
}

// Whatever a store is, its text forms keep its secrets.
func TestNoSecretsInTextForms(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		for _, s := range []Source{
			{Type: StoreAuto, Store: tool(v.file), Password: "secret", KeyPassword: v.key},
			{Type: StoreAuto, Store: load(t, "tools/"+v.file), Password: "secret", KeyPassword: v.key},
		} {
			c, err := s.Open()
			require.NoError(t, err, v.file)
			text := strings.ReplaceAll(fmt.Sprintf("%v %+v %#v %s %q %v %#v", c, c, c, c, c, s, s), v.file, "")
			assert.NotContains(t, text, "secret", v.file)
			assert.Less(t, len(text), 2000, v.file)
			for line := range strings.Lines(c.PrivateKey()) {
				assert.NotContains(t, text, strings.TrimSpace(line), v.file)
			}
		}
	}
}

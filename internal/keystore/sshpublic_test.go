package keystore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

var sshNames = []string{"rsa", "rsa-plain", "p256", "p384-plain", "p521", "ed25519", "ed25519-plain"}

func TestSSHPublicFiles(t *testing.T) {
	t.Parallel()
	types := map[string]any{"rsa": &rsa.PublicKey{}, "p": &ecdsa.PublicKey{}, "ed": ed25519.PublicKey{}}
	for _, name := range sshNames {
		data := vector(t, "ssh/"+name+".pub")
		c, err := SSHPublic(data, Passwords{})
		key := onlyPublic(t, c, err)
		for prefix, want := range types {
			if strings.HasPrefix(name, prefix) {
				assert.IsType(t, want, key, name)
			}
		}
		want, _, _, _, err := ssh.ParseAuthorizedKey(data)
		require.NoError(t, err)
		assert.Equal(t, want.(ssh.CryptoPublicKey).CryptoPublicKey(), key, "an independent reader agrees")
	}
}

func TestRFC4716Files(t *testing.T) {
	t.Parallel()
	for file, name := range map[string]string{
		"rsa": "rsa", "p384-plain": "p384-plain", "ed25519": "ed25519", "p384-putty": "p384-plain",
	} {
		c, err := SSHPublic(vector(t, "ssh/"+file+".rfc4716"), Passwords{})
		key := onlyPublic(t, c, err)
		c, err = SSHPublic(vector(t, "ssh/"+name+".pub"), Passwords{})
		assert.Equal(t, onlyPublic(t, c, err), key, file)
	}
}

// The example of RFC 4716, section 3.6, with a header over several lines. Its
// key is a DSA key.
func TestRFC4716Headers(t *testing.T) {
	t.Parallel()
	body := strings.Fields(string(vector(t, "ssh/ed25519.pub")))[1]
	text := beginSSH2 + "\nSubject: me\nComment: This is my public key for use on \\\nservers which I don't like.\nx-empty: \\\n\\\n\n" +
		body[:30] + "\n" + body[30:] + "\n" + endSSH2 + "\n"
	c, err := SSHPublic([]byte(text), Passwords{})
	onlyPublic(t, c, err)
	_, err = SSHPublic([]byte(strings.Replace(text, "Comment: ", "Comment ", 1)), Passwords{})
	require.ErrorContains(t, err, "line 1: illegal base64")
}

func TestSSHPublicWithManyLines(t *testing.T) {
	t.Parallel()
	line := func(name string) string { return strings.TrimSpace(string(vector(t, "ssh/"+name+".pub"))) }
	bare := strings.Join(strings.Fields(line("p256"))[:2], " ")
	text := "\uFEFF# keys of the partner\r\n\r\n" +
		line("rsa") + "\r\n" +
		`from="*.example.com,!x y",command="echo \"a b\"",no-pty ` + line("ed25519") + "\n" +
		"\t restrict \t" + bare + "\n" +
		"  # the end\n" + string(vector(t, "ssh/p384-plain.rfc4716")) +
		strings.ReplaceAll(line("p521"), " ", "\t ")
	c, err := SSHPublic([]byte(text), Passwords{})
	require.NoError(t, err)
	require.Len(t, c.PublicKeys, 5)
	for i, name := range []string{"rsa", "ed25519", "p256", "p384-plain", "p521"} {
		one, err := SSHPublic([]byte(line(name)), Passwords{})
		assert.Equal(t, onlyPublic(t, one, err), c.PublicKeys[i], name)
	}
}

// blob writes the fields of a public key in base64.
func blob(fields any) string { return base64.StdEncoding.EncodeToString(ssh.Marshal(fields)) }

func TestBadSSHPublic(t *testing.T) {
	t.Parallel()
	ed := string(vector(t, "ssh/ed25519.pub"))
	file := func(name string) string { return string(vector(t, "ssh/"+name)) }
	type rsaBlob struct {
		Type string
		E, N *big.Int
	}
	n, e := new(big.Int).SetBit(big.NewInt(1), 2047, 1), big.NewInt(65537)
	type ecBlob struct{ Type, Curve, Point string }
	for name, row := range map[string]struct{ text, want string }{
		"empty":         {"", "there is no SSH public key in it"},
		"only comments": {"# nothing\n", "there is no SSH public key in it"},
		"too large":     {strings.Repeat("\n", maxText+1), "larger than the limit of 512 KiB"},
		"security key":  {file("bad-sk.pub"), "a key on a security token (FIDO) is not supported"},
		"certificate":   {file("bad-cert.pub"), "an OpenSSH certificate is not supported"},
		"DSA":           {file("bad-dsa.pub"), "a DSA key is not supported"},
		"Ed448":         {"ssh-ed448 AAAA", "an Ed448 key is not supported"},
		"unknown":       {"ssh-mldsa-44 AAAA", `key type "ssh-mldsa-44" is not supported`},
		"private":       {"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", "a block of another kind"},
		"no end":        {beginSSH2 + "\nAAAA\n", "the block has no end"},
		"second line":   {ed + "hello world", "line 2: expected a key type"},
		"open quote":    {`command="x ` + ed, "line 1: expected a key type"},
		"no key":        {"ssh-ed25519", "expected a key type such as ssh-ed25519, then the key"},
		"other type":    {strings.Replace(ed, "ssh-ed25519", "ssh-rsa", 1), "the line says ssh-rsa, the key says ssh-ed25519"},
		"no base64":     {"ssh-rsa AAA*", "illegal base64"},
		"short":         {"ssh-rsa AAAA", "unmarshal"},
		"large":         {"ssh-rsa " + strings.Repeat("AAAA", 6000), "key larger than the limit of 16 KiB"},
		"negative":      {"ssh-rsa " + blob(rsaBlob{"ssh-rsa", e, new(big.Int).Neg(n)}), "not a positive odd number"},
		"even":          {"ssh-rsa " + blob(rsaBlob{"ssh-rsa", e, new(big.Int).Lsh(n, 1)}), "not a positive odd number"},
		"exponent":      {"ssh-rsa " + blob(rsaBlob{"ssh-rsa", big.NewInt(2), n}), "exponent"},
		"no point":      {"ecdsa-sha2-nistp256 " + blob(ecBlob{"ecdsa-sha2-nistp256", "nistp256", "\x04" + strings.Repeat("1", 64)}), "invalid curve point"},
		"short Ed25519": {"ssh-ed25519 " + blob(struct{ Type, Key string }{"ssh-ed25519", "123"}), "invalid size"},
	} {
		c, err := SSHPublic([]byte(row.text), Passwords{})
		require.ErrorContains(t, err, row.want, name)
		assert.Equal(t, Contents{}, c, name)
	}
}

func TestTruncatedSSHPublic(t *testing.T) {
	t.Parallel()
	// A comment can end anywhere; so the line goes without one.
	line := strings.Join(strings.Fields(string(vector(t, "ssh/p384-plain.pub")))[:2], " ")
	assertNoPrefix(t, SSHPublic, []byte(line), Passwords{})
	assertNoPrefix(t, SSHPublic, bytes.TrimSpace(vector(t, "ssh/rsa.rfc4716")), Passwords{})
}

func TestTooManySSHKeys(t *testing.T) {
	t.Parallel()
	line := strings.Join(strings.Fields(string(vector(t, "ssh/ed25519.pub")))[:2], " ") + "\n"
	c, err := SSHPublic([]byte(strings.Repeat(line, maxEntries)), Passwords{})
	require.NoError(t, err)
	assert.Len(t, c.PublicKeys, maxEntries)
	_, err = SSHPublic([]byte(strings.Repeat(line, maxEntries+1)), Passwords{})
	require.ErrorContains(t, err, "more than 4096 public keys")
}

func FuzzSSHPublic(f *testing.F) {
	for _, name := range []string{"rsa.pub", "p256.pub", "ed25519.pub", "rsa.rfc4716", "p384-putty.rfc4716", "bad-sk.pub", "bad-dsa.pub"} {
		f.Add(vector(f, "ssh/"+name))
	}
	f.Add([]byte(`from="x" ssh-rsa AAAA` + "\n" + beginSSH2 + "\nA: \\\nB\nAAAA\n" + endSSH2))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := SSHPublic(data, Passwords{})
		check(t, c, err)
	})
}

package keystore

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"math/big"
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

func TestSSHPrivateFiles(t *testing.T) {
	t.Parallel()
	for _, name := range sshNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := vector(t, "ssh/"+name)
			c, err := SSHPrivate(data, secret)
			key := onlyKey(t, c, err)
			c, err = SSHPublic(vector(t, "ssh/"+name+".pub"), Passwords{})
			assert.Equal(t, onlyPublic(t, c, err), key.Public())

			_, err = SSHPrivate(data, Passwords{Store: "secret"})
			_, wrong := SSHPrivate(data, Passwords{Store: "secret", Key: "hunter2"})
			if strings.HasSuffix(name, "-plain") {
				require.NoError(t, err, "no password is needed")
				require.NoError(t, wrong)
				return
			}
			require.ErrorIs(t, err, ErrNoPassword)
			require.ErrorIs(t, wrong, ErrPassword)
			assert.NotContains(t, wrong.Error(), "hunter2")
		})
	}
}

// An independent writer.
func TestSSHPrivateFromAnotherWriter(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "a comment", []byte("pässword"))
	require.NoError(t, err)
	c, err := SSHPrivate(pem.EncodeToMemory(block), Passwords{Key: "pässword"})
	assert.Equal(t, key, onlyKey(t, c, err))
}

func TestSeveralSSHPrivateKeys(t *testing.T) {
	t.Parallel()
	text := slices.Concat(vector(t, "ssh/rsa-plain"), []byte("-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n"), vector(t, "ssh/ed25519"))
	c, err := SSHPrivate(text, secret)
	require.NoError(t, err)
	assert.Len(t, c.Keys, 2)

	// Each asks for 4 rounds.
	text = bytes.Repeat(vector(t, "ssh/ed25519"), maxRounds/4+1)
	_, err = (&opensshReader{password: "secret", rounds: maxRounds - 4}).read(pemBytes(t, text))
	require.NoError(t, err)
	_, err = (&opensshReader{password: "secret", rounds: maxRounds - 3}).read(pemBytes(t, text))
	require.ErrorContains(t, err, "4 bcrypt rounds: a file may ask for 1 to 128 in all")
}

// A key file is a block of one type with nothing before it, so that no prefix
// of it is whole. Inside, lengths are checked as well.
func TestTruncatedSSHPrivate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ed25519-plain", "p384-plain"} {
		data := vector(t, "ssh/"+name)
		assertNoPrefix(t, SSHPrivate, bytes.TrimSpace(data), secret)
		inner := pemBytes(t, data)
		for n := range inner {
			_, err := (&opensshReader{}).read(inner[:n])
			require.Error(t, err, "%d octets", n)
		}
	}
}

// pemBytes is what the first block of a text holds.
func pemBytes(t *testing.T, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	return block.Bytes
}

func TestSSHPrivateOfOtherKinds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"bad-gcm":     `cipher "aes256-gcm@openssh.com" is not supported`,
		"bad-chacha":  `cipher "chacha20-poly1305@openssh.com" is not supported`,
		"bad-dsa":     "a DSA key is not supported",
		"ed25519.pub": "there is no whole block of type OPENSSH PRIVATE KEY",
	} {
		_, err := SSHPrivate(vector(t, "ssh/"+name), secret)
		assert.ErrorContains(t, err, want, name)
	}
	_, err := SSHPrivate(make([]byte, maxText+1), secret)
	require.ErrorContains(t, err, "larger than the limit")
}

// openssh writes a block around what change makes of a file.
func openssh(t *testing.T, name string, change func(*opensshFile)) []byte {
	t.Helper()
	var file opensshFile
	inner := bytes.TrimPrefix(pemBytes(t, vector(t, "ssh/"+name)), []byte(opensshMagic))
	require.NoError(t, ssh.Unmarshal(inner, &file))
	change(&file)
	return pem.EncodeToMemory(&pem.Block{Type: opensshBlock, Bytes: append([]byte(opensshMagic), ssh.Marshal(file)...)})
}

// rounds are the options of bcrypt.
func rounds(salt string, n uint32) string {
	return string(ssh.Marshal(struct {
		Salt   string
		Rounds uint32
	}{salt, n}))
}

func TestBadSSHPrivate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		vector string
		change func(*opensshFile)
		want   string
	}{
		"rounds":        {"ed25519", func(f *opensshFile) { f.Options = rounds("salt", 129) }, "129 bcrypt rounds"},
		"many rounds":   {"ed25519", func(f *opensshFile) { f.Options = rounds("salt", 1<<32-1) }, "4294967295 bcrypt rounds"},
		"no rounds":     {"ed25519", func(f *opensshFile) { f.Options = rounds("salt", 0) }, "0 bcrypt rounds"},
		"no salt":       {"ed25519", func(f *opensshFile) { f.Options = rounds("", 1) }, "bcrypt salt of 0 octets"},
		"no options":    {"ed25519", func(f *opensshFile) { f.Options = "" }, "bcrypt options"},
		"other KDF":     {"ed25519", func(f *opensshFile) { f.KDF = "argon2" }, `key derivation "argon2" is not supported`},
		"no KDF":        {"ed25519", func(f *opensshFile) { f.KDF = "none" }, `key derivation "none" is not supported`},
		"no block":      {"ed25519", func(f *opensshFile) { f.Private = f.Private[1:] }, "not a multiple of 16"},
		"two keys":      {"ed25519-plain", func(f *opensshFile) { f.Count = 2 }, "it says that it has 2 keys"},
		"public part":   {"ed25519-plain", func(f *opensshFile) { f.Public = f.Public[:20] }, "public part"},
		"check number":  {"ed25519-plain", func(f *opensshFile) { f.Private[0] ^= 1 }, "its two check numbers differ"},
		"too large":     {"ed25519-plain", func(f *opensshFile) { f.Private = make([]byte, 3*maxKey) }, "larger than the limit of 32 KiB"},
		"after the end": {"ed25519-plain", func(f *opensshFile) { f.Tag = []byte{0} }, "1 octets after the end"},
		"padding":       {"ed25519-plain", func(f *opensshFile) { f.Private[len(f.Private)-1] ^= 1 }, "the padding is wrong"},
		"long padding":  {"p384-plain", func(f *opensshFile) { f.Private = append(f.Private, make([]byte, 16)...) }, "the padding is wrong"},
		"short":         {"rsa-plain", func(f *opensshFile) { f.Private = f.Private[:600] }, "the data is damaged"},
		"other public":  {"rsa-plain", func(f *opensshFile) { f.Public = publicBlob(t, "rsa") }, errMismatch.Error()},
		"other curve":   {"p384-plain", func(f *opensshFile) { f.Public = publicBlob(t, "p256") }, errMismatch.Error()},
		"other seed": {"ed25519-plain", func(f *opensshFile) {
			f.Private[8+len(f.Public)+4] ^= 1
		}, errMismatch.Error()},
		"other copy": {"ed25519-plain", func(f *opensshFile) {
			f.Private[8+len(f.Public)+4+32] ^= 1
		}, errMismatch.Error()},
		"other d": {"p384-plain", func(f *opensshFile) {
			f.Private[8+len(f.Public)+4+20] ^= 1
		}, errMismatch.Error()},
	} {
		c, err := SSHPrivate(openssh(t, row.vector, row.change), secret)
		require.ErrorContains(t, err, row.want, name)
		assert.Equal(t, Contents{}, c, name)
	}
	_, err := SSHPrivate(pem.EncodeToMemory(&pem.Block{Type: opensshBlock, Bytes: []byte("hello")}), secret)
	require.ErrorContains(t, err, "expected openssh-key-v1")
}

// publicBlob is the public key of a vector in its binary form.
func publicBlob(t *testing.T, name string) []byte {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey(vector(t, "ssh/"+name+".pub"))
	require.NoError(t, err)
	return key.Marshal()
}

// An RSA key whose numbers are in range and huge: checking it must not take long.
func TestHostileRSAInSSHPrivate(t *testing.T) {
	t.Parallel()
	n := hostileRSA(t)
	public := ssh.Marshal(struct {
		Type string
		E, N *big.Int
	}{ssh.KeyAlgoRSA, n.e, n.n})
	private := ssh.Marshal(struct {
		A, B             uint32
		Type             string
		N, E, D, I, P, Q *big.Int
		Comment          string
	}{1, 1, ssh.KeyAlgoRSA, n.n, n.e, n.d, big.NewInt(7), n.p, n.q, ""})
	data := openssh(t, "ed25519-plain", func(f *opensshFile) { f.Public, f.Private = public, private })
	require.ErrorIs(t, assertCheap(t, SSHPrivate, data), errMismatch)
}

// TestSSHKeysMadeAfresh reads what the ssh-keygen of this machine writes.
func TestSSHKeysMadeAfresh(t *testing.T) {
	t.Parallel()
	keygen := needs.Program(t, "ssh-keygen")
	for _, row := range [][]string{
		{"-t", "rsa", "-b", "1024", "-N", "pässword", "-a", "2"},
		{"-t", "ecdsa", "-b", "256", "-N", ""},
		{"-t", "ecdsa", "-b", "384", "-N", "pässword", "-Z", "aes256-cbc", "-a", "1"},
		{"-t", "ecdsa", "-b", "521", "-N", "pässword", "-Z", "aes128-ctr", "-a", "1"},
		{"-t", "ed25519", "-N", "pässword"},
	} {
		t.Run(strings.Join(row, " "), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			run(t, dir, keygen, append(row, "-q", "-f", "k")...)
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				return data
			}
			c, err := SSHPrivate(read("k"), Passwords{Key: "pässword"})
			key := onlyKey(t, c, err)
			c, err = SSHPublic(read("k.pub"), Passwords{})
			assert.Equal(t, key.Public(), onlyPublic(t, c, err))
			c, err = SSHPublic(run(t, dir, keygen, "-e", "-m", "RFC4716", "-f", "k.pub"), Passwords{})
			assert.Equal(t, key.Public(), onlyPublic(t, c, err))
		})
	}
}

// The secrets of a key type that parseSSHKey never returns.
func TestSSHSecretsOfAnUnknownType(t *testing.T) {
	t.Parallel()
	_, err := sshSecrets{}.join(crypto.PublicKey(rsa.PublicKey{}))
	require.ErrorContains(t, err, "rsa.PublicKey")
}

// Without a password, since bcrypt is far too slow to fuzz behind it.
func FuzzSSHPrivate(f *testing.F) {
	for _, name := range append(sshNames, "bad-gcm", "bad-dsa") {
		block, _ := pem.Decode(vector(f, "ssh/"+name))
		f.Add(block.Bytes)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := SSHPrivate(pem.EncodeToMemory(&pem.Block{Type: opensshBlock, Bytes: data}), Passwords{})
		check(t, c, err)
		c, err = SSHPrivate(data, Passwords{})
		check(t, c, err)
	})
}

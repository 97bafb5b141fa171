package keystore

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var ppkNames = []string{
	"rsa-v2", "rsa-v3", "rsa-v3-plain", "p256-v3", "p384-v2-plain", "p521-v3", "ed25519-v2", "ed25519-v3",
}

func TestPPKFiles(t *testing.T) {
	t.Parallel()
	for _, name := range ppkNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := vector(t, "ppk/"+name+".ppk")
			c, err := PPK(data, secret)
			key := onlyKey(t, c, err)
			c, err = SSHPublic(vector(t, "ppk/"+name+".pub"), Passwords{})
			assert.Equal(t, onlyPublic(t, c, err), key.Public(), "as puttygen says")

			for _, password := range []string{"", "hunter2", "secret ", "Secret"} {
				_, err := PPK(data, Passwords{Store: "secret", Key: password})
				switch {
				case strings.HasSuffix(name, "-plain"):
					require.NoError(t, err, "no password is needed")
				case password == "":
					require.ErrorIs(t, err, ErrNoPassword)
				default:
					require.ErrorIs(t, err, ErrPassword)
					assert.NotContains(t, err.Error(), password)
				}
			}
		})
	}
}

func TestPPKLineEnds(t *testing.T) {
	t.Parallel()
	data := bytes.ReplaceAll(vector(t, "ppk/ed25519-v3.ppk"), []byte("\r\n"), []byte("\n"))
	want, err := PPK(data, secret)
	require.NoError(t, err)
	for _, end := range []string{"\r", "\r\n"} {
		text := "\uFEFF\r\n" + strings.ReplaceAll(string(data), "\n", end)
		got, err := PPK([]byte(text), secret)
		require.NoError(t, err, "%q", end)
		assert.Equal(t, want, got)
	}
	_, err = PPK(bytes.TrimRight(data, "\n"), secret)
	require.NoError(t, err, "no line end after the last line")
}

func TestTruncatedPPK(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ed25519-v2", "rsa-v3-plain"} {
		assertNoPrefix(t, PPK, bytes.TrimRight(vector(t, "ppk/"+name+".ppk"), "\r\n"), secret)
	}
}

// Every octet counts: it is checked, or an error.
func TestDamagedPPK(t *testing.T) {
	t.Parallel()
	data := bytes.TrimRight(vector(t, "ppk/p384-v2-plain.ppk"), "\r\n")
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 4
		_, err := PPK(damaged, secret)
		require.Error(t, err, "octet %d", i)
	}
	damaged := bytes.Replace(data, []byte("Comment: edi"), []byte("Comment: edo"), 1)
	_, err := PPK(damaged, secret)
	require.ErrorContains(t, err, "Private-MAC")
	assert.NotErrorIs(t, err, ErrPassword)
}

func TestPPKOfOtherKinds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"bad-argon2d": `"Argon2d" is not supported`,
		"bad-ed448":   "an Ed448 key is not supported",
		"bad-dsa":     "a DSA key is not supported",
		"bad-cert":    "an OpenSSH certificate is not supported",
	} {
		_, err := PPK(vector(t, "ppk/"+name+".ppk"), secret)
		assert.ErrorContains(t, err, want, name)
	}
}

func TestBadPPK(t *testing.T) {
	t.Parallel()
	encrypted := string(vector(t, "ppk/p256-v3.ppk"))
	plain := string(vector(t, "ppk/rsa-v3-plain.ppk"))
	for _, row := range []struct{ text, old, new, want string }{
		{plain, plain, "", "line 0: expected PuTTY-User-Key-File-3"},
		{plain, "File-3: ssh-rsa", "File-3", "line 1: expected PuTTY-User-Key-File-3"},
		{plain, "File-3", "File-1", `version "1" is not supported`},
		{plain, "ssh-rsa", "ssh-xmss@openssh.com", `key type "ssh-xmss@openssh.com" is not supported`},
		{plain, "Encryption: none", "Encryption: aes128-ctr", `encryption "aes128-ctr" is not supported`},
		{plain, "Encryption: none", "Encryption: aes256-cbc", `line 11: expected "Key-Derivation"`},
		{plain, "Comment: ", "Remark: ", `line 3: expected "Comment"`},
		{plain, "Public-Lines: 6", "Public-Lines: 2000000000", "Public-Lines: the text ends"},
		{plain, "Public-Lines: 6", "Public-Lines: -6", "line 4: Public-Lines is not a number"},
		{plain, "Public-Lines: 6", "Public-Lines: 5", `line 10: expected "Private-Lines"`},
		{plain, "AAAAB3NzaC1yc2E", "AAAA*3NzaC1yc2E", "Public-Lines: not in base64"},
		{plain, "Private-MAC: ", "Private-MAC: x", "Private-MAC is not in hexadecimal"},
		{plain, "Private-MAC: ", "Private-MAC: 00", "the check value (Private-MAC) is wrong"},
		{plain, plain, strings.Repeat(" ", maxText+1), "larger than the limit of 512 KiB"},
		{plain, "Public-Lines: 6", "Public-Lines: 3000" + strings.Repeat("\n"+strings.Repeat("A", 64), 3000), "more than 32 KiB"},
		{encrypted, "ecdsa-sha2-nistp256\r", "ecdsa-sha2-nistp384\r", "password is wrong"},
		{encrypted, "Passes: 3", "Passes: 513", "Argon2-Passes 513: the limit is 512 at Argon2-Memory 1024"},
		{encrypted, "Passes: 3", "Passes: 0", "Argon2-Passes 0"},
		{encrypted, "Memory: 1024", "Memory: 65537", "Argon2-Memory 65537: expected 8 to 65536"},
		{encrypted, "Memory: 1024", "Memory: 2147483647", "Argon2-Memory 2147483647"},
		{encrypted, "Memory: 1024", "Memory: 2147483648", "Argon2-Memory is not a number"},
		{encrypted, "Memory: 1024", "Memory: 7", "expected 8 to"},
		{encrypted, "Parallelism: 1", "Parallelism: 65", "Argon2-Parallelism 65: the limit is 64"},
		{encrypted, "Parallelism: 1", "Parallelism: 0", "Argon2-Parallelism 0"},
		{encrypted, "Salt: ", "Salt: " + strings.Repeat("00", 1024), "Argon2-Salt of 1040 octets"},
		{encrypted, "Derivation: Argon2i", "Derivation: scrypt", `key derivation "scrypt"`},
	} {
		row.text = strings.ReplaceAll(row.text, "\r\n", "\n")
		row.old = strings.ReplaceAll(strings.ReplaceAll(row.old, "\r\n", "\n"), "\r", "\n")
		row.new = strings.ReplaceAll(row.new, "\r", "\n")
		require.Contains(t, row.text, row.old)
		c, err := PPK([]byte(strings.Replace(row.text, row.old, row.new, 1)), secret)
		require.ErrorContains(t, err, row.want, "%.60q", row.new)
		assert.Equal(t, Contents{}, c)
	}
}

// forgePPK writes a plain file of version 3 whose check value is right.
func forgePPK(public, private []byte, algorithm string) []byte {
	f := &ppkFile{version: 3, algorithm: algorithm, encryption: "none", public: public, private: private}
	keys, _ := f.derive("", false)
	return fmt.Appendf(nil, "PuTTY-User-Key-File-3: %s\nEncryption: none\nComment: \nPublic-Lines: 1\n%s\nPrivate-Lines: 1\n%s\nPrivate-MAC: %x\n",
		algorithm, base64.StdEncoding.EncodeToString(public), base64.StdEncoding.EncodeToString(private), f.sum(keys))
}

func TestPPKPartsOfDifferentKeys(t *testing.T) {
	t.Parallel()
	one := plainPPK(t, "rsa-v3-plain")
	other := plainPPK(t, "p384-v2-plain")
	_, err := PPK(forgePPK(one.public, one.private, "ssh-rsa"), secret)
	require.NoError(t, err, "the forger works")
	_, err = PPK(forgePPK(one.public, one.private, "ssh-ed25519"), secret)
	require.ErrorContains(t, err, "the file says ssh-ed25519, its public part says ssh-rsa")
	_, err = PPK(forgePPK(one.public, other.private, "ssh-rsa"), secret)
	require.ErrorContains(t, err, "private part")
	_, err = PPK(forgePPK(one.public[:40], one.private, "ssh-rsa"), secret)
	require.ErrorContains(t, err, "public part")

	changed := bytes.Clone(one.private)
	changed[20] ^= 1 // in d
	_, err = PPK(forgePPK(one.public, changed, "ssh-rsa"), secret)
	require.ErrorIs(t, err, errMismatch)
	changed = bytes.Clone(other.private)
	changed[20] ^= 1
	_, err = PPK(forgePPK(other.public, changed, "ecdsa-sha2-nistp384"), secret)
	require.ErrorIs(t, err, errMismatch)
}

// TestPPKMadeAfresh reads what the puttygen of this machine writes.
func TestPPKMadeAfresh(t *testing.T) {
	t.Parallel()
	puttygen := needs.Program(t, "puttygen")
	for _, row := range [][]string{
		{"rsa", "1024", "version=2"},
		{"rsa", "1024", "version=3,kdf=argon2i,memory=256,passes=1"},
		{"ecdsa", "256", "version=3,passes=1"},
		{"ecdsa", "384", "version=2"},
		{"ecdsa", "521", "version=3,memory=256,passes=1,parallelism=2"},
		{"ed25519", "255", "version=3,passes=1"},
	} {
		t.Run(strings.Join(row, " "), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "pw"), []byte("pässword"), 0o600))
			run(t, dir, puttygen, "-q", "-t", row[0], "-b", row[1], "-o", "k.ppk", "--new-passphrase", "pw", "--ppk-param", row[2])
			run(t, dir, puttygen, "k.ppk", "--old-passphrase", "pw", "-p", "-o", "k.pub")
			run(t, dir, puttygen, "k.ppk", "--old-passphrase", "pw", "--new-passphrase", "pw", "-O", "private-openssh-new", "-o", "k.ssh")
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				return data
			}
			c, err := PPK(read("k.ppk"), Passwords{Key: "pässword"})
			key := onlyKey(t, c, err)
			c, err = SSHPublic(read("k.pub"), Passwords{})
			assert.Equal(t, key.Public(), onlyPublic(t, c, err))
			c, err = SSHPrivate(read("k.ssh"), Passwords{Key: "pässword"})
			assert.Equal(t, key, onlyKey(t, c, err))
		})
	}
}

// With little Argon2, which is far too slow to fuzz behind it.
func FuzzPPK(f *testing.F) {
	for _, name := range append(ppkNames, "bad-argon2d", "bad-dsa") {
		f.Add(vector(f, "ppk/"+name+".ppk"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if file, err := parsePPK(data); err == nil && file.kdf.memory > 0 && file.kdf.passes > 16/file.kdf.memory {
			t.Skip("more Argon2 than a fuzzer has time for")
		}
		c, err := PPK(data, secret)
		check(t, c, err)
	})
}

// What stands behind the check value.
func FuzzPPKParts(f *testing.F) {
	for _, name := range []string{"rsa-v3-plain", "p384-v2-plain"} {
		file, err := parsePPK(vector(f, "ppk/"+name+".ppk"))
		require.NoError(f, err)
		f.Add(file.public, file.private, file.algorithm)
	}
	f.Fuzz(func(t *testing.T, public, private []byte, algorithm string) {
		c, err := PPK(forgePPK(public, private, algorithm), Passwords{})
		check(t, c, err)
	})
}

// plainPPK takes a plain file apart.
func plainPPK(t *testing.T, name string) *ppkFile {
	t.Helper()
	file, err := parsePPK(vector(t, "ppk/"+name+".ppk"))
	require.NoError(t, err)
	return file
}

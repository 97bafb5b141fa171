package keystore

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/ssh"
)

// Limits of Argon2 in a PPK file. PuTTY itself takes 8 MiB, one lane and as
// many passes as last a tenth of a second, about 20.
const (
	maxArgonMemory = 64 << 10  // KiB
	maxArgonWork   = 512 << 10 // KiB times passes: up to a second
	maxArgonLanes  = 64
	maxArgonSalt   = 1024
)

// ppkEncryption is the only cipher of PuTTY's files; "none" stands for a plain key.
const ppkEncryption = "aes256-cbc"

// argonKinds are the variants of Argon2 that golang.org/x/crypto has.
var argonKinds = map[string]func(password, salt []byte, passes, memory uint32, lanes uint8, size uint32) []byte{
	"Argon2i":  argon2.Key,
	"Argon2id": argon2.IDKey,
}

// ppkFile is a PuTTY private key of version 2 or 3, as it is written.
type ppkFile struct {
	version                        int
	algorithm, encryption, comment string
	public                         []byte
	kdf                            argonParams
	private                        []byte // decrypted by open
	mac                            []byte
}

// argonParams are the lines of an encrypted file of version 3.
type argonParams struct {
	kind                  string
	memory, passes, lanes int // memory in KiB
	salt                  []byte
}

// PPK reads a private key of PuTTY, versions 2 and 3: RSA, ECDSA and Ed25519.
// The password is pw.Key.
func PPK(data []byte, pw Passwords) (Contents, error) {
	file, err := parsePPK(data)
	if err != nil {
		return Contents{}, fmt.Errorf("PuTTY key: %w", err)
	}
	key, err := file.key(pw.Key)
	if err != nil {
		return Contents{}, fmt.Errorf("PuTTY key: %w", err)
	}
	var c Contents
	err = c.AddKey(key)
	return c, err
}

// key opens the file and joins its two parts.
func (f *ppkFile) key(password string) (crypto.Signer, error) {
	if err := checkSSHType(f.algorithm); err != nil {
		return nil, err
	}
	if err := f.open(password); err != nil {
		return nil, err
	}
	name, public, err := parseSSHKey(f.public)
	if err != nil {
		return nil, fmt.Errorf("public part: %w", err)
	}
	if name != f.algorithm {
		return nil, fmt.Errorf("the file says %s, its public part says %s", f.algorithm, name)
	}
	secrets, err := f.secrets(public)
	if err != nil {
		return nil, fmt.Errorf("private part: %w", err)
	}
	return secrets.join(public)
}

// open decrypts the private part and checks the integrity of the whole file.
func (f *ppkFile) open(password string) error {
	encrypted := f.encryption == ppkEncryption
	switch {
	case !encrypted && f.encryption != "none":
		return fmt.Errorf("encryption %.40q is not supported, only %s is", f.encryption, ppkEncryption)
	case encrypted && password == "":
		return ErrNoPassword
	case encrypted && len(f.private)%aes.BlockSize != 0:
		return fmt.Errorf("private part of %d octets: not a multiple of %d", len(f.private), aes.BlockSize)
	case !encrypted:
		password = ""
	}
	keys, err := f.derive(password, encrypted)
	if err != nil {
		return err
	}
	if encrypted {
		block, err := aes.NewCipher(keys.cipher)
		if err != nil {
			return err
		}
		cipher.NewCBCDecrypter(block, keys.iv).CryptBlocks(f.private, f.private)
	}
	switch intact := hmac.Equal(f.mac, f.sum(keys)); {
	case !intact && encrypted:
		return ErrPassword
	case !intact:
		return errors.New("the data is damaged: the check value (Private-MAC) is wrong")
	}
	return nil
}

// ppkKeys are what a password gives.
type ppkKeys struct {
	cipher, iv, mac []byte
	hash            func() hash.Hash // of the check value
}

// derive makes the keys. A plain file has only a key for the check value,
// which in version 3 is empty.
func (f *ppkFile) derive(password string, encrypted bool) (ppkKeys, error) {
	if f.version == 2 {
		mac := sha1.Sum([]byte("putty-private-key-file-mac-key" + password))
		first := sha1.Sum([]byte("\x00\x00\x00\x00" + password))
		second := sha1.Sum([]byte("\x00\x00\x00\x01" + password))
		return ppkKeys{append(first[:], second[:]...)[:32], make([]byte, aes.BlockSize), mac[:], sha1.New}, nil
	}
	if !encrypted {
		return ppkKeys{hash: sha256.New}, nil
	}
	key, err := f.kdf.derive(password)
	if err != nil {
		return ppkKeys{}, err
	}
	return ppkKeys{key[:32], key[32:48], key[48:], sha256.New}, nil
}

// derive computes the 80 octets of a file of version 3, unless that costs too much.
func (a argonParams) derive(password string) ([]byte, error) {
	kind, ok := argonKinds[a.kind]
	switch {
	case !ok:
		return nil, fmt.Errorf("key derivation %.40q is not supported: write the file anew with Argon2id", a.kind)
	case a.lanes < 1 || a.lanes > maxArgonLanes:
		return nil, fmt.Errorf("Argon2-Parallelism %d: the limit is %d", a.lanes, maxArgonLanes)
	case a.memory < 8*a.lanes || a.memory > maxArgonMemory: // RFC 9106, section 3.1
		return nil, fmt.Errorf("Argon2-Memory %d: expected %d to %d (KiB)", a.memory, 8*a.lanes, maxArgonMemory)
	case a.passes < 1 || a.passes > maxArgonWork/a.memory:
		return nil, fmt.Errorf("Argon2-Passes %d: the limit is %d at Argon2-Memory %d", a.passes, maxArgonWork/a.memory, a.memory)
	case len(a.salt) > maxArgonSalt:
		return nil, fmt.Errorf("Argon2-Salt of %d octets: the limit is %d", len(a.salt), maxArgonSalt)
	}
	return kind([]byte(password), a.salt, uint32(a.passes), uint32(a.memory), uint8(a.lanes), 80), nil
}

// sum is the check value over all that the file says.
func (f *ppkFile) sum(keys ppkKeys) []byte {
	mac := hmac.New(keys.hash, keys.mac)
	for _, part := range [][]byte{[]byte(f.algorithm), []byte(f.encryption), []byte(f.comment), f.public, f.private} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// secrets reads the private part, which may end in padding.
func (f *ppkFile) secrets(public crypto.PublicKey) (sshSecrets, error) {
	switch public.(type) {
	case *rsa.PublicKey:
		var v struct {
			D, P, Q, Inv *big.Int
			Padding      []byte `ssh:"rest"`
		}
		err := ssh.Unmarshal(f.private, &v)
		return sshSecrets{D: v.D, P: v.P, Q: v.Q, Inv: v.Inv}, err
	case *ecdsa.PublicKey:
		var v struct {
			D       *big.Int
			Padding []byte `ssh:"rest"`
		}
		err := ssh.Unmarshal(f.private, &v)
		return sshSecrets{D: v.D}, err
	default:
		var v struct {
			Seed    []byte
			Padding []byte `ssh:"rest"`
		}
		err := ssh.Unmarshal(f.private, &v)
		return sshSecrets{Seed: v.Seed}, err
	}
}

// parsePPK takes the lines apart. Their order is fixed.
func parsePPK(data []byte) (*ppkFile, error) {
	text, err := trimText(data)
	if err != nil {
		return nil, err
	}
	r := ppkReader{lines: lineReader{rest: text}}
	f := &ppkFile{}
	f.version, f.algorithm = r.first()
	f.encryption = r.value("Encryption")
	f.comment = r.value("Comment")
	f.public = r.blob("Public-Lines")
	if f.version == 3 && f.encryption == ppkEncryption {
		f.kdf = argonParams{
			kind:   r.value("Key-Derivation"),
			memory: r.number("Argon2-Memory"),
			passes: r.number("Argon2-Passes"),
			lanes:  r.number("Argon2-Parallelism"),
			salt:   r.hex("Argon2-Salt"),
		}
	}
	f.private = r.blob("Private-Lines")
	f.mac = r.hex("Private-MAC")
	return f, r.err
}

// ppkReader reads one line after the other; its first error stays.
type ppkReader struct {
	lines lineReader
	err   error
}

func (r *ppkReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("line %d: %w", r.lines.number, fmt.Errorf(format, args...))
	}
}

// first reads "PuTTY-User-Key-File-" with version and key type.
func (r *ppkReader) first() (version int, algorithm string) {
	line, _ := r.lines.next()
	number, ok := bytes.CutPrefix(line, []byte("PuTTY-User-Key-File-"))
	name, algorithm, colon := strings.Cut(string(number), ": ")
	switch {
	case !ok || !colon:
		r.fail("expected PuTTY-User-Key-File-3 and a key type")
	case name != "2" && name != "3":
		r.fail("version %.10q is not supported, 2 and 3 are", name)
	}
	version, _ = strconv.Atoi(name)
	return version, algorithm
}

// value reads the line of that name.
func (r *ppkReader) value(name string) string {
	if r.err != nil {
		return ""
	}
	line, _ := r.lines.next()
	value, ok := bytes.CutPrefix(line, []byte(name+": "))
	if !ok {
		r.fail("expected %q", name)
	}
	return string(value)
}

func (r *ppkReader) number(name string) int {
	n, err := strconv.ParseUint(r.value(name), 10, 31)
	if err != nil {
		r.fail("%s is not a number from 0 to 2147483647", name)
	}
	return int(n)
}

func (r *ppkReader) hex(name string) []byte {
	octets, err := hex.DecodeString(r.value(name))
	if err != nil {
		r.fail("%s is not in hexadecimal", name)
	}
	return octets
}

// blob reads a number of lines in base64.
func (r *ppkReader) blob(name string) []byte {
	var text []byte
	for range r.number(name) {
		line, ok := r.lines.next()
		if text = append(text, line...); !ok || len(text) > 2*maxKey {
			r.fail("%s: the text ends before, or they are more than %d KiB", name, 2*maxKey>>10)
			return nil
		}
	}
	octets, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		r.fail("%s: not in base64", name)
	}
	return octets
}

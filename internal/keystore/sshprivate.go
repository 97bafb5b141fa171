package keystore

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/ssh"
)

const (
	opensshBlock = "OPENSSH PRIVATE KEY"
	opensshMagic = "openssh-key-v1\x00"

	// maxRounds is what the bcrypt of all keys of a file may cost: about a second.
	// ssh-keygen takes 16 or 24; its -a option, more.
	maxRounds = 128
)

// opensshFile is the outer form of a key, see PROTOCOL.key of OpenSSH.
type opensshFile struct {
	Cipher, KDF, Options string
	Count                uint32
	Public, Private      []byte
	Tag                  []byte `ssh:"rest"` // of ciphers that are not supported
}

// opensshReader opens the keys of one text.
type opensshReader struct {
	password string
	rounds   int // spent on all keys so far
}

// SSHPrivate reads the blocks "OPENSSH PRIVATE KEY" of a PEM text; it passes
// over blocks of other types. The password is pw.Key.
func SSHPrivate(data []byte, pw Passwords) (Contents, error) {
	text, err := trimText(data)
	if err != nil {
		return Contents{}, err
	}
	var c Contents
	reader := opensshReader{password: pw.Key}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != opensshBlock {
			continue
		}
		key, err := reader.read(block.Bytes)
		if err != nil {
			return Contents{}, fmt.Errorf("OpenSSH private key %d: %w", len(c.Keys)+1, err)
		}
		if err := c.AddKey(key); err != nil {
			return Contents{}, err
		}
	}
	if len(c.Keys) == 0 {
		return Contents{}, errors.New("there is no whole block of type " + opensshBlock + " in it")
	}
	return c, nil
}

// read opens one key and joins its two parts.
func (r *opensshReader) read(data []byte) (crypto.Signer, error) {
	rest, ok := bytes.CutPrefix(data, []byte(opensshMagic))
	if !ok {
		return nil, errors.New("expected openssh-key-v1 at the start")
	}
	if len(rest) > 2*maxKey {
		return nil, fmt.Errorf("larger than the limit of %d KiB", 2*maxKey>>10)
	}
	var file opensshFile
	if err := ssh.Unmarshal(rest, &file); err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	if file.Count != 1 {
		return nil, fmt.Errorf("it says that it has %d keys: expected 1", file.Count)
	}
	_, public, err := parseSSHKey(file.Public)
	if err != nil {
		return nil, fmt.Errorf("public part: %w", err)
	}
	plain, err := r.decrypt(file)
	if err != nil {
		return nil, err
	}
	if len(file.Tag) > 0 {
		return nil, fmt.Errorf("damaged: %d octets after the end", len(file.Tag))
	}
	secrets, err := opensshSecrets(plain, file.Public, public)
	if errors.Is(err, errCheckNumbers) && file.Cipher != "none" {
		return nil, ErrPassword
	}
	if err != nil {
		return nil, fmt.Errorf("private part: %w", err)
	}
	return secrets.join(public)
}

// opensshCiphers are the ciphers without a check value of their own.
var opensshCiphers = map[string]struct {
	keySize int
	stream  func(block cipher.Block, iv []byte) func(dst, src []byte)
}{
	"aes128-ctr": {16, counter},
	"aes192-ctr": {24, counter},
	"aes256-ctr": {32, counter},
	"aes128-cbc": {16, chained},
	"aes192-cbc": {24, chained},
	"aes256-cbc": {32, chained},
}

func counter(block cipher.Block, iv []byte) func(dst, src []byte) {
	return cipher.NewCTR(block, iv).XORKeyStream
}

func chained(block cipher.Block, iv []byte) func(dst, src []byte) {
	return cipher.NewCBCDecrypter(block, iv).CryptBlocks
}

// decrypt returns the private part in the clear.
func (r *opensshReader) decrypt(file opensshFile) ([]byte, error) {
	if file.Cipher == "none" && file.KDF == "none" {
		return file.Private, nil
	}
	c, ok := opensshCiphers[file.Cipher]
	switch {
	case !ok:
		return nil, fmt.Errorf("cipher %.40q is not supported: write the key anew with ssh-keygen -p -Z aes256-ctr", file.Cipher)
	case file.KDF != "bcrypt":
		return nil, fmt.Errorf("key derivation %.40q is not supported, only bcrypt is", file.KDF)
	case len(file.Private)%aes.BlockSize != 0:
		return nil, fmt.Errorf("private part of %d octets: not a multiple of %d", len(file.Private), aes.BlockSize)
	case r.password == "":
		return nil, ErrNoPassword
	}
	key, err := r.derive(file.Options, c.keySize+aes.BlockSize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:c.keySize])
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(file.Private))
	c.stream(block, key[c.keySize:])(plain, file.Private)
	return plain, nil
}

// derive spends rounds of bcrypt on key and initialization vector.
func (r *opensshReader) derive(options string, size int) ([]byte, error) {
	var kdf struct {
		Salt   []byte
		Rounds uint32
	}
	if err := ssh.Unmarshal([]byte(options), &kdf); err != nil {
		return nil, fmt.Errorf("bcrypt options: %w", err)
	}
	switch left := maxRounds - r.rounds; {
	case len(kdf.Salt) == 0 || len(kdf.Salt) > maxKey:
		return nil, fmt.Errorf("bcrypt salt of %d octets", len(kdf.Salt))
	case kdf.Rounds < 1 || kdf.Rounds > uint32(left):
		return nil, fmt.Errorf("%d bcrypt rounds: a file may ask for 1 to %d in all; write the key anew with ssh-keygen -p -a 64",
			kdf.Rounds, maxRounds)
	}
	r.rounds += int(kdf.Rounds)
	return bcryptKey([]byte(r.password), kdf.Salt, int(kdf.Rounds), size)
}

// errCheckNumbers tells that decrypting gave nonsense.
var errCheckNumbers = errors.New("the data is damaged: its two check numbers differ")

// opensshSecrets reads the private part, which starts with two equal numbers
// and repeats the public part.
func opensshSecrets(plain, blob []byte, public crypto.PublicKey) (sshSecrets, error) {
	var head struct {
		Check1, Check2 uint32
		Rest           []byte `ssh:"rest"`
	}
	if err := ssh.Unmarshal(plain, &head); err != nil || head.Check1 != head.Check2 {
		return sshSecrets{}, errCheckNumbers
	}
	if k, ok := public.(*rsa.PublicKey); ok { // in another order
		blob = ssh.Marshal(struct {
			Type string
			N, E *big.Int
		}{ssh.KeyAlgoRSA, k.N, big.NewInt(int64(k.E))})
	}
	private, ok := bytes.CutPrefix(head.Rest, blob)
	if !ok {
		return sshSecrets{}, errMismatch
	}
	secrets, padding, err := opensshNumbers(private, public)
	if err != nil {
		return sshSecrets{}, fmt.Errorf("the data is damaged: %w", err)
	}
	for i, octet := range padding {
		if int(octet) != i+1 || i >= aes.BlockSize {
			return sshSecrets{}, errors.New("the data is damaged: the padding is wrong")
		}
	}
	return secrets, nil
}

// opensshNumbers reads what follows the repeated public part.
func opensshNumbers(private []byte, public crypto.PublicKey) (s sshSecrets, padding []byte, err error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		var v struct {
			D, Inv, P, Q *big.Int
			Comment      string
			Padding      []byte `ssh:"rest"`
		}
		err = ssh.Unmarshal(private, &v)
		return sshSecrets{D: v.D, P: v.P, Q: v.Q, Inv: v.Inv}, v.Padding, err
	case *ecdsa.PublicKey:
		var v struct {
			D       *big.Int
			Comment string
			Padding []byte `ssh:"rest"`
		}
		err = ssh.Unmarshal(private, &v)
		return sshSecrets{D: v.D}, v.Padding, err
	case ed25519.PublicKey:
		var v struct {
			Key     []byte // the seed, then the public key once more
			Comment string
			Padding []byte `ssh:"rest"`
		}
		err = ssh.Unmarshal(private, &v)
		seed, ok := bytes.CutSuffix(v.Key, public)
		if err == nil && !ok {
			err = errMismatch
		}
		return sshSecrets{Seed: seed}, v.Padding, err
	}
	return s, nil, fmt.Errorf("a key of type %T has no private form here", public)
}

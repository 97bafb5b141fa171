package certstore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ediport/ediport/internal/keystore"
	"github.com/ediport/ediport/internal/pbe"
)

// maxKey bounds the DER of a private key: an RSA key of 16,384 bits has 9 KiB,
// and checking a much larger one would take minutes.
const maxKey = 16 << 10

// maxKeys bounds all private keys of one store: checking the worst takes a second.
const maxKeys = 512 << 10

var errKeysTooLarge = fmt.Errorf("private keys of more than %d KiB together", maxKeys>>10)

// pemReader collects the blocks of one PEM text.
type pemReader struct {
	contents
	decrypter pbe.Decrypter
	password  string
	octets    int      // of private keys
	openssh   []byte   // blocks in OpenSSH's own form, which share a budget for their passwords
	skipped   []string // types of blocks that are neither certificate nor key
}

// blockReaders has what a PEM block of each type is.
var blockReaders = map[string]func(*pemReader, *pem.Block) error{
	"CERTIFICATE":           (*pemReader).certificate,
	"X509 CERTIFICATE":      (*pemReader).certificate,
	"TRUSTED CERTIFICATE":   (*pemReader).certificate,
	"PRIVATE KEY":           (*pemReader).privateKey,
	"RSA PRIVATE KEY":       (*pemReader).privateKey,
	"OPENSSH PRIVATE KEY":   (*pemReader).openSSH,
	"EC PRIVATE KEY":        (*pemReader).privateKey,
	"ENCRYPTED PRIVATE KEY": (*pemReader).privateKey,
	"PUBLIC KEY":            (*pemReader).publicKey,
	"RSA PUBLIC KEY":        (*pemReader).publicKey,
}

// foreignKeys are private keys that PEM armour can hold and this reader cannot
// open; skipping them silently would look like a missing key.
var foreignKeys = []string{"DSA PRIVATE KEY", "ANY PRIVATE KEY"}

// parsePEM reads the certificates and keys of a PEM text in any order, or one
// private key in DER.
func parsePEM(data []byte, pw passwords) (contents, error) {
	r := &pemReader{password: pw.key}
	if isSequence(data) {
		err := r.privateKey(&pem.Block{Bytes: data})
		return r.contents, err
	}
	if err := pemBlocks(data, r.block); err != nil {
		return contents{}, err
	}
	if err := r.openSSHKeys(); err != nil {
		return contents{}, err
	}
	return r.contents, r.check()
}

// pemBlocks calls read for each block of a text. pem.Decode passes over what is
// cut off or damaged; here it is an error, because the user will miss it.
func pemBlocks(data []byte, read func(*pem.Block) error) error {
	blocks := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		if err := read(block); err != nil {
			return err
		}
	}
	begun := bytes.Count(data, append([]byte("\n"), pemMarker...))
	if bytes.HasPrefix(data, pemMarker) {
		begun++
	}
	if begun > blocks {
		return fmt.Errorf("%d PEM blocks begin, and %d can be read: the text is cut off or damaged", begun, blocks)
	}
	return nil
}

func (r *pemReader) block(block *pem.Block) error {
	if slices.Contains(foreignKeys, block.Type) {
		return fmt.Errorf("a block of type %s is not supported: convert the key to PKCS #8", block.Type)
	}
	read, ok := blockReaders[block.Type]
	if !ok {
		return r.skip(block)
	}
	return read(r, block)
}

// skip remembers the first few blocks that nothing was read from.
func (r *pemReader) skip(block *pem.Block) error {
	if len(r.skipped) < 5 {
		r.skipped = append(r.skipped, fmt.Sprintf("%.40q", block.Type))
	}
	return nil
}

// check names the blocks of a text that has nothing usable.
func (r *pemReader) check() error {
	err := r.contents.check()
	if err != nil && len(r.skipped) > 0 {
		return fmt.Errorf("%w, only blocks of type %s", err, strings.Join(r.skipped, ", "))
	}
	return err
}

// certificate reads one certificate. OpenSSL's trusted certificates have more
// data after it.
func (r *pemReader) certificate(block *pem.Block) error {
	var first asn1.RawValue
	if _, err := asn1.Unmarshal(block.Bytes, &first); err != nil {
		return fmt.Errorf("certificate %d: %w", len(r.certs)+1, err)
	}
	return r.addCertificate(first.FullBytes)
}

func (r *pemReader) privateKey(block *pem.Block) error {
	if r.octets += len(block.Bytes); r.octets > maxKeys {
		return errKeysTooLarge
	}
	key, err := r.decrypt(block)
	if err != nil {
		return fmt.Errorf("private key %d: %w", len(r.keys)+1, err)
	}
	return r.addKey(key)
}

// openSSH puts a key in OpenSSH's own form aside.
func (r *pemReader) openSSH(block *pem.Block) error {
	r.openssh = append(r.openssh, pem.EncodeToMemory(block)...)
	return nil
}

// openSSHKeys reads the keys that openSSH has put aside.
func (r *pemReader) openSSHKeys() error {
	if len(r.openssh) == 0 {
		return nil
	}
	found, err := keystore.SSHPrivate(r.openssh, keystore.Passwords{Key: r.password})
	if err != nil {
		return explainKeystore(err)
	}
	for _, key := range found.Keys {
		if err := r.addKey(key); err != nil {
			return err
		}
	}
	return nil
}

// decrypt opens a key in any of its forms: old PEM encryption (RFC 1421
// headers), encrypted PKCS #8, or plain.
func (r *pemReader) decrypt(block *pem.Block) (crypto.Signer, error) {
	//lint:ignore SA1019 files of this kind exist, and nothing else reads them
	if x509.IsEncryptedPEMBlock(block) {
		return r.decryptLegacy(block)
	}
	if !isEncryptedKey(block.Bytes) {
		return parseKey(block.Bytes)
	}
	plain, err := r.decrypter.DecryptKey(block.Bytes, r.password)
	if err != nil {
		return nil, r.explain(err)
	}
	key, err := parseKey(plain)
	if err != nil {
		return nil, suspectPassword(err)
	}
	return key, nil
}

// decryptLegacy opens a block with a DEK-Info header. Its encryption has no
// check but the padding, so that a key which does not parse counts as a wrong password.
func (r *pemReader) decryptLegacy(block *pem.Block) (crypto.Signer, error) {
	//lint:ignore SA1019 as above
	plain, err := x509.DecryptPEMBlock(block, []byte(r.password))
	if errors.Is(err, x509.IncorrectPasswordError) {
		err = ErrPassword
	}
	if err != nil {
		return nil, r.explain(err)
	}
	key, err := parseKey(plain)
	if err != nil {
		return nil, suspectPassword(err)
	}
	return key, nil
}

// explain tells a missing password from a wrong one.
func (r *pemReader) explain(err error) error {
	if r.password == "" && errors.Is(err, ErrPassword) {
		return errNoPassword
	}
	return err
}

func (r *pemReader) publicKey(block *pem.Block) error {
	if len(block.Bytes) > maxKey {
		return errKeyTooLarge
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	}
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	r.publics = append(r.publics, public)
	return nil
}

var errKeyTooLarge = fmt.Errorf("key larger than the limit of %d KiB", maxKey>>10)

// isEncryptedKey reports whether der is SEQUENCE { SEQUENCE ... }: the form of
// EncryptedPrivateKeyInfo. Every plain private key starts with a version number.
func isEncryptedKey(der []byte) bool {
	var outer, first asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return false
	}
	_, err := asn1.Unmarshal(outer.Bytes, &first)
	return err == nil && first.Tag == asn1.TagSequence
}

// parseKey reads a private key in PKCS #8, PKCS #1 or SEC 1.
func parseKey(der []byte) (crypto.Signer, error) {
	if len(der) > maxKey {
		return nil, errKeyTooLarge
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("neither PKCS #8, PKCS #1 nor SEC 1 of an RSA, ECDSA or Ed25519 key")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}
	return signer, nil
}

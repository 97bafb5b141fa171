package devicekey

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

type rsaKey struct {
	public *rsa.PublicKey
	device Device
}

// Public returns an *rsa.PublicKey.
func (k *rsaKey) Public() crypto.PublicKey { return k.public }

// Sign signs a digest with PSS when opts is an *rsa.PSSOptions, else with PKCS #1 v1.5.
func (k *rsaKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	op, err := k.signing(opts)
	if err != nil {
		return nil, err
	}
	if op.Hash != 0 && len(digest) != op.Hash.Size() {
		return nil, fmt.Errorf("a digest of %d octets is none of %v", len(digest), op.Hash)
	}
	return k.device.Sign(op, digest)
}

func (k *rsaKey) signing(opts crypto.SignerOpts) (Operation, error) {
	if opts == nil {
		return Operation{}, errors.New("signing with RSA: the hash is not given")
	}
	hash := opts.HashFunc()
	pss, ok := opts.(*rsa.PSSOptions)
	if !ok {
		op := Operation{Scheme: PKCS1v15, Hash: hash}
		if hash == 0 || hash == crypto.MD5SHA1 {
			return op, nil
		}
		return op, checkHash(op.Scheme, hash)
	}
	op := Operation{Scheme: PSS, Hash: hash, MGFHash: hash}
	if err := checkHash(op.Scheme, hash); err != nil {
		return op, err
	}
	var err error
	op.SaltLength, err = k.saltLength(pss.SaltLength, hash)
	return op, err
}

// saltLength is the number of octets that an *rsa.PSSOptions means.
func (k *rsaKey) saltLength(wanted int, hash crypto.Hash) (int, error) {
	longest := (k.public.N.BitLen()-1+7)/8 - 2 - hash.Size() // RFC 8017, section 9.1.1
	switch wanted {
	case rsa.PSSSaltLengthAuto:
		wanted = longest
	case rsa.PSSSaltLengthEqualsHash:
		wanted = hash.Size()
	}
	if wanted < 0 || wanted > longest {
		return 0, fmt.Errorf("RSA-PSS with %v and a salt of %d octets does not fit a key of %d bits", hash, wanted, k.public.N.BitLen())
	}
	return wanted, nil
}

// Decrypt takes opts as [rsa.PrivateKey.Decrypt] does: nil or an
// *rsa.PKCS1v15DecryptOptions for PKCS #1 v1.5, an *rsa.OAEPOptions for OAEP.
func (k *rsaKey) Decrypt(random io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if len(ciphertext) != k.public.Size() {
		return nil, fmt.Errorf("a ciphertext of %d octets is none of a key of %d bits", len(ciphertext), k.public.N.BitLen())
	}
	switch opts := opts.(type) {
	case nil:
		return k.device.Decrypt(Operation{Scheme: PKCS1v15}, ciphertext)
	//lint:ignore SA1019 crypto/tls asks for it, with a key exchange that old peers need
	case *rsa.PKCS1v15DecryptOptions:
		if opts.SessionKeyLen > 0 {
			return k.sessionKey(random, ciphertext, opts.SessionKeyLen)
		}
		return k.device.Decrypt(Operation{Scheme: PKCS1v15}, ciphertext)
	case *rsa.OAEPOptions:
		return k.decryptOAEP(ciphertext, opts)
	}
	return nil, fmt.Errorf("decrypting with RSA: options of type %T are not known", opts)
}

func (k *rsaKey) decryptOAEP(ciphertext []byte, opts *rsa.OAEPOptions) ([]byte, error) {
	op := Operation{Scheme: OAEP, Hash: opts.Hash, MGFHash: opts.MGFHash, Label: opts.Label}
	if op.MGFHash == 0 {
		op.MGFHash = op.Hash
	}
	for _, hash := range []crypto.Hash{op.Hash, op.MGFHash} {
		if err := checkHash(OAEP, hash); err != nil {
			return nil, err
		}
	}
	return k.device.Decrypt(op, ciphertext)
}

// sessionKey returns a random key when the ciphertext does not hold one of that
// length: who sent it must not learn that (RFC 5246, section 7.4.7.1). A device
// that fails cannot be told from a bad ciphertext, so that a TLS handshake then
// ends with a bad Finished message.
func (k *rsaKey) sessionKey(random io.Reader, ciphertext []byte, length int) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	key := make([]byte, length)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("making a random session key: %w", err)
	}
	plain, err := k.device.Decrypt(Operation{Scheme: PKCS1v15}, ciphertext)
	good := 1
	if err != nil || len(plain) != length {
		good, plain = 0, make([]byte, length)
	}
	subtle.ConstantTimeCopy(good, key, plain)
	return key, nil
}

// Package devicekey makes a [crypto.Signer], and for RSA a [crypto.Decrypter],
// of a private key that stays inside a device: a token, a smart card, or a key
// container of the operating system.
//
// A [Device] does the arithmetic only. What the standard library's keys do
// around it is here: the options that callers pass, the lengths of digests, the
// forms of signatures, and TLS's way with a bad RSA ciphertext.
package devicekey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"
)

// A Device computes with one private key. Its methods may be called by several
// goroutines at once.
type Device interface {
	// Sign returns the signature of a digest, or of a message for [Ed25519]:
	// for RSA as many octets as the modulus has; for ECDSA the numbers r and s
	// one after the other, both as long as the order of the curve.
	Sign(op Operation, digest []byte) ([]byte, error)

	// Decrypt returns the message in an RSA ciphertext.
	Decrypt(op Operation, ciphertext []byte) ([]byte, error)
}

// Scheme is what is done with a key.
type Scheme int

// The schemes.
const (
	PKCS1v15 Scheme = iota // RSA signature or decryption, RFC 8017, sections 8.2 and 7.2
	PSS                    // RSA signature, RFC 8017, section 8.1
	OAEP                   // RSA decryption, RFC 8017, section 7.1
	ECDSA                  // FIPS 186-5, section 6
	Ed25519                // RFC 8032, section 5.1, without prehash and context
)

var schemeNames = [...]string{"RSA PKCS #1 v1.5", "RSA-PSS", "RSA-OAEP", "ECDSA", "Ed25519"}

// String returns the name of the scheme, such as "RSA-PSS".
func (s Scheme) String() string { return schemeNames[s] }

// An Operation says how a device has to use its key. The hashes are SHA-1,
// SHA-224, SHA-256, SHA-384 and SHA-512; the first one can also be
// crypto.MD5SHA1 (of TLS 1.1) or 0 (a digest that gets no prefix) for [PKCS1v15].
type Operation struct {
	Scheme     Scheme
	Hash       crypto.Hash // of PKCS1v15 signatures, PSS and OAEP
	MGFHash    crypto.Hash // of PSS and OAEP
	SaltLength int         // octets, of PSS
	Label      []byte      // of OAEP
}

// String names the scheme and the hash, for error messages.
func (op Operation) String() string {
	if op.Hash == 0 {
		return op.Scheme.String()
	}
	return fmt.Sprintf("%v with %v", op.Scheme, op.Hash)
}

// New returns the key of a device. It is a [crypto.Decrypter] too when public
// is an [*rsa.PublicKey]. Other kinds are ECDSA with P-256, P-384 or P-521, and
// Ed25519.
func New(public crypto.PublicKey, device Device) (crypto.Signer, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return &rsaKey{public, device}, nil
	case *ecdsa.PublicKey:
		if !slices.Contains(curves, public.Curve) {
			return nil, fmt.Errorf("curve %s is not supported: P-256, P-384 and P-521 are", public.Params().Name)
		}
		return &ecdsaKey{public, device}, nil
	case ed25519.PublicKey:
		return &ed25519Key{public, device}, nil
	}
	return nil, fmt.Errorf("a key of type %T is not supported: RSA, ECDSA and Ed25519 are", public)
}

var curves = []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}

// hashes are those that signatures and OAEP are made with.
var hashes = []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512}

// checkHash refuses what no device could do.
func checkHash(scheme Scheme, hash crypto.Hash) error {
	if !slices.Contains(hashes, hash) {
		return fmt.Errorf("%v with hash %v is not supported: SHA-1 and SHA-2 are", scheme, hash)
	}
	return nil
}

// Package keystore reads the formats in which programs keep keys and
// certificates. Each format has a file of its own and one function, which turns
// octets into [Contents]:
//
//	contents, err := keystore.PPK(data, keystore.Passwords{Store: "secret"})
//
// The octets may come from a stranger: sizes, counts, depth and the work that a
// password costs are bounded, and nothing here panics. No error holds a
// password, a key or an excerpt of one.
package keystore

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/ediport/ediport/internal/pbe"
)

// ErrPassword says that the password is wrong or the data is damaged; the two
// cannot be told apart in most formats.
var ErrPassword = pbe.ErrPassword

// ErrNoPassword says that the store is encrypted, and no password was given.
var ErrNoPassword = errors.New("it is encrypted: a password is needed")

// Limits of one store.
const (
	maxEntries = 4096     // certificates, and keys of each kind
	maxKey     = 16 << 10 // octets of a private key; an RSA key of 16,384 bits has 9 KiB
)

// Passwords opens a store and the private keys in it. Where a format has only
// one of them, the function's comment says which is used.
type Passwords struct {
	Store string
	Key   string // of the keys; the caller puts Store there when the user gave no other
}

// Contents is everything that a store holds, in its order.
type Contents struct {
	Certificates []*x509.Certificate
	Keys         []crypto.Signer
	PublicKeys   []crypto.PublicKey // those that stand alone
}

// A Format reads one format.
type Format func(data []byte, pw Passwords) (Contents, error)

// AddCertificate appends a certificate in DER, unless it is there already:
// stores often repeat the chain for each key.
func (c *Contents) AddCertificate(der []byte) error {
	if len(c.Certificates) >= maxEntries {
		return fmt.Errorf("more than %d certificates", maxEntries)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("certificate %d: %w", len(c.Certificates)+1, err)
	}
	for _, known := range c.Certificates {
		if known.Equal(cert) {
			return nil
		}
	}
	c.Certificates = append(c.Certificates, cert)
	return nil
}

// AddKey appends a private key.
func (c *Contents) AddKey(key crypto.Signer) error {
	if len(c.Keys) >= maxEntries {
		return fmt.Errorf("more than %d private keys", maxEntries)
	}
	c.Keys = append(c.Keys, key)
	return nil
}

// AddPublicKey appends a public key that stands alone.
func (c *Contents) AddPublicKey(key crypto.PublicKey) error {
	if len(c.PublicKeys) >= maxEntries {
		return fmt.Errorf("more than %d public keys", maxEntries)
	}
	c.PublicKeys = append(c.PublicKeys, key)
	return nil
}

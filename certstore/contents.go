package certstore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// maxEntries bounds what one store may hold.
const maxEntries = 4096

// maxChain bounds a chain; public hierarchies have three or four levels.
const maxChain = 16

// contents is everything that a store holds, in its order.
type contents struct {
	certs   []*x509.Certificate
	keys    []crypto.Signer
	publics []crypto.PublicKey  // public keys that stand alone
	issuers []*x509.Certificate // they only complete chains
}

// pool has the certificates that chains are made from.
func (c *contents) pool() []*x509.Certificate { return slices.Concat(c.certs, c.issuers) }

// entry is what a [Certificate] is made of: a certificate, a key, or both.
type entry struct {
	cert   *x509.Certificate // nil for a bare key
	key    crypto.Signer     // nil without a private key
	public crypto.PublicKey
}

func (c *contents) check() error {
	entries := len(c.certs) + len(c.keys) + len(c.publics)
	if entries == 0 {
		return errors.New("there is no certificate and no key in it")
	}
	if n := entries + len(c.issuers); n > maxEntries {
		return fmt.Errorf("%d certificates and keys: the limit is %d", n, maxEntries)
	}
	return nil
}

// addCertificate appends a certificate that is not there already: PFX files
// often repeat the chain for each key.
func (c *contents) addCertificate(der []byte) error {
	if len(c.certs) > maxEntries {
		return fmt.Errorf("more than %d certificates", maxEntries)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("certificate %d: %w", len(c.certs)+1, err)
	}
	for _, known := range c.certs {
		if known.Equal(cert) {
			return nil
		}
	}
	c.certs = append(c.certs, cert)
	return nil
}

// addKey appends a private key.
func (c *contents) addKey(key crypto.Signer) error {
	if len(c.keys) >= maxEntries {
		return fmt.Errorf("more than %d private keys", maxEntries)
	}
	c.keys = append(c.keys, key)
	return nil
}

// keyFor returns the private key that belongs to a public key, or nil.
func (c *contents) keyFor(public crypto.PublicKey) crypto.Signer {
	for _, key := range c.keys {
		if samePublicKey(key.Public(), public) {
			return key
		}
	}
	return nil
}

// entries pairs certificates and keys by public key.
func (c *contents) entries() []entry {
	var list []entry
	has := func(public crypto.PublicKey) bool {
		for _, e := range list {
			if samePublicKey(e.public, public) {
				return true
			}
		}
		return false
	}
	for _, cert := range c.certs {
		list = append(list, entry{cert, c.keyFor(cert.PublicKey), cert.PublicKey})
	}
	for _, key := range c.keys {
		if !has(key.Public()) {
			list = append(list, entry{nil, key, key.Public()})
		}
	}
	for _, public := range c.publics {
		if !has(public) {
			list = append(list, entry{nil, nil, public})
		}
	}
	return list
}

// samePublicKey compares keys of any type that the standard library knows.
func samePublicKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// chainOf returns leaf and its issuers as far as pool has them. Names and key
// identifiers decide; whether the signatures hold is for the peer to verify.
func chainOf(leaf *x509.Certificate, pool []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for last := leaf; len(chain) < maxChain && !bytes.Equal(last.RawIssuer, last.RawSubject); {
		issuer := issuerOf(last, pool, chain)
		if issuer == nil {
			break
		}
		chain = append(chain, issuer)
		last = issuer
	}
	return chain
}

// issuerOf leaves out what the chain has already: cross-certificates make circles.
func issuerOf(cert *x509.Certificate, pool, chain []*x509.Certificate) *x509.Certificate {
	for _, candidate := range pool {
		known := len(cert.AuthorityKeyId) > 0 && len(candidate.SubjectKeyId) > 0
		if bytes.Equal(candidate.RawSubject, cert.RawIssuer) && !slices.Contains(chain, candidate) &&
			(!known || bytes.Equal(cert.AuthorityKeyId, candidate.SubjectKeyId)) {
			return candidate
		}
	}
	return nil
}

package certstore

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/ediport/ediport/internal/trap"
)

// Certificate is one entry of a store: an X.509 certificate, its private key if
// the store has it, and the issuers that the store has. It can also be a bare
// key without certificate; then the fields of the X.509 certificate are empty
// and the fingerprints are those of the key.
//
// A Certificate does not change and is safe for concurrent use. The zero value
// is the empty certificate: all its fields are empty.
type Certificate struct {
	source Source
	entry
	chain []*x509.Certificate // leaf first; empty for a bare key
}

func newCertificate(s Source, e entry, pool []*x509.Certificate) *Certificate {
	c := &Certificate{source: s, entry: e}
	if e.public == nil && e.cert != nil {
		c.public = e.cert.PublicKey
	}
	if e.cert != nil {
		c.chain = chainOf(e.cert, pool)
	}
	return c
}

// X509 returns the parsed certificate, or nil for a bare key. It must not be changed.
func (c *Certificate) X509() *x509.Certificate { return c.cert }

// Chain returns the certificate and its issuers as far as the store has them,
// leaf first. After [FromX509] it is the chain that was given, in its order.
func (c *Certificate) Chain() []*x509.Certificate { return slices.Clone(c.chain) }

// Signer returns the private key, or nil if there is none.
func (c *Certificate) Signer() crypto.Signer { return c.key }

// Decrypter returns the private key if it can decrypt, as RSA keys can, else nil.
func (c *Certificate) Decrypter() crypto.Decrypter {
	d, _ := c.key.(crypto.Decrypter)
	return d
}

// TLSCertificate returns the certificate, its chain and its private key for
// crypto/tls. The error has code 273 when one of them is missing.
func (c *Certificate) TLSCertificate() (tls.Certificate, error) {
	switch {
	case c.cert == nil:
		return tls.Certificate{}, trap.New(trap.CodeCredentials, "%v cannot be used for TLS: it has no certificate", c)
	case c.key == nil:
		return tls.Certificate{}, trap.New(trap.CodeCredentials, "%v cannot be used for TLS: the store has no private key for it, or one with another password", c)
	}
	out := tls.Certificate{PrivateKey: c.key, Leaf: c.cert}
	for _, cert := range c.chain {
		out.Certificate = append(out.Certificate, cert.Raw)
	}
	return out, nil
}

// PrivateKey returns the private key as PKCS #8 in PEM: keep it secret. It is
// empty when there is no private key, or when it cannot leave its device.
func (c *Certificate) PrivateKey() string {
	if c.key == nil {
		return ""
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return "" // a key behind an interface, such as a security key's
	}
	return pemText("PRIVATE KEY", der)
}

// PrivateKeyAvailable reports whether there is a private key, so that the
// certificate can authenticate, sign and decrypt.
func (c *Certificate) PrivateKeyAvailable() bool { return c.key != nil }

// PrivateKeyContainer returns the name of the Windows key container. It is
// empty: keys are found by their certificates, and none is put into a container.
func (c *Certificate) PrivateKeyContainer() string { return "" }

// Encoded returns the certificate in PEM, or nothing for a bare key.
func (c *Certificate) Encoded() string {
	if c.cert == nil {
		return ""
	}
	return pemText("CERTIFICATE", c.cert.Raw)
}

// EncodedB returns the certificate in DER, or nothing for a bare key.
func (c *Certificate) EncodedB() []byte {
	if c.cert == nil {
		return nil
	}
	return slices.Clone(c.cert.Raw)
}

// Store returns the file name or the contents that the certificate was opened
// from. It is empty after [FromX509].
func (c *Certificate) Store() string { return c.source.Store }

// StoreB returns Store in octets.
func (c *Certificate) StoreB() []byte { return []byte(c.source.Store) }

// StorePassword returns the password that the store was opened with. It is not
// part of the text forms of a Certificate.
func (c *Certificate) StorePassword() string { return c.source.Password }

// KeyPassword returns the password that the private key was opened with: the
// store's unless another was given.
func (c *Certificate) KeyPassword() string { return c.source.keyPassword() }

// StoreType returns the kind of the store. For a store opened as [StoreAuto] it
// is the type that was found.
func (c *Certificate) StoreType() StoreType { return c.source.Type }

// String describes the certificate on one line, without passwords and keys.
func (c *Certificate) String() string {
	name := fmt.Sprintf("certificate %q", c.Subject())
	if c.cert == nil {
		name = "key without certificate"
	}
	if c.source.Store == "" {
		return name
	}
	return name + " from " + c.source.describe()
}

// GoString is String, so that the verb %#v shows no password or key either.
func (c *Certificate) GoString() string { return c.String() }

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

package keystore

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

// Limits of a store that is not text.
const (
	maxStore = 16 << 20
	maxKeys  = 512 << 10 // octets of all private keys: checking the worst takes a second
)

// entryReader collects the entries of a store in which every private key may
// have a password of its own. Those that the password does not open are left
// out, and so are those of other kinds than RSA, ECDSA and Ed25519: the user
// wants one of the others. When there is no other, that is the error.
type entryReader struct {
	Contents
	certificates int   // with those that repeat
	octets       int   // of private keys
	leftOut      error // why the first of those keys is
}

// certificate adds a certificate in DER.
func (r *entryReader) certificate(der []byte) error {
	if r.certificates++; r.certificates > maxEntries {
		return fmt.Errorf("more than %d certificates", maxEntries)
	}
	return r.AddCertificate(der)
}

// key adds a private key in PKCS #8, which may have failed to decrypt.
func (r *entryReader) key(der []byte, err error) error {
	if errors.Is(err, ErrPassword) || errors.Is(err, ErrNoPassword) {
		r.leaveOut(err)
		return nil
	}
	if err != nil {
		return err
	}
	if r.octets += len(der); len(der) > maxKey || r.octets > maxKeys {
		return fmt.Errorf("a private key of %d octets: the limit is %d KiB, and %d KiB for all keys together", len(der), maxKey>>10, maxKeys>>10)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	signer, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		r.leaveOut(errors.New("not an RSA, ECDSA or Ed25519 key in PKCS #8"))
		return nil
	}
	return r.AddKey(signer)
}

func (r *entryReader) leaveOut(err error) {
	if r.leftOut == nil {
		r.leftOut = fmt.Errorf("no private key can be opened: %w", err)
	}
}

// done returns what was read, if it is anything.
func (r *entryReader) done(err error) (Contents, error) {
	if err == nil && len(r.Keys) == 0 {
		err = r.leftOut
	}
	if err == nil && len(r.Keys)+len(r.Certificates) == 0 {
		err = errors.New("there is no certificate and no private key in it")
	}
	if err != nil {
		return Contents{}, err
	}
	return r.Contents, nil
}

// missing tells a missing password from a wrong one.
func missing(err error, password string) error {
	if password == "" && errors.Is(err, ErrPassword) {
		return ErrNoPassword
	}
	return err
}

// unmarshal is asn1.Unmarshal that wants no octets left over.
func unmarshal(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets after the end", len(rest))
	}
	return err
}

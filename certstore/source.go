package certstore

import (
	"crypto/x509"
	"fmt"
	"log/slog"

	"github.com/ediport/ediport/internal/trap"
)

// Source says where a certificate is and which one is meant. Only Type and
// Store are needed. It has passwords in it: keep it out of logs (its own text
// forms leave them out).
type Source struct {
	// Type is the kind of the store.
	Type StoreType

	// Store is the file name for the File types and the contents for the Blob
	// types: octets as they are, or Base64. For [StoreAuto] it is either. For
	// [StoreUser] and [StoreMachine] it is the name of a store of Windows, such
	// as "MY"; what it is for other types their drivers say.
	Store string

	// Password opens the store, and its private keys unless KeyPassword is set.
	Password string

	// KeyPassword opens the private keys of a store that protects them apart.
	// Empty means Password.
	KeyPassword string

	// Subject chooses the certificate; see [Open]. Empty means any.
	Subject string

	// Encoded is a certificate in PEM, DER or Base64. When set, exactly this
	// certificate is opened, with the private key that the store has for it.
	// With an empty Store it is opened without a key.
	Encoded []byte

	// Configuration has lines of the form Name=Value:
	//   - Thumbprint: the MD5, SHA-1 or SHA-256 hash of the wanted certificate in hex;
	//   - PersistPFXKey: only False, since no key is ever copied to a Windows key container;
	//   - UseInternalSecurityAPI: only True, since there is no other.
	//
	// Any other name or value is an error of code 10022.
	Configuration string
}

// keyPassword is the password that private keys are tried with.
func (s Source) keyPassword() string {
	if s.KeyPassword != "" {
		return s.KeyPassword
	}
	return s.Password
}

// Open returns the certificate that s describes; see the function [Open].
func (s Source) Open() (*Certificate, error) {
	wanted, err := s.criteria()
	if err != nil {
		return nil, err
	}
	if s.Store == "" && wanted.encoded != nil {
		return newCertificate(s, entry{cert: wanted.encoded}, nil), nil
	}
	s, held, err := s.read()
	if err != nil {
		return nil, err
	}
	if wanted.encoded != nil {
		return s.withKeyOf(wanted.encoded, held)
	}
	found, ok := wanted.choose(held.entries())
	if !ok {
		return nil, notFound(s, wanted, held.entries())
	}
	return newCertificate(s, found, held.pool()), nil
}

// List returns every entry of the store in the store's order: its certificates,
// each with its private key if there is one, then the keys without certificate.
// Subject, Encoded and Configuration do not matter.
func (s Source) List() ([]*Certificate, error) {
	s, held, err := s.read()
	if err != nil {
		return nil, err
	}
	var list []*Certificate
	pool := held.pool()
	for _, e := range held.entries() {
		list = append(list, newCertificate(s, e, pool))
	}
	return list, nil
}

// read opens the store; the Source that it returns has the type found by StoreAuto.
func (s Source) read() (Source, contents, error) {
	if s.Store == "" {
		return s, contents{}, trap.New(trap.CodeCertStore, "opening a %v: the store is empty: give a file name or contents", s.Type)
	}
	if s.Type == StoreAuto {
		t, err := detect(s.Store)
		if err != nil {
			return s, contents{}, storeError(s, err)
		}
		s.Type = t
	}
	open, err := s.Type.opener()
	if err != nil {
		return s, contents{}, err
	}
	held, err := open(s)
	if err == nil {
		err = held.check()
	}
	if err != nil {
		return s, contents{}, storeError(s, err)
	}
	return s, held, nil
}

// withKeyOf returns cert with the private key that the store has for it.
func (s Source) withKeyOf(cert *x509.Certificate, held contents) (*Certificate, error) {
	key := held.keyFor(cert.PublicKey)
	if key == nil {
		return nil, trap.New(trap.CodeCertNotFound, "%s has no private key for the encoded certificate %q", s.describe(), subjectOf(cert))
	}
	return newCertificate(s, entry{cert: cert, key: key, public: cert.PublicKey}, held.pool()), nil
}

// storeError says which store failed. A code nearer to the fault is kept.
func storeError(s Source, err error) error {
	return trap.Wrap(trap.CodeCertStore, err, "opening "+s.describe())
}

// String describes the source without its passwords and contents.
func (s Source) String() string { return s.describe() }

// GoString is String, so that the verb %#v shows no password either.
func (s Source) GoString() string { return s.describe() }

// LogValue is String for structured logs.
func (s Source) LogValue() slog.Value { return slog.StringValue(s.describe()) }

// describe names a file, but only when the text cannot be a key that somebody
// passed in place of a file name: such a name goes into logs.
func (s Source) describe() string {
	if looksLikeName(s.Store) {
		return fmt.Sprintf("%v %q", s.Type, s.Store)
	}
	return fmt.Sprintf("%v (%d octets)", s.Type, len(s.Store))
}

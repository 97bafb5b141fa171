package certstore

import (
	"crypto"
	"crypto/x509"

	"github.com/ediport/ediport/internal/trap"
)

// Open returns the certificate of a store that subject names.
//
// Store is the file name for the File types, the contents for the Blob types,
// either for [StoreAuto]. Password opens the store and its private keys.
//
// Subject is compared with the subjects as [Certificate.Subject] shows them:
//   - a whole name, in either order of its parts; spaces around parts and the
//     case of attribute names do not matter;
//   - if there is none, a part of a name, in any case of letters;
//   - "*" or nothing is any certificate;
//   - "Thumbprint=" and the MD5, SHA-1 or SHA-256 hash in hex, with or without
//     colons, is that certificate.
//
// Of several that fit, the first with a private key is taken, else the first.
//
// The error has code 271 when the store cannot be opened ([ErrPassword] is in
// its chain when the password is wrong) and 272 when nothing fits.
func Open(storeType StoreType, store, password, subject string) (*Certificate, error) {
	return Source{Type: storeType, Store: store, Password: password, Subject: subject}.Open()
}

// OpenBytes is [Open] for a store in octets: the contents, or for the File
// types the file name.
func OpenBytes(storeType StoreType, store []byte, password, subject string) (*Certificate, error) {
	return Open(storeType, string(store), password, subject)
}

// List returns every entry of a store in the store's order: its certificates,
// each with its private key if there is one, then the keys without certificate.
func List(storeType StoreType, store, password string) ([]*Certificate, error) {
	return Source{Type: storeType, Store: store, Password: password}.List()
}

// FromFile opens a file of any type that [StoreAuto] recognises and that needs
// no password. It takes the first certificate with a private key, else the first.
func FromFile(name string) (*Certificate, error) {
	s := Source{Type: StoreAuto, Store: name}
	data, err := readFile(name)
	if err != nil {
		return nil, storeError(s, err)
	}
	f, err := recognise(unwrap(data))
	if err != nil {
		return nil, storeError(s, err)
	}
	s.Type = f.file
	return s.Open()
}

// FromEncoded returns the first certificate in PEM, DER or Base64 text,
// without a private key.
func FromEncoded(encoded []byte) (*Certificate, error) {
	return OpenBytes(StorePublicKeyBlob, encoded, "", "")
}

// FromX509 returns a certificate made of parsed parts. Key may be nil, or
// anything that implements [crypto.Signer]; when it belongs to another
// certificate the error has code 273. Chain is kept as given, after cert.
func FromX509(cert *x509.Certificate, key crypto.PrivateKey, chain ...*x509.Certificate) (*Certificate, error) {
	if cert == nil {
		return nil, trap.New(trap.CodeInvalidArgument, "certificate missing: FromX509 got nil")
	}
	c := &Certificate{
		source: Source{Type: StoreAuto},
		entry:  entry{cert: cert, public: cert.PublicKey},
		chain:  append([]*x509.Certificate{cert}, chain...),
	}
	if key == nil {
		return c, nil
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, trap.New(trap.CodeCredentials, "private key of %q: a %T cannot sign", c.Subject(), key)
	}
	if !samePublicKey(signer.Public(), cert.PublicKey) {
		return nil, trap.New(trap.CodeCredentials, "the private key does not belong to the certificate %q", c.Subject())
	}
	c.key = signer
	return c, nil
}

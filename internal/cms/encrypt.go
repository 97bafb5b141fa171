package cms

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
)

// EncryptOptions says for whom to encrypt, and how.
type EncryptOptions struct {
	// Suite has the cipher and the key transport.
	Suite Suite

	// Recipients are those who can decrypt, by their RSA certificates.
	Recipients []*x509.Certificate

	// Definite writes DER, for peers that cannot read indefinite lengths. Size
	// is then the number of octets of the content. Otherwise Size is not used.
	Definite bool
	Size     int64
}

// Encrypt writes EnvelopedData (RFC 5652, section 6) to w: what is written to
// the result is encrypted with a new key, which is encrypted for each recipient.
func Encrypt(w io.Writer, o EncryptOptions) (io.WriteCloser, error) {
	left, err := promised(o.Definite, o.Size)
	if err != nil {
		return nil, err
	}
	row := ciphers[o.Suite.Cipher]
	key, iv := make([]byte, row.keySize), make([]byte, row.blockSize)
	rand.Read(key)
	rand.Read(iv)
	f, err := o.frame(key, iv)
	if err != nil {
		return nil, err
	}
	block, err := row.create(key)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(f.head()); err != nil {
		return nil, err
	}
	s, mode := newSegments(w, f), cipher.NewCBCEncrypter(block, iv)
	s.encrypt = func(b []byte) { mode.CryptBlocks(b, b) }
	return &writer{to: s, left: left, finish: func() error {
		if err := s.pad(len(iv)); err != nil {
			return err
		}
		return end(s, f)
	}}, nil
}

// Length returns how many octets Encrypt writes with Definite set.
func (o EncryptOptions) Length() (int64, error) {
	row := ciphers[o.Suite.Cipher]
	o.Definite = true
	f, err := o.frame(make([]byte, row.keySize), make([]byte, row.blockSize))
	if err != nil {
		return 0, err
	}
	return f.length(), nil
}

// frame is all but the content.
func (o EncryptOptions) frame(key, iv []byte) (*frame, error) {
	row, ok := ciphers[o.Suite.Cipher]
	if !ok {
		return nil, errors.New("cms: encrypting without a cipher suite")
	}
	recipients, err := o.recipients(key)
	if err != nil {
		return nil, err
	}
	version := element(idInteger, []byte{0}) // recipients by issuer and serial number only
	inner, err := marshal(Data.oid())
	if err != nil {
		return nil, err
	}
	algorithm, err := marshal(pkix.AlgorithmIdentifier{Algorithm: row.oid, Parameters: asn1.RawValue{Tag: asn1.TagOctetString, Bytes: iv}})
	if err != nil {
		return nil, err
	}
	f, err := newFrame(EnvelopedData,
		layer{id: idSequence, before: bytes.Join([][]byte{version, recipients}, nil)},
		layer{id: idSequence, before: bytes.Join([][]byte{inner, algorithm}, nil)})
	if err != nil {
		return nil, err
	}
	f.content = idContext0
	if o.Definite {
		blockSize := int64(len(iv))
		f.size = o.Size/blockSize*blockSize + blockSize
	}
	return f, nil
}

// recipients is the SET of RecipientInfo.
func (o EncryptOptions) recipients(key []byte) ([]byte, error) {
	if len(o.Recipients) == 0 {
		return nil, errors.New("cms: encrypting for no recipient")
	}
	var set []byte
	for _, cert := range o.Recipients {
		info, err := o.Suite.recipient(cert, key)
		if err != nil {
			return nil, err
		}
		set = append(set, info...)
	}
	return element(idSet, set), nil
}

// recipient encrypts the key of the content for one recipient.
func (s Suite) recipient(cert *x509.Certificate, key []byte) ([]byte, error) {
	if cert == nil {
		return nil, errors.New("cms: encrypting for a recipient without a certificate")
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("cms: encrypting for %v: the key is %v, and only RSA keys can be encrypted for", cert.Subject, cert.PublicKeyAlgorithm)
	}
	id, err := identifierOf(cert)
	if err != nil {
		return nil, err
	}
	algorithm, sealed, err := s.transport(public, key)
	if err != nil {
		return nil, fmt.Errorf("cms: encrypting for %v: %w", cert.Subject, err)
	}
	return marshal(recipient{0, id, algorithm, sealed})
}

func (s Suite) transport(public *rsa.PublicKey, key []byte) (pkix.AlgorithmIdentifier, []byte, error) {
	if s.Transport == TransportPKCS1v15 {
		//lint:ignore SA1019 the suites are made of it
		sealed, err := rsa.EncryptPKCS1v15(rand.Reader, public, key)
		return rsaWithNull, sealed, err
	}
	d, ok := digestOf(s.Digest)
	if !ok {
		return pkix.AlgorithmIdentifier{}, nil, fmt.Errorf("digest %v is not supported", s.Digest)
	}
	algorithm, err := oaepAlgorithm(d)
	if err != nil {
		return algorithm, nil, err
	}
	sealed, err := rsa.EncryptOAEP(s.Digest.New(), rand.Reader, public, key, nil)
	return algorithm, sealed, err
}

package cms

import (
	"crypto"
	"crypto/cipher"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
)

// maxRecipients is how many a package may be encrypted for.
const maxRecipients = 256

// idKeyTransport is the only kind of recipient that is a SEQUENCE; the others
// have tags of their own (RFC 5652, section 6.2).
const idKeyTransport = idSequence

// envelopedHead reads RFC 5652, section 6.1, up to the content.
func (p *Package) envelopedHead() error {
	id, err := p.s.next()
	if err == nil && id == idExplicit0 { // originatorInfo: certificates for key agreement
		err = p.s.skip()
	}
	if err != nil {
		return err
	}
	if err := p.s.each(idSet, maxRecipients, p.readRecipient); err != nil {
		return err
	}
	if err := p.s.enter(idSequence); err != nil {
		return err
	}
	if p.Inner, p.inner, err = p.s.contentType(); err != nil {
		return err
	}
	if err := p.readCipher(); err != nil {
		return err
	}
	if id, err = p.s.next(); err == nil && id == 0 {
		err = fail(Unsupported, "the encrypted content is not in the package")
	}
	return err
}

// readRecipient reads one recipient. Kinds that have no key of ours are passed over.
func (p *Package) readRecipient(id byte) error {
	if id != idKeyTransport {
		return p.s.skip()
	}
	der, err := p.s.element()
	if err != nil {
		return err
	}
	var r recipient
	if err := unmarshal(der, &r); err != nil {
		return err
	}
	p.recipients = append(p.recipients, r)
	return nil
}

// readCipher reads the content encryption algorithm with its initialization vector.
func (p *Package) readCipher() error {
	der, err := p.s.elementOf(idSequence)
	if err != nil {
		return err
	}
	var algorithm pkix.AlgorithmIdentifier
	if err := unmarshal(der, &algorithm); err != nil {
		return err
	}
	c, ok := cipherNamed(algorithm.Algorithm)
	if !ok {
		return fail(Unsupported, "content encryption algorithm %v is not supported: AES-CBC and 3DES-CBC are", algorithm.Algorithm)
	}
	p.Cipher = c
	return unmarshal(algorithm.Parameters.FullBytes, &p.iv)
}

// A Recipient is somebody whom packages are encrypted for: us.
type Recipient struct {
	// Certificate is what the sender encrypted for. Its public key is RSA.
	Certificate *x509.Certificate

	// Key is the private key, which may be in a device.
	Key crypto.Decrypter
}

// Decrypt returns the content of EnvelopedData, decrypted with the first of the
// package's keys that is for one of ours. Without any, the error is [NotForUs].
//
// [CannotDecrypt] comes at the end of the content, if at all: a key that does
// not open gives nonsense until then, so that nobody learns from the error
// whether the key or the padding was wrong (RFC 3218). An answer to the sender
// should not tell it from what the nonsense causes in a package inside.
func (p *Package) Decrypt(ours ...Recipient) (io.Reader, error) {
	if p.Type != EnvelopedData {
		return nil, p.claim(EnvelopedData)
	}
	row := ciphers[p.Cipher]
	key, err := p.contentKey(ours, row.keySize)
	if err != nil {
		return nil, err
	}
	block, err := row.create(key)
	if err != nil {
		return nil, err
	}
	if len(p.iv) != block.BlockSize() {
		return nil, fail(Malformed, "an initialization vector of %d octets: %v wants %d", len(p.iv), p.Cipher, block.BlockSize())
	}
	c, err := p.open(EnvelopedData, idContext0)
	if err != nil {
		return nil, err
	}
	return p.reader(newDecrypter(c, cipher.NewCBCDecrypter(block, p.iv)), p.envelopedTail), nil
}

// envelopedTail reads what follows the content: attributes that nothing protects.
func (p *Package) envelopedTail() error {
	if err := p.s.leave(1); err != nil {
		return err
	}
	id, err := p.s.next()
	if err == nil && id == idExplicit1 {
		err = p.s.skip()
	}
	if err != nil {
		return err
	}
	return p.s.leave(3)
}

func (p *Package) contentKey(ours []Recipient, size int) ([]byte, error) {
	for _, theirs := range p.recipients {
		id, err := parseIdentifier(theirs.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range ours {
			if r.Key != nil && id.names(r.Certificate) {
				return theirs.unwrap(r.Key, size)
			}
		}
	}
	return nil, fail(NotForUs, "the package is encrypted for %d recipients, and none is one of our %d certificates", len(p.recipients), len(ours))
}

// recipient is a KeyTransRecipientInfo (RFC 5652, section 6.2.1).
type recipient struct {
	Version   int
	ID        asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

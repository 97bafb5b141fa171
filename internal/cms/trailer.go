package cms

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// Limits of one package.
const (
	maxSigners      = 32
	maxCertificates = 64
)

// signerInfo is RFC 5652, section 5.3.
type signerInfo struct {
	Version            int
	ID                 asn1.RawValue
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttrs        asn1.RawValue `asn1:"optional,tag:0"`
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttrs      asn1.RawValue `asn1:"optional,tag:1"`
}

// trailer is what follows signed content.
type trailer struct {
	s            *scanner
	certificates []*x509.Certificate
	signers      []signerInfo
}

func (t *trailer) read() error {
	s := t.s
	id, err := s.next()
	if err == nil && id == idExplicit0 {
		if err = s.each(id, maxCertificates, t.readCertificate); err == nil {
			id, err = s.next()
		}
	}
	if err == nil && id == idExplicit1 { // revocation lists, which nobody here asks for
		err = s.skip()
	}
	if err != nil {
		return err
	}
	return s.each(idSet, maxSigners, t.readSigner)
}

// readCertificate reads one of the package's certificates. What is of another
// kind, or of a form that crypto/x509 refuses, is nobody's signer.
func (t *trailer) readCertificate(id byte) error {
	if id != idSequence {
		return t.s.skip()
	}
	der, err := t.s.element()
	if err != nil {
		return err
	}
	if cert, err := x509.ParseCertificate(der); err == nil {
		t.certificates = append(t.certificates, cert)
	}
	return nil
}

func (t *trailer) readSigner(byte) error {
	der, err := t.s.element()
	if err != nil {
		return err
	}
	var info signerInfo
	if err := unmarshal(der, &info); err != nil {
		return err
	}
	t.signers = append(t.signers, info)
	return nil
}

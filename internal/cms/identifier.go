package cms

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
)

// identifier names the certificate of a signer or recipient (RFC 5652, section
// 5.3): by issuer and serial number, or by key identifier.
type identifier struct {
	issuer []byte // a Name in DER
	serial *big.Int
	keyID  []byte
}

// issuerAndSerial is RFC 5652, section 10.2.4.
type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

func parseIdentifier(raw asn1.RawValue) (identifier, error) {
	if raw.Class == asn1.ClassContextSpecific && raw.Tag == 0 {
		return identifier{keyID: raw.Bytes}, nil
	}
	var v issuerAndSerial
	if err := unmarshal(raw.FullBytes, &v); err != nil {
		return identifier{}, err
	}
	return identifier{issuer: v.Issuer.FullBytes, serial: v.Serial}, nil
}

// identifierOf returns the issuer and serial number of a certificate, as they
// are written.
func identifierOf(cert *x509.Certificate) (asn1.RawValue, error) {
	der, err := asn1.Marshal(issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber})
	return asn1.RawValue{FullBytes: der}, err
}

// names reports whether cert is meant.
func (id identifier) names(cert *x509.Certificate) bool {
	switch {
	case cert == nil:
		return false
	case id.serial == nil:
		return len(id.keyID) > 0 && bytes.Equal(id.keyID, cert.SubjectKeyId)
	}
	return id.serial.Cmp(cert.SerialNumber) == 0 && sameName(id.issuer, cert.RawIssuer)
}

// sameName compares two names, also when one writer has put the same letters
// into another type of string than the other.
func sameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y pkix.RDNSequence
	if unmarshal(a, &x) != nil || unmarshal(b, &y) != nil {
		return false
	}
	return len(x) > 0 && x.String() == y.String()
}

// String names the certificate, for error messages.
func (id identifier) String() string {
	if id.serial == nil {
		return fmt.Sprintf("with key identifier %X", id.keyID)
	}
	var name pkix.RDNSequence
	if err := unmarshal(id.issuer, &name); err != nil {
		return fmt.Sprintf("with serial number %v", id.serial)
	}
	return fmt.Sprintf("with serial number %v of %v", id.serial, name)
}

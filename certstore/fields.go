package certstore

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// dateLayout is the form of the documented example, 23-Jan-2000 15:00:00.
const dateLayout = "02-Jan-2006 15:04:05"

// Subject returns the subject's name, most specific part first, such as
// "CN=www.server.com, OU=test, C=US". That is the order of RFC 4514 and the
// reverse of the certificate's. The attributes are CN, O, OU, L, S (state), C,
// E (mail address), DC, UID, STREET, T (title), SN (surname), G (given name)
// and SERIALNUMBER; others appear as numbers. A value with a comma or another
// special character is quoted, a quotation mark in it doubled.
func (c *Certificate) Subject() string {
	if c.cert == nil {
		return ""
	}
	return subjectOf(c.cert)
}

// Issuer returns the issuer's name in the form of [Certificate.Subject].
func (c *Certificate) Issuer() string {
	if c.cert == nil {
		return ""
	}
	return nameText(c.cert.RawIssuer)
}

func subjectOf(cert *x509.Certificate) string { return nameText(cert.RawSubject) }

// EffectiveDate returns the start of validity in local time, such as
// "23-Jan-2000 15:00:00".
func (c *Certificate) EffectiveDate() string {
	if c.cert == nil {
		return ""
	}
	return dateText(c.cert.NotBefore)
}

// ExpirationDate returns the end of validity in the form of [Certificate.EffectiveDate].
func (c *Certificate) ExpirationDate() string {
	if c.cert == nil {
		return ""
	}
	return dateText(c.cert.NotAfter)
}

func dateText(t time.Time) string { return t.Local().Format(dateLayout) }

// SerialNumber returns the serial number in hex, two upper-case digits for each octet.
func (c *Certificate) SerialNumber() string {
	if c.cert == nil || c.cert.SerialNumber == nil {
		return ""
	}
	octets := c.cert.SerialNumber.Bytes()
	if len(octets) == 0 {
		octets = []byte{0}
	}
	return plainHex(octets)
}

// Version returns the X.509 version: "V1", "V2" or "V3".
func (c *Certificate) Version() string {
	if c.cert == nil {
		return ""
	}
	return fmt.Sprintf("V%d", c.cert.Version)
}

// SignatureAlgorithm returns the algorithm of the issuer's signature by its Go
// name, such as "SHA256-RSA" or "ECDSA-SHA256", or by its number.
func (c *Certificate) SignatureAlgorithm() string {
	if c.cert == nil {
		return ""
	}
	if c.cert.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
		return c.cert.SignatureAlgorithm.String()
	}
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.cert.Raw, &outer); err != nil {
		return ""
	}
	return outer.Algorithm.Algorithm.String()
}

// PublicKey returns the public key as SubjectPublicKeyInfo in PEM.
func (c *Certificate) PublicKey() string {
	der := c.publicDER()
	if der == nil {
		return ""
	}
	return pemText("PUBLIC KEY", der)
}

// publicDER returns the SubjectPublicKeyInfo.
func (c *Certificate) publicDER() []byte {
	if c.cert != nil {
		return c.cert.RawSubjectPublicKeyInfo
	}
	if c.public == nil {
		return nil
	}
	der, _ := x509.MarshalPKIXPublicKey(c.public) // nil for a type unknown to x509
	return der
}

// PublicKeyAlgorithm returns "RSA", "ECDSA", "Ed25519" or "DSA", or the number
// of another algorithm.
func (c *Certificate) PublicKeyAlgorithm() string {
	if c.cert != nil && c.cert.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
		return c.cert.PublicKeyAlgorithm.String()
	}
	switch c.public.(type) {
	case *rsa.PublicKey:
		return x509.RSA.String()
	case *ecdsa.PublicKey:
		return x509.ECDSA.String()
	case ed25519.PublicKey:
		return x509.Ed25519.String()
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.publicDER(), &info); err != nil {
		return ""
	}
	return info.Algorithm.Algorithm.String()
}

// PublicKeyLength returns the size of the public key in bits: of the modulus
// for RSA, of the curve otherwise; 0 for an unknown algorithm.
func (c *Certificate) PublicKeyLength() int {
	switch key := c.public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return 8 * len(key)
	}
	return 0
}

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// ExtendedKeyUsage returns the numbers of the purposes that the key is for, in
// the certificate's order, separated by commas.
func (c *Certificate) ExtendedKeyUsage() string {
	if c.cert == nil {
		return ""
	}
	for _, extension := range c.cert.Extensions {
		var usages []asn1.ObjectIdentifier
		if !extension.Id.Equal(oidExtKeyUsage) {
			continue
		}
		if _, err := asn1.Unmarshal(extension.Value, &usages); err != nil {
			return ""
		}
		return commaList(usages, asn1.ObjectIdentifier.String)
	}
	return ""
}

// SubjectAltNames returns the names, mail addresses, IP addresses and URIs of
// the subject alternative name extension, in this order, separated by commas.
func (c *Certificate) SubjectAltNames() string {
	if c.cert == nil {
		return ""
	}
	same := func(s string) string { return s }
	var list []string
	for _, part := range []string{
		commaList(c.cert.DNSNames, same),
		commaList(c.cert.EmailAddresses, same),
		commaList(c.cert.IPAddresses, net.IP.String),
		commaList(c.cert.URIs, (*url.URL).String),
	} {
		if part != "" {
			list = append(list, part)
		}
	}
	return strings.Join(list, ",")
}

// usages are the documented flags and their texts; the bit numbers of RFC 5280,
// section 4.2.1.3, count from the other end.
var usages = []struct {
	usage x509.KeyUsage
	flag  int
	text  string
}{
	{x509.KeyUsageDigitalSignature, 0x80, "Digital Signature"},
	{x509.KeyUsageContentCommitment, 0x40, "Non-Repudiation"},
	{x509.KeyUsageKeyEncipherment, 0x20, "Key Encipherment"},
	{x509.KeyUsageDataEncipherment, 0x10, "Data Encipherment"},
	{x509.KeyUsageKeyAgreement, 0x08, "Key Agreement"},
	{x509.KeyUsageCertSign, 0x04, "Certificate Signing"},
	{x509.KeyUsageCRLSign, 0x02, "CRL Signing"},
	{x509.KeyUsageEncipherOnly, 0x01, "Encipher Only"},
}

// Usage returns the text of UsageFlags, such as "Digital Signature,Key
// Encipherment". It is empty when the certificate limits nothing.
func (c *Certificate) Usage() string {
	var list []string
	for _, u := range usages {
		if c.UsageFlags()&u.flag != 0 {
			list = append(list, u.text)
		}
	}
	return strings.Join(list, ",")
}

// UsageFlags returns the key usages: 0x80 digital signature, 0x40
// non-repudiation, 0x20 key encipherment, 0x10 data encipherment, 0x08 key
// agreement, 0x04 certificate signing, 0x02 CRL signing, 0x01 encipher only.
func (c *Certificate) UsageFlags() int {
	if c.cert == nil {
		return 0
	}
	flags := 0
	for _, u := range usages {
		if c.cert.KeyUsage&u.usage != 0 {
			flags |= u.flag
		}
	}
	return flags
}

func commaList[T any](items []T, text func(T) string) string {
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = text(item)
	}
	return strings.Join(list, ",")
}

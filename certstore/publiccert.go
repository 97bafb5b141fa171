package certstore

import (
	"encoding/asn1"
	"encoding/pem"
	"fmt"
)

// parseCertificates reads certificates in PEM, or in DER one after the other.
// Private keys in the same file are left alone: no password is needed.
func parseCertificates(data []byte, _ passwords) (contents, error) {
	r := &pemReader{}
	if isSequence(data) {
		err := r.certificatesDER(data)
		return r.contents, err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var err error
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			err = r.certificate(block)
		case "PUBLIC KEY", "RSA PUBLIC KEY":
			err = r.publicKey(block)
		default:
			r.skipped = append(r.skipped, fmt.Sprintf("%.40q", block.Type))
		}
		if err != nil {
			return contents{}, err
		}
	}
	return r.contents, r.check()
}

func (c *contents) certificatesDER(data []byte) error {
	for len(data) > 0 {
		var first asn1.RawValue
		rest, err := asn1.Unmarshal(data, &first)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", len(c.certs)+1, err)
		}
		if err := c.addCertificate(first.FullBytes); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

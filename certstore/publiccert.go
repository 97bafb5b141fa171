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
	if der(asn1.TagSequence, asn1.TagBitString, nil)(data) {
		err := r.publicKey(&pem.Block{Bytes: data})
		return r.contents, err
	}
	if isSequence(data) {
		err := r.certificatesDER(data)
		return r.contents, err
	}
	if err := pemBlocks(data, r.publicBlock); err != nil {
		return contents{}, err
	}
	return r.contents, r.check()
}

// publicBlock reads a block that needs no password.
func (r *pemReader) publicBlock(block *pem.Block) error {
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		return r.certificate(block)
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return r.publicKey(block)
	}
	return r.skip(block)
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

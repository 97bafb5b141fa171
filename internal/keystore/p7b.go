package keystore

import (
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/ediport/ediport/internal/ber"
)

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// signedData is RFC 5652, section 5.1. Only the certificates are of interest.
type signedData struct {
	Version      int
	Digests      asn1.RawValue `asn1:"set"`
	Content      asn1.RawValue
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      asn1.RawValue `asn1:"set"`
}

// P7B reads the certificates of a PKCS #7 or CMS SignedData in BER or DER, in
// their order: a bundle, or any signed message. Nothing is verified, and
// revocation lists are passed over. It uses no password.
//
// The certificates are read here because that takes fewer lines than handing
// clean DER to a library, which would parse messages, too.
func P7B(data []byte, _ Passwords) (Contents, error) {
	der, err := ber.DER(data)
	if err != nil {
		return Contents{}, fmt.Errorf("not a PKCS #7 in BER or DER: %w", err)
	}
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
	}
	if err := unmarshal(der, &info); err != nil {
		return Contents{}, fmt.Errorf("not a PKCS #7: %w", err)
	}
	if !info.Type.Equal(oidSignedData) {
		return Contents{}, fmt.Errorf("PKCS #7 of content type %v: only SignedData (%v) holds certificates", info.Type, oidSignedData)
	}
	var signed signedData
	if err := unmarshal(info.Content.Bytes, &signed); err != nil {
		return Contents{}, fmt.Errorf("PKCS #7 SignedData: %w", err)
	}
	r := &entryReader{}
	return r.done(r.certificateSet(signed.Certificates.Bytes))
}

// certificateSet reads the X.509 certificates among others of RFC 5652,
// section 10.2.2, which have tags of their own.
func (r *entryReader) certificateSet(rest []byte) error {
	for len(rest) > 0 {
		var choice asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &choice); err != nil {
			return fmt.Errorf("PKCS #7 certificates: %w", err)
		}
		if choice.Class != asn1.ClassUniversal {
			continue
		}
		if err := r.certificate(choice.FullBytes); err != nil {
			return err
		}
	}
	if len(r.Certificates) == 0 {
		return errors.New("there is no certificate in the PKCS #7")
	}
	return nil
}

package cms

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

// Signed attributes (RFC 5652, section 11).
var (
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
)

// attribute is RFC 5652, section 5.3.
type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// claim is what a SignerInfo says.
type claim struct {
	signer    identifier
	digest    digest
	algorithm pkix.AlgorithmIdentifier
	signature []byte

	// Of the signed attributes: as they were signed, nil when there are none,
	// and what is in them.
	signed  []byte
	inner   asn1.ObjectIdentifier
	content []byte // digest of the content
	time    time.Time
}

func parseClaim(info signerInfo) (c claim, err error) {
	if c.signer, err = parseIdentifier(info.ID); err != nil {
		return c, err
	}
	var known bool
	if c.digest, known = digestNamed(info.DigestAlgorithm.Algorithm); !known {
		return c, fail(Unsupported, "digest algorithm %v is not supported", info.DigestAlgorithm.Algorithm)
	}
	c.algorithm, c.signature = info.SignatureAlgorithm, info.Signature
	if len(info.SignedAttrs.FullBytes) == 0 {
		return c, nil
	}
	// They are signed as a SET, not with the tag that they have here (RFC 5652,
	// section 5.4).
	c.signed = slices.Clone(info.SignedAttrs.FullBytes)
	c.signed[0] = idSet
	for rest := info.SignedAttrs.Bytes; len(rest) > 0; {
		var a attribute
		if rest, err = asn1.Unmarshal(rest, &a); err != nil {
			return c, fail(Malformed, "signed attributes: %w", err)
		}
		if err := c.attribute(a); err != nil {
			return c, err
		}
	}
	return c, nil
}

// attribute takes over an attribute. There may be one of each kind only, with
// one value (RFC 5652, section 11).
func (c *claim) attribute(a attribute) error {
	var to any
	var had bool
	switch {
	case a.Type.Equal(oidContentType):
		to, had = &c.inner, c.inner != nil
	case a.Type.Equal(oidMessageDigest):
		to, had = &c.content, c.content != nil
	case a.Type.Equal(oidSigningTime):
		to, had = &c.time, !c.time.IsZero()
	default:
		return nil
	}
	if had || len(a.Values) != 1 {
		return fail(Malformed, "signed attribute %v has not one value", a.Type)
	}
	return unmarshal(a.Values[0].FullBytes, to)
}

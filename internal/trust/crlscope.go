package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidDeltaCRL          = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// A scope is for which of its issuer's certificates a CRL speaks; the zero
// value means all.
type scope struct {
	named              bool     // only those that name one of urls as distribution point
	urls               []string // sorted as in the CRL
	onlyUsers, onlyCAs bool
}

var (
	errIndirect = errors.New("it is an indirect CRL, which is not supported")
	errDelta    = errors.New("it is a delta CRL, which is not supported")
	errScope    = errors.New("its issuing distribution point is broken")
)

// readScope reads the extensions of a CRL (RFC 5280, section 5.2). A critical
// one that is not known forbids to use it.
func readScope(extensions []pkix.Extension) (s scope, err error) {
	for _, e := range extensions {
		switch {
		case e.Id.Equal(oidDeltaCRL):
			return s, errDelta
		case e.Id.Equal(oidDistributionPoint):
			if s, err = readDistributionPoint(e.Value); err != nil {
				return s, err
			}
		case e.Critical:
			return s, fmt.Errorf("it has the critical extension %v, which is not known here", e.Id)
		}
	}
	return s, nil
}

// Tags of an IssuingDistributionPoint (RFC 5280, section 5.2.5).
var (
	tagPoint          = der.Tag(0).ContextSpecific().Constructed()
	tagOnlyUsers      = der.Tag(1).ContextSpecific()
	tagOnlyCAs        = der.Tag(2).ContextSpecific()
	tagSomeReasons    = der.Tag(3).ContextSpecific()
	tagIndirect       = der.Tag(4).ContextSpecific()
	tagOnlyAttributes = der.Tag(5).ContextSpecific()

	tagFullName = der.Tag(0).ContextSpecific().Constructed()
	tagURI      = der.Tag(6).ContextSpecific()
)

func readDistributionPoint(value []byte) (s scope, err error) {
	var (
		body, point, reasons cryptobyte.String
		someReasons          bool
		indirect, attributes bool
		input                = cryptobyte.String(value)
	)
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() ||
		!body.ReadOptionalASN1(&point, &s.named, tagPoint) ||
		!readFlag(&body, &s.onlyUsers, tagOnlyUsers) ||
		!readFlag(&body, &s.onlyCAs, tagOnlyCAs) ||
		!body.ReadOptionalASN1(&reasons, &someReasons, tagSomeReasons) ||
		!readFlag(&body, &indirect, tagIndirect) ||
		!readFlag(&body, &attributes, tagOnlyAttributes) ||
		!body.Empty() {
		return scope{}, errScope
	}
	switch {
	case indirect:
		return scope{}, errIndirect
	case someReasons:
		return scope{}, errors.New("it is for some reasons only, which is not supported")
	case attributes:
		return scope{}, errors.New("it is for attribute certificates")
	case s.named:
		s.urls, err = readPoint(point)
	}
	return s, err
}

// readPoint reads the URLs of a distribution point; names of other kinds match
// nothing here.
func readPoint(point cryptobyte.String) (urls []string, err error) {
	var names cryptobyte.String
	if !point.ReadASN1(&names, tagFullName) || !point.Empty() {
		return nil, errScope
	}
	for !names.Empty() {
		var value cryptobyte.String
		var tag der.Tag
		if !names.ReadAnyASN1(&value, &tag) {
			return nil, errScope
		}
		if tag == tagURI {
			urls = append(urls, string(value))
		}
	}
	return urls, nil
}

// covers tells why a CRL of the certificate's issuer says nothing about it. An
// issuer may have several CRLs, and somebody on the way could answer with the
// wrong one.
func (s scope) covers(cert *x509.Certificate) error {
	ca := cert.BasicConstraintsValid && cert.IsCA
	switch {
	case s.onlyUsers && ca:
		return errors.New("it is not for CA certificates")
	case s.onlyCAs && !ca:
		return errors.New("it is for CA certificates only")
	case s.named && !slices.ContainsFunc(s.urls, func(u string) bool { return slices.Contains(cert.CRLDistributionPoints, u) }):
		return errors.New("it is the CRL of another distribution point")
	}
	return nil
}

// readFlag reads a BOOLEAN of an implicit tag whose default is FALSE.
func readFlag(s *cryptobyte.String, flag *bool, tag der.Tag) bool {
	var value cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&value, &present, tag) || present && len(value) != 1 {
		return false
	}
	*flag = present && value[0] != 0
	return true
}

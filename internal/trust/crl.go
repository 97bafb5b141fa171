package trust

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A revocationList is what is kept of a CRL: its scope, and its serial numbers
// in order. That is 8 MiB for 350,000 of them, which a CRL may well have;
// x509.RevocationList takes thirteen times as much.
type revocationList struct {
	scope   scope
	entries []crlEntry // sorted
}

// maxSerial is how long a serial number may be (RFC 5280, section 4.1.2.2).
const maxSerial = 20

type serial [maxSerial]byte

type crlEntry struct {
	serial serial
	reason uint8
}

func (l *revocationList) size() int {
	n := len(l.entries) * (maxSerial + 1)
	for _, u := range l.scope.urls {
		n += len(u)
	}
	return n
}

// askCRLs looks for the certificate in the CRLs of its distribution points.
func (c *Checker) askCRLs(ctx context.Context, cert, issuer *x509.Certificate) (verdict, error) {
	return firstUsable(ctx, cert.CRLDistributionPoints, func(ctx context.Context, url string) (verdict, error) {
		list, err := c.list(ctx, url, issuer)
		if err != nil {
			return verdict{}, err
		}
		v, err := list.find(cert)
		if err != nil {
			return v, fmt.Errorf("the CRL at %s cannot be used: %w", shorten(url), err)
		}
		return v, nil
	})
}

// list fetches a CRL or remembers it.
func (c *Checker) list(ctx context.Context, url string, issuer *x509.Certificate) (*revocationList, error) {
	sum := sha256.Sum256(issuer.Raw)
	return c.crls.answer(ctx, question[*revocationList]{
		key: string(sum[:]) + url, now: c.now, limit: c.timeout(),
		ask: func(ctx context.Context) (*revocationList, time.Time, error) {
			raw, err := fetcher{c.Client, RedirectSameScheme, c.Allow, maxCRL}.get(ctx, url)
			if err != nil {
				return nil, time.Time{}, err
			}
			list, until, err := readCRL(raw, issuer, c.now())
			if err != nil {
				return nil, time.Time{}, fmt.Errorf("the CRL at %s cannot be used: %w", shorten(url), err)
			}
			return list, until, nil
		},
	})
}

// readCRL reads a CRL in DER, or in PEM as some servers have it, that the
// issuer must have signed. It returns the next update as well. Nothing is kept
// of the entries before the signature has been verified.
func readCRL(raw []byte, issuer *x509.Certificate, now time.Time) (*revocationList, time.Time, error) {
	none := time.Time{}
	if block, _ := pem.Decode(raw); block != nil && block.Type == "X509 CRL" {
		raw = block.Bytes
	}
	parts, err := splitCRL(raw)
	if err != nil {
		return nil, none, err
	}
	head, err := x509.ParseRevocationList(parts.head)
	if err != nil {
		return nil, none, err
	}
	if !bytes.Equal(head.RawIssuer, issuer.RawSubject) {
		return nil, none, fmt.Errorf("it is of another issuer, %s; indirect CRLs are not supported", shorten(head.Issuer.String()))
	}
	if weak[head.SignatureAlgorithm] {
		return nil, none, errWeak
	}
	head.RawTBSRevocationList = parts.signed
	if err := head.CheckSignatureFrom(issuer); err != nil {
		return nil, none, fmt.Errorf("its signature is not the issuer's: %w", err)
	}
	if head.NextUpdate.IsZero() {
		return nil, none, errors.New("it has no next update")
	}
	if err := fresh(head.ThisUpdate, head.NextUpdate, now); err != nil {
		return nil, none, err
	}
	list := &revocationList{}
	if list.scope, err = readScope(head.Extensions); err != nil {
		return nil, none, err
	}
	if list.entries, err = readEntries(parts.entries); err != nil {
		return nil, none, err
	}
	return list, head.NextUpdate, nil
}

// find looks a certificate up that the issuer of the CRL has issued.
func (l *revocationList) find(cert *x509.Certificate) (verdict, error) {
	if err := l.scope.covers(cert); err != nil {
		return verdict{}, err
	}
	wanted, ok := newSerial(cert.SerialNumber.Bytes())
	if !ok {
		return verdict{}, fmt.Errorf("a serial number longer than %d octets cannot be looked up", maxSerial)
	}
	i, found := slices.BinarySearchFunc(l.entries, wanted, crlEntry.compare)
	if !found {
		return verdict{}, nil
	}
	return verdict{revoked: true, reason: int(l.entries[i].reason)}, nil
}

func (e crlEntry) compare(s serial) int { return bytes.Compare(e.serial[:], s[:]) }

// newSerial pads a big-endian number.
func newSerial(number []byte) (s serial, ok bool) {
	number = bytes.TrimLeft(number, "\x00")
	if len(number) > maxSerial {
		return s, false
	}
	copy(s[maxSerial-len(number):], number)
	return s, true
}

// crlParts are a CRL taken apart.
type crlParts struct {
	signed  []byte // the signed part as it is
	head    []byte // a CRL of version 2 without entries, otherwise the same
	entries cryptobyte.String
}

var errCRL = errors.New("it is no CRL, or a broken one")

// splitCRL separates the entries of a CRL (RFC 5280, section 5.1) from the
// rest, which crypto/x509 then reads. Old authorities make CRLs of version 1,
// which says nothing of its version.
func splitCRL(der []byte) (crlParts, error) {
	var list, signed, body, version, algorithm, issuer, entries, extensions cryptobyte.String
	var hasVersion, hasEntries, hasExtensions bool
	input := cryptobyte.String(der)
	if !input.ReadASN1(&list, asn1.SEQUENCE) || !input.Empty() || !list.ReadASN1Element(&signed, asn1.SEQUENCE) {
		return crlParts{}, errCRL
	}
	outer := signed
	if !outer.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadOptionalASN1(&version, &hasVersion, asn1.INTEGER) {
		return crlParts{}, errCRL
	}
	rest := body
	if !rest.ReadASN1(&algorithm, asn1.SEQUENCE) || !rest.ReadASN1(&issuer, asn1.SEQUENCE) || !skipTime(&rest) {
		return crlParts{}, errCRL
	}
	skipTime(&rest) // the next update, if there is one
	before := body[:len(body)-len(rest)]
	if !rest.ReadOptionalASN1(&entries, &hasEntries, asn1.SEQUENCE) {
		return crlParts{}, errCRL
	}
	after := rest
	if !rest.ReadOptionalASN1(&extensions, &hasExtensions, asn1.Tag(0).Constructed().ContextSpecific()) || !rest.Empty() {
		return crlParts{}, errCRL
	}
	if !hasVersion {
		version = cryptobyte.String{1}
	}
	head, err := joinCRL(version, slices.Concat(before, after), list)
	return crlParts{signed: signed, head: head, entries: entries}, err
}

// joinCRL makes a CRL of its version, what follows that in the signed part, and
// what follows the signed part: the algorithm and the signature.
func joinCRL(version, fields, rest []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(version) })
			b.AddBytes(fields)
		})
		b.AddBytes(rest)
	})
	return b.Bytes()
}

func skipTime(s *cryptobyte.String) bool {
	return s.SkipASN1(asn1.UTCTime) || s.SkipASN1(asn1.GeneralizedTime)
}

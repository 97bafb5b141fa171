package trust

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// An ocspAnswer is a usable answer of a responder: good or revoked, signed by
// whom it should be, and fresh.
type ocspAnswer struct {
	verdict
	until    time.Time         // the next update, zero without one
	delegate *x509.Certificate // who signed it, nil for the issuer itself
}

func (ocspAnswer) size() int { return 0 } // what a thought takes anyway covers it

// errFIPS stands where the use of SHA-1 would be a panic. OCSP names issuers by
// it, which is no signature.
var errFIPS = errors.New("OCSP needs SHA-1, which GODEBUG=fips140=only forbids")

// askResponders asks about a certificate, or remembers.
func (c *Checker) askResponders(ctx context.Context, cert, issuer *x509.Certificate) (verdict, error) {
	sum := sha256.Sum256(issuer.Raw)
	answer, err := c.known.answer(ctx, question[ocspAnswer]{
		key: string(sum[:]) + string(cert.SerialNumber.Bytes()), now: c.now, limit: c.timeout(),
		ask: func(ctx context.Context) (ocspAnswer, time.Time, error) {
			answer, err := firstUsable(ctx, cert.OCSPServer, func(ctx context.Context, url string) (ocspAnswer, error) {
				return c.askResponder(ctx, url, cert, issuer)
			})
			return ocspAnswer{verdict: answer.verdict}, answer.until, err
		},
	})
	return answer.verdict, err
}

func (c *Checker) askResponder(ctx context.Context, url string, cert, issuer *x509.Certificate) (ocspAnswer, error) {
	if fips140.Enforced() {
		return ocspAnswer{}, errFIPS
	}
	// The request has the SHA-1 of the issuer, which is the only hash that every
	// responder must know (RFC 5019, section 2.1.1).
	request, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return ocspAnswer{}, err
	}
	raw, err := fetcher{c.Client, RedirectSameScheme, c.Allow, maxOCSP}.post(ctx, url, "application/ocsp-request", request)
	if err != nil {
		return ocspAnswer{}, err
	}
	answer, err := c.readAnswer(ctx, raw, cert, issuer)
	if err != nil {
		return ocspAnswer{}, fmt.Errorf("the answer of %s cannot be used: %w", shorten(url), err)
	}
	return answer, nil
}

// readAnswer reads an answer and makes sure of whoever signed it for the issuer.
// A delegate whose certificate does not say that it need not be checked is
// checked by its CRL, as far as it names one (RFC 6960, section 4.2.2.2.1).
func (c *Checker) readAnswer(ctx context.Context, raw []byte, cert, issuer *x509.Certificate) (ocspAnswer, error) {
	answer, err := readOCSP(raw, cert, issuer, c.now())
	if err != nil || answer.delegate == nil || hasNoCheck(answer.delegate) {
		return answer, err
	}
	if v, err := c.askCRLs(ctx, answer.delegate, issuer); err == nil && v.revoked {
		return ocspAnswer{}, fmt.Errorf("the certificate %s of the responder is revoked", name(answer.delegate))
	}
	return answer, nil
}

// readOCSP reads a responder's answer. x/crypto/ocsp reads it and verifies the
// signature by the certificate in the answer, if there is one; whose
// certificate that is, and whether the answer is about this certificate and of
// this time, is found out here.
func readOCSP(raw []byte, cert, issuer *x509.Certificate, now time.Time) (ocspAnswer, error) {
	if fips140.Enforced() {
		return ocspAnswer{}, errFIPS
	}
	response, err := ocsp.ParseResponseForCert(raw, cert, nil)
	if err != nil {
		return ocspAnswer{}, err
	}
	if weak[response.SignatureAlgorithm] {
		return ocspAnswer{}, errWeak
	}
	delegate, err := signer(response, issuer, now)
	if err != nil {
		return ocspAnswer{}, err
	}
	if err := isAbout(response, cert, issuer); err != nil {
		return ocspAnswer{}, err
	}
	if err := fresh(response.ThisUpdate, response.NextUpdate, now); err != nil {
		return ocspAnswer{}, err
	}
	answer := ocspAnswer{until: response.NextUpdate, delegate: delegate}
	switch response.Status {
	case ocsp.Good:
		return answer, nil
	case ocsp.Revoked:
		answer.verdict = verdict{revoked: true, reason: response.RevocationReason, since: response.RevokedAt}
		return answer, nil
	}
	return ocspAnswer{}, errors.New("the responder does not know the certificate")
}

// signer finds out who signed an answer: the issuer, for which it returns nil,
// or a delegate with a certificate for that purpose which the issuer has
// issued itself (RFC 6960, section 4.2.2.2).
func signer(response *ocsp.Response, issuer *x509.Certificate, now time.Time) (delegate *x509.Certificate, err error) {
	by := response.Certificate
	switch {
	case by == nil:
		if err := response.CheckSignatureFrom(issuer); err != nil {
			return nil, fmt.Errorf("its signature is not the issuer's: %w", err)
		}
		return nil, nil
	case bytes.Equal(by.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo):
		return nil, nil // the same key, and it has been verified by that
	}
	if err := by.CheckSignatureFrom(issuer); err != nil {
		return nil, fmt.Errorf("the responder %s is not the issuer's: %w", name(by), err)
	}
	switch {
	case !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning),
		by.KeyUsage != 0 && by.KeyUsage&x509.KeyUsageDigitalSignature == 0,
		len(by.UnhandledCriticalExtensions) > 0:
		return nil, fmt.Errorf("the certificate %s is not for signing answers", name(by))
	case now.Before(by.NotBefore) || now.After(by.NotAfter):
		return nil, fmt.Errorf("the certificate %s of the responder is not valid now", name(by))
	}
	return by, nil
}

var oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

func hasNoCheck(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidNoCheck) })
}

// responseData is as much of the signed part of an answer (RFC 6960, section
// 4.2.1) as x/crypto/ocsp keeps to itself. encoding/asn1 skips what follows in
// a SEQUENCE.
type responseData struct {
	Version     int `asn1:"optional,default:0,explicit,tag:0"`
	ResponderID asn1.RawValue
	ProducedAt  time.Time `asn1:"generalized"`
	Responses   []singleResponse
	Extensions  []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type singleResponse struct{ CertID certID }

type certID struct {
	Hash     pkix.AlgorithmIdentifier
	NameHash []byte
	KeyHash  []byte
	Serial   asn1.RawValue
}

// isAbout makes sure that an answer which has the certificate's serial number
// is about this issuer's certificate of that number, and that it has no
// critical extensions. Answers for several certificates are read as
// x/crypto/ocsp does, by the first with the serial number.
func isAbout(response *ocsp.Response, cert, issuer *x509.Certificate) error {
	var data responseData
	if _, err := asn1.Unmarshal(response.TBSResponseData, &data); err != nil {
		return err
	}
	for _, e := range data.Extensions {
		if e.Critical {
			return fmt.Errorf("it has the critical extension %v, which is not known here", e.Id)
		}
	}
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &key); err != nil {
		return err
	}
	number, _ := asn1.Marshal(cert.SerialNumber)
	i := slices.IndexFunc(data.Responses, func(r singleResponse) bool { return bytes.Equal(r.CertID.Serial.FullBytes, number) })
	if i < 0 || !response.IssuerHash.Available() ||
		!bytes.Equal(data.Responses[i].CertID.NameHash, digest(response, issuer.RawSubject)) ||
		!bytes.Equal(data.Responses[i].CertID.KeyHash, digest(response, key.Key.RightAlign())) {
		return errors.New("it is about a certificate of another issuer")
	}
	return nil
}

func digest(response *ocsp.Response, data []byte) []byte {
	h := response.IssuerHash.New()
	h.Write(data)
	return h.Sum(nil)
}

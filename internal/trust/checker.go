package trust

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// A Mode is how much a check insists on an answer: the values of the settings
// SSLCheckCRL and SSLCheckOCSP. A number that is none of these counts as
// [Required].
type Mode int

const (
	// Off asks nobody.
	Off Mode = iota

	// BestEffort refuses what is known to be revoked, and accepts a certificate
	// about which nothing can be learned: it names no CRL or responder, nobody
	// answers, the answer cannot be used, or the responder does not know it.
	BestEffort

	// Required accepts only what is known not to be revoked.
	Required
)

// Limits of what one certificate may cost.
const (
	maxCRL      = 16 << 20 // octets
	maxOCSP     = 64 << 10 // octets
	maxURLs     = 4        // distribution points or responders that are asked
	maxTime     = 10 * time.Second
	maxAsking   = 8               // requests at a time, for CRLs and for OCSP each
	rememberFor = time.Minute     // failures, and answers without a next update
	skew        = 5 * time.Minute // how far another's clock may be ahead
	liveAnswer  = time.Hour       // how old an answer without a next update may be
	memoryLimit = 64 << 20        // octets, for CRLs and for OCSP each
)

// A Checker asks CRLs and OCSP responders whether a certificate is revoked, and
// remembers what they said until the next update that they announce; that
// nothing could be learned it remembers for a minute. Callers who want to know
// the same at the same time share one request.
//
// The zero value works. The fields must not change after the first check; all
// methods may be called from any goroutine. The certificates must have been
// verified before: see the package documentation.
type Checker struct {
	// Client makes the requests; nil means one of the package's own, which
	// uses the proxy of the environment. Redirects are the Checker's affair
	// whatever the client says: at most five, and none to another scheme.
	Client *http.Client

	// Allow decides by the host of a URL, a name or an address without port,
	// whether it may be asked; nil allows every host. It is called from any
	// goroutine. Whoever must know the address behind a name sets the
	// Control function of a [net.Dialer] in Client.
	Allow func(host string) bool

	// Timeout bounds what a check of one certificate may take; 0 means 10
	// seconds.
	Timeout time.Duration

	// Now is the clock that updates are compared with; nil means [time.Now].
	Now func() time.Time

	crls  memory[*revocationList]
	known memory[ocspAnswer]
}

// CheckCRL asks the CRLs that the certificate's distribution points name, in
// their order, until one can be used. It returns nil when the certificate is
// not revoked, and when mode is Off. A revoked certificate is an error of code
// 280, one about which nothing can be told one of code 275 where mode is
// [Required]. A certificate that issuer has not signed is an error of code 275
// in both modes, and nobody is asked.
func (c *Checker) CheckCRL(ctx context.Context, cert, issuer *x509.Certificate, mode Mode) error {
	return c.check(ctx, crlInquiry, cert, issuer, mode, c.askCRLs)
}

// CheckOCSP asks the responders that the certificate names, in their order,
// until the answer of one can be used. Errors are those of [Checker.CheckCRL].
// A responder must be the issuer or have a certificate for this purpose from
// the issuer (RFC 6960, section 4.2.2.2).
func (c *Checker) CheckOCSP(ctx context.Context, cert, issuer *x509.Certificate, mode Mode) error {
	return c.check(ctx, ocspInquiry, cert, issuer, mode, c.askResponders)
}

// CheckStaple is [Checker.CheckOCSP] for a certificate that came with an answer
// of its responder (RFC 6066, section 8), which spares the request when it can
// be used. The staple may be empty.
func (c *Checker) CheckStaple(ctx context.Context, staple []byte, cert, issuer *x509.Certificate, mode Mode) error {
	return c.check(ctx, ocspInquiry, cert, issuer, mode, func(ctx context.Context, cert, issuer *x509.Certificate) (verdict, error) {
		if len(staple) > 0 && len(staple) <= maxOCSP {
			if answer, err := c.readAnswer(ctx, staple, cert, issuer); err == nil {
				return answer.verdict, nil
			}
		}
		return c.askResponders(ctx, cert, issuer)
	})
}

// CheckChain checks every certificate of a verified chain but the last, which
// is trusted by itself. The leaf comes first, as in the chains of
// [x509.Certificate.Verify]. Each certificate has its own [Checker.Timeout],
// for OCSP and CRL together.
func (c *Checker) CheckChain(ctx context.Context, chain []*x509.Certificate, crl, ocsp Mode) error {
	for i := range len(chain) - 1 {
		if err := c.checkLink(ctx, chain[i], chain[i+1], crl, ocsp); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) checkLink(ctx context.Context, cert, issuer *x509.Certificate, crl, ocsp Mode) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	if err := c.CheckOCSP(ctx, cert, issuer, ocsp); err != nil {
		return err
	}
	return c.CheckCRL(ctx, cert, issuer, crl)
}

// A verdict is what a usable answer says about a certificate.
type verdict struct {
	revoked bool
	reason  int       // RFC 5280, section 5.3.1
	since   time.Time // zero where the answer's date is not kept
}

// An inquiry is one way to ask, in the words of messages.
type inquiry struct{ source, setting string }

var (
	crlInquiry  = inquiry{"CRL", "SSLCheckCRL"}
	ocspInquiry = inquiry{"OCSP responder", "SSLCheckOCSP"}
)

type ask func(ctx context.Context, cert, issuer *x509.Certificate) (verdict, error)

func (c *Checker) check(ctx context.Context, in inquiry, cert, issuer *x509.Certificate, mode Mode, ask ask) error {
	if mode == Off {
		return nil
	}
	if err := cert.CheckSignatureFrom(issuer); err != nil {
		return trap.New(trap.CodeChainInvalid, "the certificate %s was not issued by %s, so its %s is not asked: %w",
			name(cert), name(issuer), in.source, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	v, err := ask(ctx, cert, issuer)
	switch {
	case err == nil && v.revoked:
		return trap.New(trap.CodeCertInvalid, "the certificate %s is revoked%s, says the %s of its issuer %s; its owner needs a new one",
			name(cert), v.text(), in.source, name(issuer))
	case err == nil || mode == BestEffort:
		return nil
	}
	return trap.New(trap.CodeChainInvalid, "no %s tells whether the certificate %s is revoked: %w; %s=1 does without",
		in.source, name(cert), err, in.setting)
}

func (c *Checker) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return maxTime
}

func (c *Checker) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// reasons are the names of RFC 5280, section 5.3.1.
var reasons = map[int]string{
	1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
	6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
}

func (v verdict) text() (s string) {
	if !v.since.IsZero() {
		s = " since " + v.since.UTC().Format(time.DateTime)
	}
	if reason, ok := reasons[v.reason]; ok {
		s += " (" + reason + ")"
	}
	return s
}

// maxName bounds what a stranger's certificate puts into messages.
const maxName = 128

// name is the subject of a certificate in quotes.
func name(cert *x509.Certificate) string { return shorten(cert.Subject.String()) }

func shorten(s string) string {
	if len(s) > maxName {
		s = s[:maxName] + "..."
	}
	return fmt.Sprintf("%q", s)
}

// weak are the signatures that crypto/x509 would still verify on CRLs and
// answers, though no longer on certificates.
var (
	weak    = map[x509.SignatureAlgorithm]bool{x509.SHA1WithRSA: true, x509.ECDSAWithSHA1: true}
	errWeak = errors.New("it is signed with SHA-1, which can be forged")
)

// fresh checks the times of an answer. One without a next update says that
// there is newer information all the time (RFC 6960, section 4.2.2.1), and is
// believed for an hour only.
func fresh(thisUpdate, nextUpdate, now time.Time) error {
	if nextUpdate.IsZero() {
		nextUpdate = thisUpdate.Add(liveAnswer)
	}
	switch {
	case thisUpdate.After(now.Add(skew)):
		return fmt.Errorf("it is of the future (%s); compare the clocks", thisUpdate.UTC().Format(time.DateTime))
	case !now.Before(nextUpdate):
		return fmt.Errorf("it has expired (%s)", nextUpdate.UTC().Format(time.DateTime))
	}
	return nil
}

package tlsconf

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/internal/trust"
)

// verifier judges a peer's certificates.
type verifier struct {
	who       string // "client" or "server"
	roots     func() *x509.CertPool
	trusted   []*x509.Certificate
	usage     x509.ExtKeyUsage
	host      string // the name that the certificate must be for
	needsHost bool
	allowed   []signature // nil: all
	revoked   revocation
	ctx       context.Context // ends lookups; nil: nothing does
	accept    func(leaf *x509.Certificate, chain []*x509.Certificate, recommended bool, status string) bool
	status    func(string)
}

// statusOK is the status of a certificate with nothing against it.
const statusOK = "OK"

// decide verifies the chain, leaf first and not empty, and lets the application
// have the last word, except about signatures that the settings exclude.
func (v verifier) decide(chain []*x509.Certificate) error {
	leaf := chain[0]
	if !v.allows(leaf.SignatureAlgorithm) {
		return v.refuse(leaf, "it was issued with "+leaf.SignatureAlgorithm.String()+
			", which TLS12SignatureAlgorithms or TLS13SignatureAlgorithms leaves out")
	}
	err := v.verify(chain)
	status := statusText(err)
	say(v.status, "%s certificate %q: %s", v.who, subject(leaf), status)
	accepted := err == nil
	if v.accept != nil {
		accepted = v.accept(leaf, chain, accepted, status)
	}
	if accepted {
		return nil
	}
	if err == nil {
		status = "the application refused it"
	}
	return v.refuse(leaf, status)
}

func (v verifier) allows(algorithm x509.SignatureAlgorithm) bool {
	return v.allowed == nil || slices.ContainsFunc(v.allowed, func(s signature) bool { return s.cert == algorithm })
}

func (v verifier) refuse(leaf *x509.Certificate, why string) error {
	return trap.New(trap.CodeCertInvalid, "the %s certificate %q is refused: %s", v.who, subject(leaf), why)
}

var errNoHost = errors.New("there is no host name to compare the certificate with")

// verify builds a path to a trusted certificate (RFC 5280, section 6). A
// certificate without extended key usages serves for every one.
func (v verifier) verify(chain []*x509.Certificate) error {
	if v.needsHost && v.host == "" {
		return errNoHost
	}
	roots := v.roots()
	if len(v.trusted) > 0 {
		roots = extend(roots.Clone(), v.trusted)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       v.host,
		Roots:         roots,
		Intermediates: extend(x509.NewCertPool(), chain[1:]),
		KeyUsages:     []x509.ExtKeyUsage{v.usage},
	})
	if err != nil {
		return err
	}
	ctx := v.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	return v.revoked.check(ctx, paths[0])
}

// A revocation looks certificates up in CRLs and with OCSP responders, as far as
// the settings say.
type revocation struct {
	checker   *trust.Checker
	crl, ocsp trust.Mode
}

// check looks at every certificate of a verified path but the root. The checker
// bounds how long it takes.
func (r revocation) check(ctx context.Context, path []*x509.Certificate) error {
	if r.crl == trust.Off && r.ocsp == trust.Off {
		return nil
	}
	return r.checker.CheckChain(ctx, path, r.crl, r.ocsp)
}

// maxSubject bounds what a stranger's certificate puts into messages.
const maxSubject = 128

func subject(cert *x509.Certificate) string {
	s := cert.Subject.String()
	if len(s) > maxSubject {
		s = s[:maxSubject] + "..."
	}
	return s
}

// invalidReasons are the statuses for x509.CertificateInvalidError.
var invalidReasons = map[x509.InvalidReason]string{
	x509.NotAuthorizedToSign:           "an issuer in the chain is no CA",
	x509.TooManyIntermediates:          "the chain is longer than a CA allows",
	x509.IncompatibleUsage:             "the extended key usage does not fit",
	x509.NameMismatch:                  "an issuer name in the chain does not match",
	x509.NameConstraintsWithoutSANs:    "a CA limits names and the certificate has none",
	x509.CANotAuthorizedForThisName:    "a CA in the chain may not issue for this name",
	x509.CANotAuthorizedForExtKeyUsage: "a CA in the chain may not issue for this usage",
	x509.TooManyConstraints:            "the chain has too many name constraints",
	x509.UnconstrainedName:             "the certificate has a name that the CA's limits do not cover",
	x509.NoValidChains:                 "there is no valid chain to a trusted CA",
}

// statusText says in a few words what is wrong, "OK" for nil.
func statusText(err error) string {
	var (
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		coded   *trap.Error
	)
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &coded): // of revocation
		return coded.Message
	case errors.As(err, &unknown):
		return "the issuer is not trusted"
	case errors.As(err, &host):
		return "the certificate is not for this host"
	case !errors.As(err, &invalid):
		return err.Error()
	case invalid.Reason != x509.Expired:
		if text, ok := invalidReasons[invalid.Reason]; ok {
			return text
		}
		return err.Error()
	case invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return "a certificate is not valid yet"
	}
	return "a certificate has expired"
}

package trust

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// A Validator holds what a certificate is judged by. Its fields must not change
// while it is used, which any goroutine may.
type Validator struct {
	// Trusted are the CA certificates that were imported.
	Trusted []*x509.Certificate

	// Intermediates are certificates that may lead to a trusted one.
	Intermediates []*x509.Certificate

	// System adds the certificates that the operating system trusts.
	System bool

	// Checker asks the CRLs, and has the clock; nil leaves the third step out.
	Checker *Checker
}

// maxChains bounds how many ways to a trusted certificate are checked.
const maxChains = 4

// Validate takes the three steps of ValidateCert, and its error says which
// failed.
//
//  1. The certificate is valid now; else the code is 280.
//  2. A trusted CA has issued it, directly or through intermediates; else the
//     code is 275. A self-signed certificate is excused.
//  3. Neither it nor an intermediate is revoked, says the CRL of its
//     distribution point; else the code is 280, or 275 when that CRL cannot be
//     had. A certificate without distribution point is excused, and so is a
//     self-signed one, which nobody vouches for: its URLs are not believed.
//
// Without any trusted certificate only self-signed ones pass.
func (v *Validator) Validate(ctx context.Context, cert *x509.Certificate) error {
	now := v.now()
	switch {
	case now.Before(cert.NotBefore):
		return trap.New(trap.CodeCertInvalid, "the certificate %s is not valid before %s; compare the clocks",
			name(cert), cert.NotBefore.UTC().Format(time.DateTime))
	case now.After(cert.NotAfter):
		return trap.New(trap.CodeCertInvalid, "the certificate %s has expired on %s; its owner needs a new one",
			name(cert), cert.NotAfter.UTC().Format(time.DateTime))
	case selfSigned(cert):
		return nil
	}
	chains, err := v.chains(cert, now)
	if err != nil {
		return trap.New(trap.CodeChainInvalid, "the certificate %s of the issuer %s leads to no trusted CA certificate; import that of its CA: %w",
			name(cert), shorten(cert.Issuer.String()), err)
	}
	return v.revoked(ctx, chains)
}

func (v *Validator) now() time.Time {
	if v.Checker != nil {
		return v.Checker.now()
	}
	return time.Now()
}

var errNoneTrusted = errors.New("no certificate is trusted; ImportTrustedCerts comes first")

func (v *Validator) chains(cert *x509.Certificate, now time.Time) ([][]*x509.Certificate, error) {
	roots := x509.NewCertPool()
	if v.System {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			return nil, err
		}
	} else if len(v.Trusted) == 0 {
		return nil, errNoneTrusted
	}
	return cert.Verify(x509.VerifyOptions{
		Roots:         extend(roots, v.Trusted),
		Intermediates: extend(x509.NewCertPool(), v.Intermediates),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
}

func extend(pool *x509.CertPool, certs []*x509.Certificate) *x509.CertPool {
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	return pool
}

// revoked is the third step. One way to a trusted certificate is enough, for
// authorities that certify each other make several.
func (v *Validator) revoked(ctx context.Context, chains [][]*x509.Certificate) (err error) {
	if v.Checker == nil {
		return nil
	}
	for _, chain := range chains[:min(len(chains), maxChains)] {
		if err = v.revokedIn(ctx, chain); err == nil {
			return nil
		}
	}
	return err
}

func (v *Validator) revokedIn(ctx context.Context, chain []*x509.Certificate) error {
	for i := range len(chain) - 1 {
		if len(chain[i].CRLDistributionPoints) == 0 {
			continue
		}
		if err := v.Checker.CheckCRL(ctx, chain[i], chain[i+1], Required); err != nil {
			return err
		}
	}
	return nil
}

// selfSigned reports whether a certificate has been signed by its own key. It
// need not be a CA's for that.
func selfSigned(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer) &&
		cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
}

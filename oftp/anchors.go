package oftp

import (
	"context"
	"crypto/x509"
	"sync/atomic"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/internal/trust"
)

// Anchors are the trust anchors (RFC 5280, section 6) of a server or client:
// what was in the property TrustedCerts when it was last read. Any goroutine may
// use them.
type anchors struct {
	certs   atomic.Pointer[[]*x509.Certificate] // nil: none
	checker trust.Checker                       // remembers the CRLs
}

func (a *anchors) set(certs []*certstore.Certificate) {
	var trusted []*x509.Certificate
	for _, c := range certs {
		if c != nil && c.X509() != nil {
			trusted = append(trusted, c.X509())
		}
	}
	a.certs.Store(&trusted)
}

func (a *anchors) load() []*x509.Certificate {
	if certs := a.certs.Load(); certs != nil {
		return *certs
	}
	return nil
}

// validate takes the three steps of ValidateCert; what is the certificate's
// property, for messages.
func (a *anchors) validate(what string, cert *certstore.Certificate) error {
	if cert == nil || cert.X509() == nil {
		return trap.New(trap.CodeCertNotFound, "there is no certificate to validate: set %s", what)
	}
	v := trust.Validator{Trusted: a.load(), Intermediates: cert.Chain()[1:], Checker: &a.checker}
	if err := v.Validate(context.Background(), cert.X509()); err != nil {
		return trap.Wrap(trap.CodeChainInvalid, err, what)
	}
	return nil
}

// A candidate is a certificate that is being loaded into a property.
type candidate struct {
	property string
	cert     *certstore.Certificate // nil: none
	tls      bool                   // TLS, which also trusts the system's CAs
}

// doubt says why a certificate that is being loaded is not trusted; nil when it
// is, or when there is nothing to compare it with. Unlike validate, it asks
// nobody, and excuses no self-signed certificate: that is trusted if it is itself
// among the anchors.
func (a *anchors) doubt(in candidate) *trap.Error {
	trusted := a.load()
	if in.cert == nil || in.cert.X509() == nil || len(trusted) == 0 {
		return nil
	}
	roots := x509.NewCertPool()
	if in.tls {
		if system, err := x509.SystemCertPool(); err == nil { // without it, fewer are trusted
			roots = system
		}
	}
	_, err := in.cert.X509().Verify(x509.VerifyOptions{
		Roots:         addTo(roots, trusted),
		Intermediates: addTo(x509.NewCertPool(), in.cert.Chain()[1:]),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err == nil {
		return nil
	}
	return trap.New(trap.CodeChainInvalid, "%s: the certificate %q is not trusted: %w; import that of its CA, or itself",
		in.property, in.cert.Subject(), err)
}

func addTo(pool *x509.CertPool, certs []*x509.Certificate) *x509.CertPool {
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	return pool
}

// vet lets a certificate in that is being loaded. One that is not trusted is an
// error with the setting FailOnUntrustedCert, and else only reported.
func (h *house) vet(in candidate, report func(*trap.Error)) error {
	doubt := h.anchors.doubt(in)
	switch {
	case doubt == nil:
		return nil
	case h.values.Load().failOnUntrustedCert:
		return doubt
	}
	report(doubt)
	return nil
}

// importTrusted reads the certificates that the setting TrustedCertsData points
// at.
func (h *house) importTrusted() ([]*certstore.Certificate, error) {
	v := h.values.Load()
	importer := trust.Importer{Redirects: trust.Redirects(v.followRedirects), Parse: parseP7B}
	found, err := importer.Import(context.Background(), v.trustedCertsData)
	if err != nil {
		return nil, err
	}
	certs := make([]*certstore.Certificate, len(found))
	for i, cert := range found {
		if certs[i], err = certstore.FromX509(cert, nil); err != nil {
			return nil, trap.New(CodeImport, "the trusted certificates cannot be imported: %w", err)
		}
	}
	return certs, nil
}

// parseP7B reads the certificates of a PKCS #7 file. No other type of store is
// tried: what comes from a URL is not to be taken for the name of a file.
func parseP7B(raw []byte) ([]*x509.Certificate, error) {
	listed, err := certstore.List(certstore.StoreP7BBlob, string(raw), "")
	if err != nil {
		return nil, err
	}
	certs := make([]*x509.Certificate, len(listed))
	for i, c := range listed {
		certs[i] = c.X509()
	}
	return certs, nil
}

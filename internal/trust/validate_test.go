package trust

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	root, other := newCA(t, "Root"), newCA(t, "Other")
	sub := root.issue(t, also(isCA("Sub"), crlAt(s.URL+"/root")))
	badSub := root.issue(t, also(isCA("Bad"), crlAt(s.URL+"/root")))
	s.page("/root", root.crl(t, revoking(badSub.cert)))

	atSub := func(change func(*x509.Certificate)) *x509.Certificate { return sub.issue(t, change).cert }
	good, bad := atSub(crlAt(s.URL+"/sub")), atSub(crlAt(s.URL+"/sub"))
	s.page("/sub", sub.crl(t, revoking(bad)))
	key := newKey(t)
	lonely := template(also(isCA("Lonely"), crlAt(s.URL+"/nobody")))
	lonely.IsCA, lonely.KeyUsage = false, x509.KeyUsageDigitalSignature
	selfIssued := create(t, lonely, lonely, key, key).cert
	forged := create(t, template(isCA("Forged")), template(isCA("Forged")), key, newKey(t)).cert

	for _, c := range []struct {
		name  string
		cert  *x509.Certificate
		code  int
		words string
	}{
		{"good", good, 0, ""},
		{"directly under the root", root.issue(t, nil).cert, 0, ""},
		{"no distribution point", atSub(nil), 0, ""},
		{"trusted itself", root.cert, 0, ""},
		{"self-signed", selfIssued, 0, ""},
		{"expired", atSub(func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }), 280, "has expired on 2026-03-01 11:59:59"},
		{"not yet", atSub(func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) }), 280, "is not valid before"},
		{"of a CA that is not trusted", other.issue(t, nil).cert, 275, "import that of its CA"},
		{"of a CA of the same name", newCA(t, "Sub").issue(t, nil).cert, 275, "import that of its CA"},
		{"seems self-signed", forged, 275, "import that of its CA"},
		{"revoked", bad, 280, "is revoked"},
		{"of a revoked CA", badSub.issue(t, nil).cert, 280, "Bad"},
		{"no CRL to be had", atSub(crlAt(s.URL + "/missing")), 275, "status 404"},
		{"LDAP only", atSub(crlAt("ldap://ca.test/")), 275, "http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := &Validator{
				Trusted:       []*x509.Certificate{root.cert},
				Intermediates: []*x509.Certificate{sub.cert, badSub.cert},
				Checker:       &Checker{Now: newClock().now},
			}
			failsWith(t, v.Validate(t.Context(), c.cert), c.code, c.words)
		})
	}
	noChecker := &Validator{Trusted: []*x509.Certificate{root.cert}, Intermediates: []*x509.Certificate{sub.cert}}
	assert.NoError(t, noChecker.Validate(t.Context(), bad))
	system := &Validator{Trusted: []*x509.Certificate{root.cert}, Intermediates: []*x509.Certificate{sub.cert}, System: true}
	assert.NoError(t, system.Validate(t.Context(), good))
	failsWith(t, (&Validator{System: true}).Validate(t.Context(), good), 275, "import")
	failsWith(t, (&Validator{}).Validate(t.Context(), good), 275, "ImportTrustedCerts comes first")
	assert.NoError(t, (&Validator{}).Validate(t.Context(), selfIssued))
}

func TestOneWayToATrustedCertificateIsEnough(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first, second := newCA(t, "First"), newCA(t, "Second")
	// Both have certified the same CA, and one has thought better of it.
	key := newKey(t)
	shared := func(by party, path string) party {
		return create(t, template(also(isCA("Shared"), crlAt(s.URL+path))), by.cert, key, by.key)
	}
	a, b := shared(first, "/first"), shared(second, "/second")
	s.page("/first", first.crl(t, revoking(a.cert)))
	s.page("/second", second.crl(t, nil))
	v := &Validator{
		Trusted:       []*x509.Certificate{first.cert, second.cert},
		Intermediates: []*x509.Certificate{a.cert, b.cert},
		Checker:       &Checker{Now: newClock().now},
	}
	assert.NoError(t, v.Validate(t.Context(), a.issue(t, nil).cert))
	v.Trusted = v.Trusted[:1]
	failsWith(t, v.Validate(t.Context(), a.issue(t, nil).cert), 280, "Shared")
}

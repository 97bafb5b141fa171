package trust

import (
	"crypto/fips140"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// isResponder makes a template that of a responder; it need not be checked.
func isResponder(c *x509.Certificate) {
	c.Subject = pkix.Name{CommonName: "responder"}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	c.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}}
}

// unchecked leaves the mark out again.
func unchecked(c *x509.Certificate) {
	isResponder(c)
	c.ExtraExtensions = nil
}

func also(changes ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, change := range changes {
			change(c)
		}
	}
}

func TestReadOCSP(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root")
	ca := root.issue(t, isCA("CA")) // its own certificate has not been signed by itself
	other := newCA(t, "CA")
	delegate := ca.issue(t, isResponder)
	user := ca.issue(t, nil)
	neighbour := ca.issue(t, nil)

	first := func(change func(*testSingle)) func(*testOCSP) {
		return func(o *testOCSP) { change(&o.Responses[0]) }
	}
	cases := []struct {
		name   string
		by     party
		shown  []*x509.Certificate
		change func(*testOCSP)
		want   verdict
		fault  string
	}{
		{name: "good", by: ca},
		{name: "good, with the issuer's certificate", by: ca, shown: []*x509.Certificate{ca.cert}},
		{name: "good, by a delegate", by: delegate, shown: []*x509.Certificate{delegate.cert, ca.cert}},
		{name: "revoked", by: ca, change: isRevoked, want: verdict{true, 4, noon.AddDate(0, -1, 0)}},
		{name: "revoked, by a delegate", by: delegate, shown: []*x509.Certificate{delegate.cert}, change: isRevoked, want: verdict{true, 4, noon.AddDate(0, -1, 0)}},
		{name: "second of two", by: ca, change: func(o *testOCSP) {
			o.Responses = append([]testSingle{ca.single(t, neighbour.cert)}, o.Responses...)
		}},
		{name: "no next update", by: ca, change: first(func(s *testSingle) { s.NextUpdate, s.ThisUpdate = time.Time{}, noon.Add(time.Second-liveAnswer) })},
		{name: "unimportant extension", by: ca, change: func(o *testOCSP) { o.Extensions = []pkix.Extension{{Id: oidNoCheck, Value: []byte{4, 0}}} }},

		{name: "unknown", by: ca, change: first(func(s *testSingle) { s.Good, s.Unknown = false, true }), fault: "does not know"},
		{name: "expired", by: ca, change: first(func(s *testSingle) { s.NextUpdate = noon }), fault: "has expired"},
		{name: "of the future", by: ca, change: first(func(s *testSingle) { s.ThisUpdate = noon.Add(skew + time.Second) }), fault: "of the future"},
		{name: "old, no next update", by: ca, change: first(func(s *testSingle) { s.NextUpdate, s.ThisUpdate = time.Time{}, noon.Add(-liveAnswer) }), fault: "has expired"},
		{name: "about another", by: ca, change: first(func(s *testSingle) { s.ID.Serial = neighbour.cert.SerialNumber }), fault: "no response matching"},
		{name: "about nobody", by: ca, change: func(o *testOCSP) { o.Responses = nil }, fault: "bad number of responses"},
		{name: "about another issuer's name", by: ca, change: first(func(s *testSingle) { s.ID.NameHash = s.ID.KeyHash }), fault: "another issuer"},
		{name: "about another issuer's key", by: ca, change: first(func(s *testSingle) { s.ID.KeyHash = other.single(t, user.cert).ID.KeyHash }), fault: "another issuer"},
		{name: "about another issuer's first", by: ca, change: func(o *testOCSP) {
			o.Responses = append([]testSingle{other.single(t, user.cert)}, o.Responses...)
		}, fault: "another issuer"},
		{name: "unknown critical extension", by: ca, change: func(o *testOCSP) { o.Extensions = critical(1, 2, 3) }, fault: "1.2.3"},
		{name: "by another", by: other, fault: "signature"},
		{name: "by another, with its certificate", by: other, shown: []*x509.Certificate{other.cert}, fault: "is not the issuer's"},
		{name: "by a delegate, without its certificate", by: delegate, fault: "signature"},
		{name: "by a delegate, with a wrong certificate", by: delegate, shown: []*x509.Certificate{ca.cert}, fault: "signature"},
	}
	for name, change := range map[string]func(*x509.Certificate){
		"is not for signing answers": nil,
		"not for signing answers":    also(isResponder, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }),
		"for signing answers":        also(isResponder, func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, critical(1, 2, 3)...) }),
		"is not valid now":           also(isResponder, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }),
		"of the responder":           also(isResponder, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) }),
	} {
		by := ca.issue(t, change)
		cases = append(cases, struct {
			name   string
			by     party
			shown  []*x509.Certificate
			change func(*testOCSP)
			want   verdict
			fault  string
		}{name: name, by: by, shown: []*x509.Certificate{by.cert}, fault: name})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := readOCSP(ca.ocsp(t, c.by, user.cert, c.change, c.shown...), user.cert, ca.cert, noon)
			if c.fault != "" {
				require.Error(t, err)
				assert.Contains(t, err.Error(), c.fault)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got.verdict)
		})
	}
}

func TestOCSPWithoutBeginningOrEnd(t *testing.T) {
	t.Parallel()
	ca := newCA(t, "CA")
	user, delegate := ca.issue(t, nil).cert, ca.issue(t, isResponder)
	whole := ca.ocsp(t, delegate, user, isRevoked, delegate.cert)
	for i := range whole {
		_, err := readOCSP(whole[:i], user, ca.cert, noon)
		assert.Error(t, err, i)
	}
	_, err := readOCSP(append(slices.Clone(whole), 0), user, ca.cert, noon)
	assert.Error(t, err)
	for code := range 7 { // tryLater and the like
		_, err := readOCSP([]byte{0x30, 3, 0x0a, 1, byte(code)}, user, ca.cert, noon)
		assert.Error(t, err)
	}
}

func TestCheckOCSP(t *testing.T) {
	t.Parallel()
	ca := newCA(t, "CA")
	s := newSite(t)
	user := ca.issue(t, ocspAt("ldap://x/", s.URL+"/missing", s.URL+"/good")).cert
	bad := ca.issue(t, ocspAt(s.URL+"/revoked")).cert
	lost := ca.issue(t, ocspAt(s.URL+"/unknown")).cert
	none := ca.issue(t, nil).cert
	s.handle("/good", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "application/ocsp-request", r.Header.Get("Content-Type"))
		assert.Contains(t, string(body), string(user.SerialNumber.Bytes()))
		_, _ = w.Write(ca.ocsp(t, ca, user, nil))
	})
	s.page("/revoked", ca.ocsp(t, ca, bad, isRevoked))
	s.page("/unknown", ca.ocsp(t, ca, lost, func(o *testOCSP) { o.Responses[0].Good, o.Responses[0].Unknown = false, true }))
	for _, c := range []struct {
		name                 string
		cert                 *x509.Certificate
		bestEffort, required int
		words                string
	}{
		{"good", user, 0, 0, ""},
		{"revoked", bad, 280, 280, "is revoked since 2026-02-01 12:00:00 (superseded)"},
		{"unknown", lost, 0, 275, "does not know"},
		{"no responder", none, 0, 275, "SSLCheckOCSP=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &Checker{Now: newClock().now}
			assert.NoError(t, k.CheckOCSP(t.Context(), c.cert, ca.cert, Off))
			failsWith(t, k.CheckOCSP(t.Context(), c.cert, ca.cert, BestEffort), c.bestEffort, c.words)
			failsWith(t, k.CheckOCSP(t.Context(), c.cert, ca.cert, Required), c.required, c.words)
		})
	}
}

func TestOCSPWhereSHA1IsForbidden(t *testing.T) {
	t.Parallel()
	if !fips140.Enforced() {
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", out)
		return
	}
	ca := newCA(t, "CA")
	k, user := &Checker{Now: newClock().now}, ca.issue(t, ocspAt("http://ca.test/")).cert
	failsWith(t, k.CheckOCSP(t.Context(), user, ca.cert, Required), 275, "fips140=only")
	failsWith(t, k.CheckStaple(t.Context(), []byte{0x30, 0}, user, ca.cert, Required), 275, "fips140=only")
}

func TestOCSPIsAskedOnceForAnUpdate(t *testing.T) {
	t.Parallel()
	ca, s, clock := newCA(t, "CA"), newSite(t), newClock()
	user := ca.issue(t, ocspAt(s.URL+"/ocsp")).cert
	s.handle("/ocsp", func(w http.ResponseWriter, _ *http.Request) {
		now := clock.now()
		_, _ = w.Write(ca.ocsp(t, ca, user, func(o *testOCSP) {
			if now.After(noon) {
				isRevoked(o)
			}
			o.Responses[0].ThisUpdate, o.Responses[0].NextUpdate = now, now.Add(time.Hour)
		}))
	})
	k := &Checker{Now: clock.now}
	for range 3 {
		assert.NoError(t, k.CheckOCSP(t.Context(), user, ca.cert, Required))
	}
	assert.EqualValues(t, 1, s.requests.Load())
	clock.advance(time.Hour)
	failsWith(t, k.CheckOCSP(t.Context(), user, ca.cert, BestEffort), 280, "revoked")
	failsWith(t, k.CheckOCSP(t.Context(), user, ca.cert, BestEffort), 280, "revoked")
	assert.EqualValues(t, 2, s.requests.Load())
}

func TestAResponderMayBeRevokedItself(t *testing.T) {
	t.Parallel()
	ca, s := newCA(t, "CA"), newSite(t)
	trusted, lost := ca.issue(t, also(unchecked, crlAt(s.URL+"/crl"))), ca.issue(t, also(unchecked, crlAt(s.URL+"/missing")))
	revoked, exempt := ca.issue(t, also(unchecked, crlAt(s.URL+"/crl"))), ca.issue(t, also(isResponder, crlAt(s.URL+"/crl")))
	s.page("/crl", ca.crl(t, revoking(revoked.cert, exempt.cert)))
	for _, c := range []struct {
		name string
		by   party
		code int
	}{{"good", trusted, 0}, {"not to be had", lost, 0}, {"revoked", revoked, 275}, {"no check", exempt, 0}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			user := ca.issue(t, ocspAt(s.URL+"/ocsp/"+c.by.cert.SerialNumber.String())).cert
			s.page("/ocsp/"+c.by.cert.SerialNumber.String(), ca.ocsp(t, c.by, user, nil, c.by.cert))
			k := &Checker{Now: newClock().now}
			failsWith(t, k.CheckOCSP(t.Context(), user, ca.cert, Required), c.code, "of the responder is revoked")
		})
	}
}

func TestCheckStaple(t *testing.T) {
	t.Parallel()
	ca, s := newCA(t, "CA"), newSite(t)
	user := ca.issue(t, ocspAt(s.URL+"/ocsp")).cert
	s.page("/ocsp", ca.ocsp(t, ca, user, isRevoked))
	silent := ca.issue(t, nil).cert
	for _, c := range []struct {
		name   string
		staple []byte
		cert   *x509.Certificate
		code   int
		asked  int32
	}{
		{"good", ca.ocsp(t, ca, user, nil), user, 0, 0},
		{"good, no responder", ca.ocsp(t, ca, silent, nil), silent, 0, 0},
		{"revoked", ca.ocsp(t, ca, silent, isRevoked), silent, 280, 0},
		{"none", nil, user, 280, 1},
		{"too long", make([]byte, maxOCSP+1), user, 280, 1},
		{"garbage, no responder", []byte("garbage"), silent, 275, 1},
		{"about another", ca.ocsp(t, ca, silent, nil), user, 280, 1},
		{"expired", ca.ocsp(t, ca, user, func(o *testOCSP) { o.Responses[0].NextUpdate = noon }), user, 280, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &Checker{Now: newClock().now}
			failsWith(t, k.CheckStaple(t.Context(), c.staple, c.cert, ca.cert, Required), c.code, "")
			assert.Equal(t, c.asked == 1, len(k.known.thoughts) == 1)
			assert.NoError(t, k.CheckStaple(t.Context(), c.staple, c.cert, ca.cert, Off))
		})
	}
}

func TestCheckChain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	root := newCA(t, "Root")
	sub := root.issue(t, also(isCA("Sub"), crlAt(s.URL+"/root")))
	badSub := root.issue(t, also(isCA("Bad"), crlAt(s.URL+"/root")))
	leaf := sub.issue(t, also(crlAt(s.URL+"/sub"), ocspAt(s.URL+"/ocsp"))).cert
	second := sub.issue(t, also(crlAt(s.URL+"/sub"), ocspAt(s.URL+"/second"))).cert
	orphan := badSub.issue(t, nil).cert
	s.page("/root", root.crl(t, revoking(badSub.cert)))
	s.page("/sub", sub.crl(t, func(c *testCRL) { c.Revoked = []testEntry{entry(big.NewInt(5))} }))
	s.page("/ocsp", sub.ocsp(t, sub, leaf, nil))
	s.page("/second", sub.ocsp(t, sub, second, isRevoked))

	chain := func(certs ...*x509.Certificate) []*x509.Certificate { return certs }
	for _, c := range []struct {
		name      string
		chain     []*x509.Certificate
		crl, ocsp Mode
		code      int
		words     string
	}{
		{"no chain", nil, Required, Required, 0, ""},
		{"only a root", chain(root.cert), Required, Required, 0, ""},
		{"good by CRL", chain(leaf, sub.cert, root.cert), Required, Off, 0, ""},
		{"good by both", chain(leaf, sub.cert, root.cert), Required, BestEffort, 0, ""},
		{"an intermediate without responder", chain(leaf, sub.cert, root.cert), Required, Required, 275, "Sub"},
		{"revoked by OCSP", chain(second, sub.cert, root.cert), Required, BestEffort, 280, "OCSP responder"},
		{"revoked by OCSP, which is off", chain(second, sub.cert, root.cert), Required, Off, 0, ""},
		{"an intermediate is revoked", chain(orphan, badSub.cert, root.cert), BestEffort, BestEffort, 280, "Bad"},
		{"no chain at all", chain(leaf, root.cert), BestEffort, BestEffort, 275, "not issued by"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &Checker{Now: newClock().now}
			failsWith(t, k.CheckChain(t.Context(), c.chain, c.crl, c.ocsp), c.code, c.words)
		})
	}
}

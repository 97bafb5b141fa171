package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func critical(id ...int) []pkix.Extension {
	return []pkix.Extension{{Id: id, Critical: true, Value: []byte{5, 0}}}
}

// point is the extension IssuingDistributionPoint with the given content.
func point(content ...byte) pkix.Extension {
	return pkix.Extension{Id: oidDistributionPoint, Critical: true, Value: append([]byte{0x30, byte(len(content))}, content...)}
}

// pointAt is the content of one that names a URL of up to 120 octets.
func pointAt(url string) []byte {
	n := byte(len(url))
	return append([]byte{0xa0, n + 4, 0xa0, n + 2, 0x86, n}, url...)
}

func TestReadCRL(t *testing.T) {
	t.Parallel()
	ca, other := newCA(t, "CA"), newCA(t, "Other CA")
	impostor := newCA(t, "CA") // the same name, another key
	noSign := party{key: ca.key, cert: ca.issue(t, func(c *x509.Certificate) {
		isCA("CA")(c)
		c.KeyUsage = x509.KeyUsageCertSign
	}).cert}
	const url = "http://ca.test/crl"
	user, sub := ca.issue(t, crlAt(url)).cert, ca.issue(t, func(c *x509.Certificate) { isCA("Sub")(c); crlAt(url)(c) }).cert
	long := ca.issue(t, func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 150) }).cert

	extension := func(e ...pkix.Extension) func(*testCRL) { return func(c *testCRL) { c.Extensions = e } }
	cases := []struct {
		name   string
		change func(*testCRL)
		cert   *x509.Certificate
		want   verdict
		fault  string
	}{
		{"empty", nil, user, verdict{}, ""},
		{"others are revoked", revoking(sub, long), user, verdict{}, ""},
		{"revoked", revoking(sub, user, long), user, verdict{revoked: true, reason: 1}, ""},
		{"long serial number", revoking(sub, user, long), long, verdict{revoked: true, reason: 1}, ""},
		{"without reason", func(c *testCRL) { c.Revoked = []testEntry{entry(user.SerialNumber)} }, user, verdict{revoked: true}, ""},
		{"on hold", func(c *testCRL) { c.Revoked = []testEntry{entry(user.SerialNumber, reason(6))} }, user, verdict{revoked: true, reason: 6}, ""},
		{"removed", func(c *testCRL) { c.Revoked = []testEntry{entry(user.SerialNumber, reason(8))} }, user, verdict{}, ""},
		{"negative and endless numbers", func(c *testCRL) {
			c.Revoked = []testEntry{entry(new(big.Int).Neg(user.SerialNumber)), entry(new(big.Int).Lsh(user.SerialNumber, 160))}
		}, user, verdict{}, ""},
		{"version 1", func(c *testCRL) { c.Version = 0; c.Revoked = []testEntry{entry(user.SerialNumber)} }, user, verdict{revoked: true}, ""},
		{"unimportant extensions", extension(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 20}, Value: []byte{2, 1, 1}}), user, verdict{}, ""},
		{"a clock ahead", func(c *testCRL) { c.ThisUpdate = noon.Add(skew) }, user, verdict{}, ""},

		{"version 3", func(c *testCRL) { c.Version = 2 }, user, verdict{}, "version"},
		{"of the future", func(c *testCRL) { c.ThisUpdate = noon.Add(skew + time.Second) }, user, verdict{}, "of the future"},
		{"expired", func(c *testCRL) { c.NextUpdate = noon }, user, verdict{}, "has expired"},
		{"no next update", func(c *testCRL) { c.NextUpdate = time.Time{} }, user, verdict{}, "no next update"},
		{"of another issuer", func(c *testCRL) { c.Issuer.FullBytes = other.cert.RawSubject }, user, verdict{}, "another issuer"},
		{"SHA-1", func(c *testCRL) { c.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1} }, user, verdict{}, "SHA-1"},
		{"unknown critical extension", func(c *testCRL) { c.Extensions = critical(1, 2, 3) }, user, verdict{}, "1.2.3"},
		{"delta", func(c *testCRL) { c.Extensions = critical(2, 5, 29, 27) }, user, verdict{}, "delta"},
		{"critical in an entry", func(c *testCRL) { c.Revoked = []testEntry{entry(big.NewInt(1), critical(1, 2, 3)...)} }, user, verdict{}, "1.2.3"},
		{"indirect by an entry", func(c *testCRL) { c.Revoked = []testEntry{entry(big.NewInt(1), critical(2, 5, 29, 29)...)} }, user, verdict{}, "indirect"},
		{"broken reason", func(c *testCRL) {
			c.Revoked = []testEntry{entry(big.NewInt(1), pkix.Extension{Id: oidReasonCode, Value: []byte{2, 1, 1}})}
		}, user, verdict{}, "broken entry"},

		{"for this point", extension(point(pointAt(url)...)), user, verdict{}, ""},
		{"for another point", extension(point(pointAt("http://ca.test/other")...)), user, verdict{}, "another distribution point"},
		{"for a point with a directory name", extension(point(0xa0, 4, 0xa0, 2, 0xa4, 0)), user, verdict{}, "another distribution point"},
		{"for a relative name", extension(point(0xa0, 2, 0xa1, 0)), user, verdict{}, "broken"},
		{"for users, a user", extension(point(0x81, 1, 0xff)), user, verdict{}, ""},
		{"for users, a CA", extension(point(0x81, 1, 0xff)), sub, verdict{}, "not for CA"},
		{"for CAs, a user", extension(point(0x82, 1, 0xff)), user, verdict{}, "for CA certificates only"},
		{"for CAs, a CA", extension(point(0x82, 1, 0xff)), sub, verdict{}, ""},
		{"for some reasons", extension(point(0x83, 2, 1, 6)), user, verdict{}, "some reasons"},
		{"indirect", extension(point(0x84, 1, 0xff)), user, verdict{}, "indirect"},
		{"for attributes", extension(point(0x85, 1, 0xff)), user, verdict{}, "attribute"},
		{"broken point", extension(point(0x86, 1, 0xff)), user, verdict{}, "broken"},
		{"broken names", extension(point(0xa0, 3, 0xa0, 1, 0x86)), user, verdict{}, "broken"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list, _, err := readCRL(ca.crl(t, c.change), ca.cert, noon)
			var got verdict
			if err == nil {
				got, err = list.find(c.cert)
			}
			if c.fault != "" {
				require.Error(t, err)
				assert.Contains(t, err.Error(), c.fault)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}

	for fault, signer := range map[string]party{"signature": impostor, "another issuer": other} {
		_, _, err := readCRL(signer.crl(t, nil), ca.cert, noon)
		assert.ErrorContains(t, err, fault)
	}
	_, _, err := readCRL(ca.crl(t, nil), noSign.cert, noon)
	assert.ErrorContains(t, err, "signature", "the issuer may not sign CRLs")

	list, until, err := readCRL([]byte(pemOf("X509 CRL", ca.crl(t, revoking(user)))), ca.cert, noon)
	require.NoError(t, err)
	assert.Equal(t, noon.AddDate(0, 0, 1), until)
	assert.Len(t, list.entries, 1)
}

func TestCRLWithoutBeginningOrEnd(t *testing.T) {
	t.Parallel()
	ca := newCA(t, "CA")
	whole := ca.crl(t, func(c *testCRL) {
		c.Revoked = []testEntry{entry(big.NewInt(1), reason(1))}
		c.Extensions = []pkix.Extension{point(pointAt("http://ca.test/")...)}
	})
	for i := range whole {
		_, _, err := readCRL(whole[:i], ca.cert, noon)
		assert.Error(t, err, i)
	}
	_, _, err := readCRL(append(slices.Clone(whole), 0), ca.cert, noon)
	assert.Error(t, err)
	for i := range whole {
		changed := slices.Clone(whole)
		changed[i] ^= 1
		_, _, err := readCRL(changed, ca.cert, noon)
		assert.Error(t, err, "octet %d changed", i)
	}
	value := point(pointAt("http://ca.test/")...).Value
	for i := range value {
		_, err := readDistributionPoint(value[:i])
		assert.Error(t, err, i)
	}
}

func TestEntriesAreFoundAmongMany(t *testing.T) {
	t.Parallel()
	ca := newCA(t, "CA")
	const many = 20_000
	raw := ca.crl(t, func(c *testCRL) {
		for i := range int64(many) { // in no order, and every second number
			c.Revoked = append(c.Revoked, entry(big.NewInt(1+2*(i*7919%many))))
		}
	})
	list, _, err := readCRL(raw, ca.cert, noon)
	require.NoError(t, err)
	assert.Len(t, list.entries, many)
	assert.LessOrEqual(t, list.size(), many*21)
	for i := range int64(2 * many) {
		v, err := list.find(&x509.Certificate{SerialNumber: big.NewInt(i)})
		require.NoError(t, err)
		require.Equal(t, i%2 == 1, v.revoked, i)
	}
	_, err = list.find(&x509.Certificate{SerialNumber: new(big.Int).Lsh(big.NewInt(1), 160)})
	assert.ErrorContains(t, err, "longer than 20")
}

func TestCheckCRL(t *testing.T) {
	t.Parallel()
	ca := newCA(t, "CA")
	s := newSite(t)
	good, bad := s.URL+"/good.crl", s.URL+"/bad.crl"
	one := ca.issue(t, crlAt(good)).cert
	two := ca.issue(t, crlAt("ldap://ca.test/", s.URL+"/missing", bad)).cert
	none := ca.issue(t, nil).cert
	ldap := ca.issue(t, crlAt("ldap://ca.test/")).cert
	lost := ca.issue(t, crlAt(s.URL+"/missing", s.URL+"/garbage")).cert
	s.page("/good.crl", ca.crl(t, revoking(two)))
	s.page("/bad.crl", ca.crl(t, revoking(two)))
	s.page("/garbage", []byte("<html>login</html>"))

	cases := []struct {
		name                 string
		cert                 *x509.Certificate
		bestEffort, required int
		words                string
	}{
		{"good", one, 0, 0, ""},
		{"revoked, says the second", two, 280, 280, "is revoked (keyCompromise)"},
		{"no point", none, 0, 275, "SSLCheckCRL=1"},
		{"only LDAP", ldap, 0, 275, "http"},
		{"no CRL there", lost, 0, 275, "no CRL, or a broken one"},
		{"not the issuer's", newCA(t, "CA").issue(t, crlAt(good)).cert, 275, 275, "was not issued by"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &Checker{Now: newClock().now}
			assert.NoError(t, k.CheckCRL(t.Context(), c.cert, ca.cert, Off))
			failsWith(t, k.CheckCRL(t.Context(), c.cert, ca.cert, BestEffort), c.bestEffort, c.words)
			failsWith(t, k.CheckCRL(t.Context(), c.cert, ca.cert, Required), c.required, c.words)
			failsWith(t, k.CheckCRL(t.Context(), c.cert, ca.cert, Mode(9)), c.required, c.words)
		})
	}
}

func TestCRLIsFetchedOnceForAnUpdate(t *testing.T) {
	t.Parallel()
	ca, s, clock := newCA(t, "CA"), newSite(t), newClock()
	first, second := ca.issue(t, crlAt(s.URL+"/crl")).cert, ca.issue(t, crlAt(s.URL+"/crl")).cert
	s.handle("/crl", func(w http.ResponseWriter, _ *http.Request) {
		now := clock.now()
		_, _ = w.Write(ca.crl(t, func(c *testCRL) {
			c.ThisUpdate, c.NextUpdate = now, now.Add(time.Hour)
			if now.After(noon) {
				revoking(second)(c)
			}
		}))
	})
	k := &Checker{Now: clock.now}
	for range 3 {
		assert.NoError(t, k.CheckCRL(t.Context(), first, ca.cert, Required))
		assert.NoError(t, k.CheckCRL(t.Context(), second, ca.cert, Required))
	}
	assert.EqualValues(t, 1, s.requests.Load())
	clock.advance(time.Hour)
	assert.NoError(t, k.CheckCRL(t.Context(), first, ca.cert, Required))
	failsWith(t, k.CheckCRL(t.Context(), second, ca.cert, Required), 280, "revoked")
	assert.EqualValues(t, 2, s.requests.Load())
}

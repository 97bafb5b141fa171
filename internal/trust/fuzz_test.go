package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzCRL holds the reading of CRLs against that of crypto/x509.
func FuzzCRL(f *testing.F) {
	ca := newCA(f, "CA")
	f.Add(ca.crl(f, nil))
	f.Add(ca.crl(f, func(c *testCRL) { c.Version = 0 }))
	f.Add(ca.crl(f, func(c *testCRL) {
		c.Revoked = []testEntry{entry(big.NewInt(9), reason(1)), entry(big.NewInt(-5)), entry(big.NewInt(700), reason(8))}
		c.Extensions = []pkix.Extension{point(pointAt("http://ca.test/")...)}
	}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _, _ = readCRL(raw, ca.cert, noon)
		parts, err := splitCRL(raw)
		if err != nil {
			return
		}
		whole, err := x509.ParseRevocationList(raw)
		if err != nil {
			return
		}
		head, err := x509.ParseRevocationList(parts.head)
		require.NoError(t, err, "what is left is a CRL")
		assert.Equal(t, whole.RawTBSRevocationList, parts.signed)
		assert.Equal(t, whole.RawIssuer, head.RawIssuer)
		assert.Equal(t, whole.ThisUpdate, head.ThisUpdate)
		assert.Equal(t, whole.NextUpdate, head.NextUpdate)
		assert.Equal(t, whole.Signature, head.Signature)
		assert.Equal(t, whole.Extensions, head.Extensions)
		assert.Empty(t, head.RevokedCertificateEntries)
		list := revocationList{}
		if list.entries, err = readEntries(parts.entries); err != nil {
			return
		}
		for _, e := range whole.RevokedCertificateEntries {
			v, err := list.find(&x509.Certificate{SerialNumber: e.SerialNumber})
			if e.SerialNumber.Sign() >= 0 && err == nil && e.ReasonCode != removeFromCRL {
				assert.True(t, v.revoked, "%v", e.SerialNumber)
			}
		}
	})
}

func FuzzEntries(f *testing.F) {
	for _, e := range []testEntry{
		entry(big.NewInt(9)), entry(big.NewInt(-5), reason(1)), entry(big.NewInt(7), critical(1, 2, 3)...),
	} {
		f.Add(marshal(f, e))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := readEntries(raw)
		if err != nil {
			assert.Empty(t, entries)
		}
		for i := 1; i < len(entries); i++ {
			assert.LessOrEqual(t, entries[i-1].compare(entries[i].serial), 0, "they are sorted")
		}
	})
}

func FuzzDistributionPoint(f *testing.F) {
	for _, p := range []pkix.Extension{
		point(), point(pointAt("http://ca.test/")...), point(0x81, 1, 0xff), point(0x83, 2, 1, 6), point(0xa0, 2, 0xa1, 0),
	} {
		f.Add(p.Value)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := readDistributionPoint(raw)
		if err == nil && s.named && len(s.urls) == 0 {
			assert.Error(t, s.covers(&x509.Certificate{}), "names that are not known match nothing")
		}
	})
}

func FuzzOCSP(f *testing.F) {
	ca := newCA(f, "CA")
	delegate, user := ca.issue(f, isResponder), ca.issue(f, nil).cert
	bad := ca.ocsp(f, ca, user, isRevoked)
	f.Add(bad)
	f.Add(ca.ocsp(f, delegate, user, isRevoked, delegate.cert))
	f.Add([]byte{0x30, 3, 0x0a, 1, 3})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if answer, err := readOCSP(raw, user, ca.cert, noon); err == nil {
			assert.True(t, answer.revoked, "nobody has signed anything else")
		}
	})
}

func FuzzDecode(f *testing.F) {
	der := newCA(f, "A").cert.Raw
	f.Add(der)
	f.Add([]byte(pemOf("CERTIFICATE", der) + pemOf("PKCS7", der)))
	f.Add([]byte("MIIB"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		certs, err := decode(raw, fakeP7B)
		assert.Equal(t, err == nil, len(certs) > 0)
	})
}

package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is the time of the tests.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// A clock stands still until it is set.
type clock struct{ atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.Store(noon.Unix())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(c.Load(), 0).UTC() }
func (c *clock) advance(d time.Duration) { c.Add(int64(d / time.Second)) }

// A party is a certificate with its key: a CA, a responder, a partner.
type party struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var lastSerial atomic.Int64

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func template(change func(*x509.Certificate)) *x509.Certificate {
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1000 + lastSerial.Add(1)),
		Subject:      pkix.Name{CommonName: "partner"},
		NotBefore:    noon.AddDate(-5, 0, 0),
		NotAfter:     noon.AddDate(20, 0, 0),
	}
	if change != nil {
		change(cert)
	}
	return cert
}

// isCA makes a template that of a CA.
func isCA(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		c.IsCA, c.BasicConstraintsValid = true, true
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
}

func create(t testing.TB, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) party {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return party{cert, key}
}

func newCA(t testing.TB, name string) party {
	t.Helper()
	key, self := newKey(t), template(isCA(name))
	return create(t, self, self, key, key)
}

func (p party) issue(t testing.TB, change func(*x509.Certificate)) party {
	t.Helper()
	return create(t, template(change), p.cert, newKey(t), p.key)
}

// sign is ECDSA with SHA-256.
func (p party) sign(t testing.TB, data []byte) asn1.BitString {
	t.Helper()
	sum := sha256.Sum256(data)
	sig, err := p.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	require.NoError(t, err)
	return asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}
}

var ecdsaSHA256 = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	require.NoError(t, err)
	return der
}

// testCRL is a CRL as RFC 5280, section 5.1, has it.
type testCRL struct {
	Version    int `asn1:"optional,default:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	ThisUpdate time.Time        `asn1:"utc"`
	NextUpdate time.Time        `asn1:"utc,optional"`
	Revoked    []testEntry      `asn1:"optional,omitempty"`
	Extensions []pkix.Extension `asn1:"tag:0,explicit,optional,omitempty"`
}

type testEntry struct {
	Serial     *big.Int
	Date       time.Time        `asn1:"utc"`
	Extensions []pkix.Extension `asn1:"optional,omitempty"`
}

func entry(serial *big.Int, extensions ...pkix.Extension) testEntry {
	return testEntry{serial, noon.AddDate(0, -1, 0), extensions}
}

// reason is the extension of an entry with a reason code.
func reason(code byte) pkix.Extension {
	return pkix.Extension{Id: oidReasonCode, Value: []byte{0x0a, 1, code}}
}

// crl makes the CRL of a CA, of this noon and for a day unless it is changed.
func (p party) crl(t testing.TB, change func(*testCRL)) []byte {
	t.Helper()
	tbs := testCRL{
		Version: 1, Algorithm: ecdsaSHA256, Issuer: asn1.RawValue{FullBytes: p.cert.RawSubject},
		ThisUpdate: noon, NextUpdate: noon.AddDate(0, 0, 1),
	}
	if change != nil {
		change(&tbs)
	}
	signed := marshal(t, tbs)
	return marshal(t, struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: signed}, tbs.Algorithm, p.sign(t, signed)})
}

// revoking is a change that puts certificates on a CRL.
func revoking(certs ...*x509.Certificate) func(*testCRL) {
	return func(c *testCRL) {
		for _, cert := range certs {
			c.Revoked = append(c.Revoked, entry(cert.SerialNumber, reason(1)))
		}
	}
}

// testOCSP is an answer as RFC 6960, section 4.2.1, has it.
type testOCSP struct {
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []testSingle
	Extensions []pkix.Extension `asn1:"tag:1,explicit,optional,omitempty"`
}

type testSingle struct {
	ID         testID
	Good       asn1.Flag   `asn1:"tag:0,optional"`
	Revoked    testRevoked `asn1:"tag:1,optional"`
	Unknown    asn1.Flag   `asn1:"tag:2,optional"`
	ThisUpdate time.Time   `asn1:"generalized"`
	NextUpdate time.Time   `asn1:"generalized,explicit,tag:0,optional"`
}

type testID struct {
	Hash              pkix.AlgorithmIdentifier
	NameHash, KeyHash []byte
	Serial            *big.Int
}

type testRevoked struct {
	Date   time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

// single is the answer "good" about a certificate of the CA.
func (p party) single(t testing.TB, cert *x509.Certificate) testSingle {
	t.Helper()
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err := asn1.Unmarshal(p.cert.RawSubjectPublicKeyInfo, &key)
	require.NoError(t, err)
	nameHash, keyHash := sha1.Sum(p.cert.RawSubject), sha1.Sum(key.Key.Bytes)
	return testSingle{
		ID: testID{
			Hash:     pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Parameters: asn1.NullRawValue},
			NameHash: nameHash[:], KeyHash: keyHash[:], Serial: cert.SerialNumber,
		},
		Good: true, ThisUpdate: noon, NextUpdate: noon.AddDate(0, 0, 1),
	}
}

// ocsp makes the answer of a responder about one certificate of the CA; shown
// are the certificates in it.
func (p party) ocsp(t testing.TB, responder party, cert *x509.Certificate, change func(*testOCSP), shown ...*x509.Certificate) []byte {
	t.Helper()
	tbs := testOCSP{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: responder.cert.RawSubject},
		ProducedAt: noon, Responses: []testSingle{p.single(t, cert)},
	}
	if change != nil {
		change(&tbs)
	}
	signed := marshal(t, tbs)
	var certs []asn1.RawValue
	for _, c := range shown {
		certs = append(certs, asn1.RawValue{FullBytes: c.Raw})
	}
	basic := marshal(t, struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
		Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional,omitempty"`
	}{asn1.RawValue{FullBytes: signed}, ecdsaSHA256, responder.sign(t, signed), certs})
	type bytes struct {
		Type asn1.ObjectIdentifier
		Raw  []byte
	}
	return marshal(t, struct {
		Status asn1.Enumerated
		Bytes  bytes `asn1:"explicit,tag:0"`
	}{0, bytes{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}, basic}})
}

// isRevoked is a change of the first answer.
func isRevoked(o *testOCSP) {
	o.Responses[0].Good = false
	o.Responses[0].Revoked = testRevoked{noon.AddDate(0, -1, 0), 4}
}

// A site is a web server that counts requests.
type site struct {
	*httptest.Server
	mux      *http.ServeMux
	requests atomic.Int32
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{mux: http.NewServeMux()}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// page serves the same octets under a path, and returns the URL.
func (s *site) page(path string, body []byte) string {
	return s.handle(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
}

func (s *site) handle(path string, h http.HandlerFunc) string {
	s.mux.HandleFunc(path, h)
	return s.URL + path
}

// crlAt and ocspAt are changes of a template.
func crlAt(urls ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.CRLDistributionPoints = urls }
}

func ocspAt(urls ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.OCSPServer = urls }
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// failsWith asserts an error of a code with words in it; code 0 wants none.
func failsWith(t testing.TB, err error, code int, words string) {
	t.Helper()
	if code == 0 {
		assert.NoError(t, err)
		return
	}
	if assert.Error(t, err) {
		assert.Equal(t, code, trap.Code(err), err)
		assert.Contains(t, err.Error(), words)
	}
}

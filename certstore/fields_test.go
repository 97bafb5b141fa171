package certstore

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const serverSubject = `E=edi@server.com, CN=www.server.com, OU=EDI, O="Car, Body GmbH", L=Muenchen, S=Bayern, C=DE`

// The expected values are what openssl x509 prints for the file, in our form.
func TestFieldsAgreeWithOpenSSL(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePEMKeyBlob, load(t, "server.key", "server.pem", "chain.pem"), "", "*")
	require.NoError(t, err)
	local := func(year int, month time.Month, day int) string {
		return time.Date(year, month, day, 10, 26, 27, 0, time.UTC).Local().Format("02-Jan-2006 15:04:05")
	}
	for _, row := range []struct {
		field, want, got string
	}{
		{"Subject", serverSubject, c.Subject()},
		{"Issuer", "CN=Test Issuing, O=Ediport Test, C=DE", c.Issuer()},
		{"SerialNumber", "A1B2C3D4E5F60718", c.SerialNumber()},
		{"Version", "V3", c.Version()},
		{"EffectiveDate", local(2026, time.November, 20), c.EffectiveDate()},
		{"ExpirationDate", local(2126, time.October, 27), c.ExpirationDate()},
		{"Fingerprint", "a1:38:51:a6:e2:41:39:30:f7:44:43:f3:7c:12:eb:e6", c.Fingerprint()},
		{"FingerprintSHA1", "f0:f0:37:95:34:35:72:0c:7e:fa:cd:af:59:3c:de:f3:cb:32:a6:33", c.FingerprintSHA1()},
		{"FingerprintSHA256", "a7:04:fe:23:2d:3e:08:6e:c7:30:30:23:5f:d6:56:db:e5:21:da:eb:87:8a:ca:ae:9c:70:27:54:3e:ad:46:e1", c.FingerprintSHA256()},
		{"ThumbprintMD5", "A13851A6E2413930F74443F37C12EBE6", c.ThumbprintMD5()},
		{"ThumbprintSHA1", "F0F037953435720C7EFACDAF593CDEF3CB32A633", c.ThumbprintSHA1()},
		{"ThumbprintSHA256", "A704FE232D3E086EC73030235FD656DBE521DAEB878ACAAE9C7027543EAD46E1", c.ThumbprintSHA256()},
		{"SignatureAlgorithm", "ECDSA-SHA256", c.SignatureAlgorithm()},
		{"PublicKeyAlgorithm", "ECDSA", c.PublicKeyAlgorithm()},
		{"Usage", "Digital Signature,Key Encipherment,Key Agreement", c.Usage()},
		{"ExtendedKeyUsage", "1.3.6.1.5.5.7.3.1,1.3.6.1.5.5.7.3.2,1.3.6.1.4.1.99999.1", c.ExtendedKeyUsage()},
		{"SubjectAltNames", "www.server.com,oftp.server.com,edi@server.com,192.0.2.7,https://server.com/", c.SubjectAltNames()},
		{"Encoded", load(t, "server.pem"), c.Encoded()},
		{"PrivateKey", load(t, "server.key"), c.PrivateKey()},
		{"PrivateKeyContainer", "", c.PrivateKeyContainer()},
	} {
		assert.Equal(t, row.want, row.got, row.field)
	}
	assert.Equal(t, 0x80|0x20|0x08, c.UsageFlags())
	assert.Equal(t, 256, c.PublicKeyLength())
	assert.True(t, c.PrivateKeyAvailable())
	assert.Contains(t, c.PublicKey(), "-----BEGIN PUBLIC KEY-----")
	assert.Equal(t, c.X509().Raw, c.EncodedB())
}

func TestKeyTypes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		files     []string
		algorithm string
		signature string
		length    int
		decrypts  bool
	}{
		{[]string{"rsa.pem", "key-pkcs1.pem"}, "RSA", "SHA256-RSA", 1024, true},
		{[]string{"ed.key", "ed.pem"}, "Ed25519", "Ed25519", 256, false},
		{[]string{"server.pem", "key-sec1.pem"}, "ECDSA", "ECDSA-SHA256", 256, false},
	} {
		c, err := Open(StoreAuto, load(t, row.files...), "", "")
		require.NoError(t, err)
		assert.Equal(t, row.algorithm, c.PublicKeyAlgorithm())
		assert.Equal(t, row.signature, c.SignatureAlgorithm())
		assert.Equal(t, row.length, c.PublicKeyLength())
		assert.Equal(t, row.decrypts, c.Decrypter() != nil)
		assert.NotNil(t, c.Signer())
	}
}

// The MD5 value comes from ssh-keygen -l -E md5, the others from hashing the
// same octets.
func TestBareKeyHasFingerprintsOnly(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePEMKeyFile, "testdata/key-sec1.pem", "", "")
	require.NoError(t, err)
	assert.Equal(t, "b1:d5:70:a6:48:af:6e:15:61:44:66:19:d3:a1:ca:e3", c.Fingerprint())
	assert.Equal(t, "11:3a:b8:fe:d4:bb:24:15:8e:3a:c4:da:26:8d:5c:88:f4:61:a7:9e", c.FingerprintSHA1())
	assert.Equal(t, "3e:26:7b:b2:c8:af:b5:aa:09:96:d0:4c:8c:1b:3d:73:b7:f7:10:36:b7:94:ec:51:3c:8c:0b:ac:1d:4e:ac:22", c.FingerprintSHA256())
	assert.Equal(t, "ECDSA", c.PublicKeyAlgorithm())
	assert.Equal(t, 256, c.PublicKeyLength())
	assert.NotEmpty(t, c.PublicKey())
	assert.NotEmpty(t, c.PrivateKey())
	assertNoCertificate(t, c)
}

func TestZeroValueIsEmpty(t *testing.T) {
	t.Parallel()
	var c Certificate
	assertNoCertificate(t, &c)
	for _, text := range []string{
		c.Fingerprint(), c.PublicKey(), c.PrivateKey(), c.PublicKeyAlgorithm(), c.Store(), c.StorePassword(), c.KeyPassword(),
	} {
		assert.Empty(t, text)
	}
	assert.Zero(t, c.PublicKeyLength())
	assert.False(t, c.PrivateKeyAvailable())
	assert.Nil(t, c.Signer())
	assert.Nil(t, c.Decrypter())
}

func assertNoCertificate(t *testing.T, c *Certificate) {
	t.Helper()
	for _, text := range []string{
		c.Subject(), c.Issuer(), c.SerialNumber(), c.Version(), c.EffectiveDate(), c.ExpirationDate(),
		c.SignatureAlgorithm(), c.Usage(), c.ExtendedKeyUsage(), c.SubjectAltNames(), c.Encoded(),
		c.ThumbprintMD5(), c.ThumbprintSHA1(), c.ThumbprintSHA256(),
	} {
		assert.Empty(t, text)
	}
	assert.Zero(t, c.UsageFlags())
	assert.Nil(t, c.EncodedB())
	assert.Nil(t, c.X509())
	assert.Empty(t, c.Chain())
	_, err := c.TLSCertificate()
	require.ErrorContains(t, err, "no certificate")
	assert.Equal(t, 273, err.(*Error).Code)
}

func TestNamesOfOtherAttributesAndTypes(t *testing.T) {
	t.Parallel()
	name := pkix.Name{
		CommonName:   `He said "no", twice`,
		SerialNumber: "4711",
		ExtraNames:   []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: " padded"}},
	}
	cert := newCert(t, newKey(t), name)
	assert.Equal(t, `1.2.3.4=" padded", SERIALNUMBER=4711, CN="He said ""no"", twice"`, subjectOf(cert))
}

// Algorithms that Go has no name for appear as numbers.
func TestUnknownAlgorithms(t *testing.T) {
	t.Parallel()
	cert := newCert(t, newKey(t), commonName("odd"))
	cert.SignatureAlgorithm, cert.PublicKeyAlgorithm, cert.PublicKey = x509.UnknownSignatureAlgorithm, x509.UnknownPublicKeyAlgorithm, nil
	cert.SerialNumber = new(big.Int)
	c, err := FromX509(cert, nil)
	require.NoError(t, err)
	assert.Equal(t, "1.2.840.10045.4.3.2", c.SignatureAlgorithm())
	assert.Equal(t, "1.2.840.10045.2.1", c.PublicKeyAlgorithm())
	assert.Equal(t, "00", c.SerialNumber())
	assert.Zero(t, c.PublicKeyLength())

	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(x25519.PublicKey())
	require.NoError(t, err)
	bare, err := Open(StorePEMKeyBlob, pemText("PUBLIC KEY", der), "", "")
	require.NoError(t, err)
	assert.Equal(t, "1.3.101.110", bare.PublicKeyAlgorithm())
	assert.Len(t, bare.FingerprintSHA256(), 95)
}

package certstore

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oddNames are the subjects in testdata/odd.
var oddNames = map[string]string{
	"commas":   `CN="1+1=2 <three> #4", OU="a;b", O="Car, Body GmbH", C=DE`,
	"quotes":   `CN="""quoted""", O="The ""Best"" \ Co"`,
	"spaces":   `CN=in  between, OU=#number, OU="after ", O=" before"`,
	"multi":    `CN=last, UID="three, four"+OU=one+CN=two, O=Ediport`,
	"utf8":     "CN=🚀 Ελλάδα, O=Größe 日本語",
	"repeated": "CN=y, CN=x, OU=a, OU=b, OU=c, DC=com, DC=example",
	"attributes": "CN=all, E=a@b.org, DC=org, 1.2.3.4.5=what, 2.5.4.15=Private, SERIALNUMBER=4711, UID=u1, 2.5.4.43=GN, " +
		"G=Given, SN=Name, T=Dr, OU=OU, O=O, STREET=Weg 1, L=Ulm, S=Bayern, C=DE",
	"bmp":   "CN=日本, O=Größe",
	"t61":   "CN=Citroën, O=Größe",
	"empty": "",
	"ages":  "CN=ages",
}

func TestOddNames(t *testing.T) {
	t.Parallel()
	for name, want := range oddNames {
		c, err := Open(StorePublicKeyFile, "testdata/odd/"+name+".pem", "", want)
		require.NoError(t, err, "each is found by its whole name")
		assert.Equal(t, want, c.Subject())
	}
	c, err := Open(StorePublicKeyFile, "testdata/odd/ages.pem", "", "")
	require.NoError(t, err)
	assert.Equal(t, `OU=multi+CN=Root, O="The, Issuer"`, c.Issuer())
	c, err = Open(StorePublicKeyFile, "testdata/odd/sans.pem", "", "")
	require.NoError(t, err)
	assert.Equal(t, "a.example,*.b.example,xn--bcher-kva.example,a@b.example,z@b.example,192.0.2.1,2001:db8::1,https://c.example/x?y=1%2C2",
		c.SubjectAltNames())
}

// Go refuses these: a serial number below zero, which RFC 5280 forbids, and a
// name as UniversalString, which nobody writes.
func TestRefusedCertificates(t *testing.T) {
	t.Parallel()
	name, err := asn1.Marshal(rdnSequence{{{asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.RawValue{Tag: 28, Bytes: []byte("\x00\x00\x00x")}}}})
	require.NoError(t, err)
	key := newKey(t)
	template := &x509.Certificate{RawSubject: name, SerialNumber: big.NewInt(1)}
	universal, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	for store, want := range map[string]string{
		load(t, "odd/negative-serial.pem"): "negative serial number",
		string(universal):                  "unsupported string type: 28",
	} {
		_, err := Open(StorePublicKeyBlob, store, "", "")
		require.ErrorContains(t, err, want)
		assert.Equal(t, 271, err.(*Error).Code)
	}
}

func TestFieldsEqualOpenSSL(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/odd/*.pem")
	require.NoError(t, err)
	assertFields(t, files)
}

func TestFieldsEqualOpenSSLAfresh(t *testing.T) {
	t.Parallel()
	needs.Program(t, "openssl")
	script, err := filepath.Abs("testdata/odd/make.sh")
	require.NoError(t, err)
	dir := t.TempDir()
	runIn(t, dir, nil, needs.Program(t, "sh"), script)
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	require.NoError(t, err)
	assertFields(t, files)
}

func assertFields(t *testing.T, files []string) {
	t.Helper()
	openssl := needs.Program(t, "openssl")
	require.Len(t, files, 26)
	for _, file := range files {
		name := filepath.Base(file)
		if name == "negative-serial.pem" {
			continue // see TestRefusedCertificates
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Open(StorePublicKeyFile, file, "", "")
			require.NoError(t, err)
			assertText(t, c, run(t, openssl, "x509", "-in", file, "-noout", "-text", "-subject", "-issuer", "-serial", "-dates",
				"-nameopt", "esc_2253,esc_ctrl,utf8,sep_comma_plus,dn_rev,sname"))
			for digest, print := range map[string]string{
				"-md5": c.Fingerprint(), "-sha1": c.FingerprintSHA1(), "-sha256": c.FingerprintSHA256(),
			} {
				_, want, _ := strings.Cut(run(t, openssl, "x509", "-in", file, "-noout", "-fingerprint", digest), "=")
				assert.Equal(t, strings.TrimSpace(want), strings.ToUpper(print))
			}
		})
	}
}

// assertText compares the fields with what openssl x509 prints.
func assertText(t *testing.T, c *Certificate, text string) {
	t.Helper()
	assertName(t, field(text, "\nsubject="), c.Subject())
	assertName(t, field(text, "\nissuer="), c.Issuer())
	assert.Equal(t, field(text, "\nserial="), c.SerialNumber())
	assert.Equal(t, field(text, "Version: ")[:1], strings.TrimPrefix(c.Version(), "V"))
	assertDate(t, field(text, "\nnotBefore="), c.EffectiveDate())
	assertDate(t, field(text, "\nnotAfter="), c.ExpirationDate())

	assert.Equal(t, opensslNames[field(text, "Signature Algorithm: ")], c.SignatureAlgorithm())
	assert.Equal(t, opensslNames[field(text, "Public Key Algorithm: ")], c.PublicKeyAlgorithm())
	if bits := regexp.MustCompile(`Public-Key: \((\d+) bit`).FindStringSubmatch(text); bits != nil {
		assert.Equal(t, bits[1], strconv.Itoa(c.PublicKeyLength()))
	}
	assert.Equal(t, translated(extension(text, "X509v3 Key Usage:")), c.Usage())
	assert.Equal(t, translated(extension(text, "X509v3 Extended Key Usage:")), c.ExtendedKeyUsage())
	assert.ElementsMatch(t, altNames(extension(text, "X509v3 Subject Alternative Name:")), split(c.SubjectAltNames(), ","))
}

// field is the rest of the line behind a label.
func field(text, label string) string {
	_, rest, _ := strings.Cut("\n"+text, label)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// extension is the line below the one that a label begins.
func extension(text, label string) string {
	_, rest, _ := strings.Cut(text, label)
	_, rest, _ = strings.Cut(rest, "\n")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

func split(text, separator string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, separator)
}

// assertName compares a name in the form of RFC 2253. OpenSSL escapes the blank
// at the end of a value.
func assertName(t *testing.T, want, got string) {
	t.Helper()
	if want == "" {
		assert.Empty(t, got)
		return
	}
	want = strings.NewReplacer("initials=", "2.5.4.43=", "businessCategory=", "2.5.4.15=").Replace(want)
	x, ok := parseName(want)
	require.True(t, ok, want)
	y, ok := parseName(got)
	require.True(t, ok, got)
	assert.Equal(t, x, y)
}

func assertDate(t *testing.T, want, got string) {
	t.Helper()
	parsed, err := time.Parse("Jan _2 15:04:05 2006 MST", want)
	require.NoError(t, err)
	assert.Equal(t, parsed.Local().Format("02-Jan-2006 15:04:05"), got)
}

// opensslNames are the words of openssl for our values.
var opensslNames = map[string]string{
	"sha512WithRSAEncryption": "SHA512-RSA", "rsassaPss": "SHA384-RSAPSS", "ED25519": "Ed25519", "ED448": "1.3.101.113",
	"ecdsa-with-SHA1": "ECDSA-SHA1", "ecdsa-with-SHA256": "ECDSA-SHA256", "ecdsa-with-SHA384": "ECDSA-SHA384",
	"ecdsa-with-SHA512": "ECDSA-SHA512",
	"rsaEncryption":     "RSA", "id-ecPublicKey": "ECDSA",

	"Non Repudiation": "Non-Repudiation", "Certificate Sign": "Certificate Signing", "CRL Sign": "CRL Signing",
	"Code Signing": "1.3.6.1.5.5.7.3.3", "E-mail Protection": "1.3.6.1.5.5.7.3.4", "Time Stamping": "1.3.6.1.5.5.7.3.8",
	"OCSP Signing": "1.3.6.1.5.5.7.3.9", "TLS Web Server Authentication": "1.3.6.1.5.5.7.3.1",
	"Microsoft Smartcard Login": "1.3.6.1.4.1.311.20.2.2", "Any Extended Key Usage": "2.5.29.37.0",
}

// translated puts a list of openssl in our words. The documented usages have
// none for Decipher Only.
func translated(list string) string {
	var ours []string
	for _, word := range split(list, ", ") {
		if name, ok := opensslNames[word]; ok {
			word = name
		}
		if word != "Decipher Only" {
			ours = append(ours, word)
		}
	}
	return strings.Join(ours, ",")
}

// altNames are the names of the four kinds that SubjectAltNames has.
func altNames(list string) (names []string) {
	for _, item := range split(list, ", ") {
		kind, name, _ := strings.Cut(item, ":")
		if kind == "IP Address" {
			name = net.ParseIP(name).String()
		}
		if slices.Contains([]string{"DNS", "email", "IP Address", "URI"}, kind) {
			names = append(names, name)
		}
	}
	return names
}

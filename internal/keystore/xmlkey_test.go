package keystore

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestXMLFiles(t *testing.T) {
	t.Parallel()
	c, err := XML(vector(t, "xml/net-rsa.xml"), Passwords{})
	key := onlyKey(t, c, err)
	c, err = XML(vector(t, "xml/net-rsa-public.xml"), Passwords{})
	assert.Equal(t, key.Public(), onlyPublic(t, c, err))

	c, err = XML(vector(t, "xml/xmlsec-keys.xml"), Passwords{})
	onlyKey(t, c, err)

	c, err = XML(vector(t, "xml/dsig-rsa.xml"), Passwords{})
	require.NoError(t, err)
	require.Len(t, c.Certificates, 1)
	assert.Equal(t, "CN=xml", c.Certificates[0].Subject.String())
	assert.Equal(t, key.Public(), c.Certificates[0].PublicKey)
	assert.Empty(t, c.PublicKeys, "the key has a certificate: it does not stand alone")

	for name, bits := range map[string]int{"secp256r1": 256, "secp384r1": 384, "secp521r1": 521} {
		c, err = XML(vector(t, "xml/java-"+name+".xml"), Passwords{})
		public := onlyPublic(t, c, err)
		require.IsType(t, &ecdsa.PublicKey{}, public)
		assert.Equal(t, bits, public.(*ecdsa.PublicKey).Curve.Params().BitSize)
	}
}

// element takes an element with everything in it out of a vector.
func element(t *testing.T, file, name string) string {
	t.Helper()
	text := string(vector(t, "xml/"+file))
	start := strings.Index(text, "<"+name+">")
	end := strings.Index(text, "</"+name+">")
	require.True(t, start >= 0 && end > start)
	return text[start : end+len("</"+name+">")]
}

func TestXMLForms(t *testing.T) {
	t.Parallel()
	key := element(t, "net-rsa.xml", "RSAKeyValue")
	public := element(t, "net-rsa-public.xml", "RSAKeyValue")
	cert := element(t, "dsig-rsa.xml", "ds:X509Certificate")
	cert = strings.ReplaceAll(cert, "ds:", "")
	for name, row := range map[string]struct {
		text                    string
		certs, privates, public int
	}{
		"prolog":             {"\uFEFF<?xml version='1.0' encoding='utf-8'?>\n<!-- a key -->\n" + key + "\n", 0, 1, 0},
		"KeyValue":           {"<KeyValue>" + public + "</KeyValue>", 0, 0, 1},
		"several":            {"<a>" + key + "<b>" + public + "</b><!-- --></a>", 0, 1, 1},
		"X509Data":           {"<X509Data><X509SubjectName>CN=xml</X509SubjectName>" + cert + "</X509Data>", 1, 0, 0},
		"not in a KeyInfo":   {"<a><KeyValue>" + public + "</KeyValue><X509Data>" + cert + "</X509Data></a>", 1, 0, 1},
		"private in KeyInfo": {"<KeyInfo><KeyValue>" + key + "</KeyValue><X509Data>" + cert + cert + "</X509Data></KeyInfo>", 1, 1, 0},
		"KeyInfo in KeyInfo": {"<KeyInfo><EncryptedKey><KeyInfo>" + public + "</KeyInfo></EncryptedKey></KeyInfo>", 0, 0, 1},
		"no CRT values":      {cut(t, key, "P", "Q", "DP", "DQ", "InverseQ"), 0, 1, 0},
		"CDATA and comments": {strings.ReplaceAll(strings.ReplaceAll(public, "AQAB", "<![CDATA[AQ]]><!-- -->\nAB "), "><", ">\t<"), 0, 0, 1},
		"a namespace prefix": {"<a xmlns:d='urn:d'>" + strings.NewReplacer("</", "</d:", "<", "<d:").Replace(public) + "</a>", 0, 0, 1},
	} {
		c, err := XML([]byte(row.text), Passwords{})
		require.NoError(t, err, name)
		assert.Len(t, c.Certificates, row.certs, name)
		assert.Len(t, c.Keys, row.privates, name)
		assert.Len(t, c.PublicKeys, row.public, name)
	}
}

// cut takes elements out of a text.
func cut(t *testing.T, text string, names ...string) string {
	t.Helper()
	for _, name := range names {
		before, rest, ok := strings.Cut(text, "<"+name+">")
		require.True(t, ok, name)
		_, after, ok := strings.Cut(rest, "</"+name+">")
		require.True(t, ok, name)
		text = before + after
	}
	return text
}

func TestBadXML(t *testing.T) {
	t.Parallel()
	key := element(t, "net-rsa.xml", "RSAKeyValue")
	public := element(t, "net-rsa-public.xml", "RSAKeyValue")
	cert := strings.ReplaceAll(element(t, "dsig-rsa.xml", "ds:X509Certificate"), "ds:", "")
	java := string(vector(t, "xml/java-secp256r1.xml"))
	otherKey := strings.Replace(string(vector(t, "xml/xmlsec-keys.xml")), `<?xml version="1.0"?>`, "", 1)
	modulus := otherKey[strings.Index(otherKey, "<Modulus>"):][:strings.Index(otherKey, "</Modulus>")-strings.Index(otherKey, "<Modulus>")] + "</Modulus>"
	for name, row := range map[string]struct{ text, want string }{
		"empty":            {"", "there is no RSAKeyValue"},
		"no key":           {"<a/>", "there is no RSAKeyValue"},
		"no XML":           {"<a", "XML, line 1: not well-formed XML"},
		"wrong end":        {"<a>\n</b>", "XML, line 2: not well-formed XML"},
		"entity":           {"<a>&secret;</a>", "not well-formed XML"},
		"DTD":              {"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "a document type (<!DOCTYPE) is not supported"},
		"charset":          {"<?xml version='1.0' encoding='utf-16'?><a/>", "its encoding is not UTF-8"},
		"too large":        {strings.Repeat(" ", maxText+1), "larger than the limit of 512 KiB"},
		"deep":             {strings.Repeat("<a>", 33), "elements nested deeper than 32"},
		"deep KeyInfo":     {strings.Repeat("<KeyInfo>", 33), "elements nested deeper than 32"},
		"DSA":              {"<KeyValue><DSAKeyValue/></KeyValue>", "a DSA key is not supported"},
		"RFC 4050":         {"<ECDSAKeyValue/>", "the EC key of RFC 4050 is not supported"},
		"explicit":         {"<ECKeyValue><ECParameters/></ECKeyValue>", "explicit parameters"},
		"curve":            {strings.Replace(java, "10045.3.1.7", "10045.3.1.1", 1), `curve "urn:oid:1.2.840.10045.3.1.1" is not supported`},
		"other curve":      {strings.Replace(java, "1.2.840.10045.3.1.7", "1.3.132.0.34", 1), "the point is not one of P-384"},
		"point":            {strings.Replace(java, "<PublicKey>BE", "<PublicKey>BF", 1), "the point is not one of P-256"},
		"point base64":     {strings.Replace(java, "<PublicKey>BE", "<PublicKey>*", 1), "PublicKey: illegal base64"},
		"no modulus":       {"<RSAKeyValue/>", "RSAKeyValue: RSA key: the modulus or the public exponent is missing"},
		"base64":           {strings.Replace(public, "AQAB", "AQ*B", 1), "Exponent: illegal base64"},
		"twice":            {strings.Replace(public, "</RSAKeyValue>", "<Exponent/></RSAKeyValue>", 1), `a key with two elements "Exponent"`},
		"many elements":    {"<RSAKeyValue><a/><b/><c/><d/><e/><f/><g/><h/><i/><j/><k/><l/><m/><n/><o/><p/><q/></RSAKeyValue>", "or with more than 16"},
		"nested":           {"<RSAKeyValue><P><Q/></P></RSAKeyValue>", `unexpected element "Q"`},
		"open key":         {"<RSAKeyValue><P/>", "not well-formed XML"},
		"open value":       {"<RSAKeyValue><P>", "not well-formed XML"},
		"one prime":        {cut(t, key, "Q"), "one of the two primes is missing"},
		"d missing":        {cut(t, key, "D"), "the private exponent is missing"},
		"other modulus":    {strings.Replace(cut(t, key, "Modulus"), "<Exponent>", modulus+"<Exponent>", 1), errMismatch.Error()},
		"certificate":      {"<X509Certificate>AAAA</X509Certificate>", "certificate 1: x509"},
		"open certificate": {"<X509Certificate>AAAA", "not well-formed XML"},
		"certificate text": {"<X509Certificate>A*</X509Certificate>", "X509Certificate: illegal base64"},
		"another's certificate": {"<KeyInfo>" + cert + element(t, "java-secp256r1.xml", "KeyValue") + "</KeyInfo>",
			"the key and the certificates of a KeyInfo do not belong together"},
	} {
		c, err := XML([]byte(row.text), Passwords{})
		require.ErrorContains(t, err, row.want, name)
		assert.Equal(t, Contents{}, c, name)
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err := XML([]byte("<KeyInfo>"+otherKey+cert+"</KeyInfo>"), Passwords{})
	require.NoError(t, err, "the other key has a KeyInfo of its own")
	private := otherKey[strings.Index(otherKey, "<KeyValue>"):strings.Index(otherKey, "</KeyValue>")]
	_, err = XML([]byte("<KeyInfo>"+private+"</KeyValue>"+cert+"</KeyInfo>"), Passwords{})
	require.ErrorContains(t, err, "do not belong together")
}

func TestTruncatedXML(t *testing.T) {
	t.Parallel()
	assertNoPrefix(t, XML, vector(t, "xml/net-rsa.xml"), Passwords{})
	assertNoPrefix(t, XML, vector(t, "xml/java-secp384r1.xml"), Passwords{})
}

func TestHostileXML(t *testing.T) {
	t.Parallel()
	n := hostileRSA(t)
	std := func(text string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(text) }
	key := fmt.Sprintf("<RSAKeyValue><Modulus>%s</Modulus><Exponent>AQAB</Exponent><D>%s</D></RSAKeyValue>", std(b64(n.n)), std(b64(n.d)))
	for _, part := range []string{
		key, element(t, "dsig-rsa.xml", "ds:X509Certificate"),
		"<KeyInfo>" + element(t, "java-secp256r1.xml", "KeyValue") + "</KeyInfo>",
		"<a/>", "<a b='' c='' xmlns:d='e'/>", "x", "<!---->",
	} {
		text := "<Keys xmlns:ds='x'>" + strings.Repeat(part, (maxText-40)/len(part)) + "</Keys>"
		_ = assertCheap(t, XML, []byte(text))
	}
	err := assertCheap(t, XML, []byte("<RSAKeyValue><Exponent>AQAB</Exponent><Modulus>"+strings.Repeat("/", maxText-100)+"</Modulus></RSAKeyValue>"))
	require.ErrorContains(t, err, "the limit is 16384")
}

// TestXMLMadeAfresh reads what the program xmlsec1 of this machine writes.
func TestXMLMadeAfresh(t *testing.T) {
	t.Parallel()
	xmlsec := needs.Program(t, "xmlsec1")
	dir := t.TempDir()
	run(t, dir, xmlsec, "keys", "--gen-key:edi", "rsa-1024", "keys.xml")
	data, err := os.ReadFile(filepath.Join(dir, "keys.xml"))
	require.NoError(t, err)
	c, err := XML(data, Passwords{})
	assert.IsType(t, &rsa.PrivateKey{}, onlyKey(t, c, err))
}

func FuzzXML(f *testing.F) {
	for _, name := range []string{"net-rsa", "net-rsa-public", "xmlsec-keys", "dsig-rsa", "java-secp256r1", "java-secp521r1"} {
		f.Add(vector(f, "xml/"+name+".xml"))
	}
	f.Add([]byte("<!DOCTYPE a><KeyInfo><ECKeyValue><NamedCurve URI='urn:oid:1.3.132.0.34'/></ECKeyValue></KeyInfo>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := XML(data, Passwords{})
		check(t, c, err)
	})
}

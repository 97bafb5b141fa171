package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/ediport/ediport/certstore" // see process_test.go
	"github.com/ediport/ediport/internal/needs"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCertview(t *testing.T) {
	t.Parallel()
	view := build(t, "certview")
	for name, test := range map[string]func(*testing.T, binary){
		"text":             viewText,
		"JSON":             viewJSON,
		"every entry":      viewAll,
		"one of several":   viewSubject,
		"bare keys":        viewKeys,
		"private keys":     viewPrivate,
		"types by number":  viewTypes,
		"what it refuses":  viewRefusals,
		"control octets":   viewControls,
		"names are intact": viewNames,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, view)
		})
	}
}

// vector is a file of certstore's tests.
func vector(name string) string {
	return filepath.Join("..", "certstore", "testdata", filepath.FromSlash(name))
}

// output is what the program prints when all is well.
func (b binary) output(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), string(b), args...).Output()
	require.NoError(t, err)
	return string(out)
}

// refusal is the one line that it prints when not.
func (b binary) refusal(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), string(b), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	require.True(t, errors.As(cmd.Run(), &exit))
	assert.Equal(t, 1, exit.ExitCode())
	assert.Empty(t, stdout.String())
	line, rest, _ := strings.Cut(stderr.String(), "\n")
	assert.Empty(t, rest, "one line")
	text, ours := strings.CutPrefix(line, "certview: ")
	assert.True(t, ours, line)
	return text
}

// objects decodes a list of certificates, or one.
func objects(t *testing.T, text string) (list []map[string]any) {
	t.Helper()
	if !strings.HasPrefix(text, "[") {
		text = "[" + text + "]"
	}
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	return list
}

func viewText(t *testing.T, view binary) {
	out := view.output(t, "-password", "secret", vector("modern.p12"))
	for _, line := range []string{
		"StoreType            PFX file",
		`Subject              E=edi@server.com, CN=www.server.com, OU=EDI, O="Car, Body GmbH", L=Muenchen, S=Bayern, C=DE`,
		"SerialNumber         A1B2C3D4E5F60718",
		"PrivateKeyAvailable  true",
		"chain                CN=Test Issuing, O=Ediport Test, C=DE",
		"2 more in this store: -all prints them too",
	} {
		assert.Contains(t, out, line+"\n")
	}
	assert.NotContains(t, out, "secret")
	assert.NotContains(t, out, "-----")
}

func viewJSON(t *testing.T, view binary) {
	out := view.output(t, "-password", "secret", "-json", vector("modern.p12"))
	list := objects(t, out)
	require.Len(t, list, 1)
	// The documented fields, but for passwords, the private key and what is there twice.
	var names []string
	for name := range list[0] {
		names = append(names, name)
	}
	assert.ElementsMatch(t, strings.Fields(`Subject Issuer SerialNumber Version EffectiveDate ExpirationDate SubjectAltNames
		Usage UsageFlags ExtendedKeyUsage SignatureAlgorithm PublicKeyAlgorithm PublicKeyLength PrivateKeyAvailable
		PrivateKeyContainer Fingerprint FingerprintSHA1 FingerprintSHA256 ThumbprintMD5 ThumbprintSHA1 ThumbprintSHA256
		StoreType Store Encoded PublicKey`), names)
	assert.Equal(t, "A13851A6E2413930F74443F37C12EBE6", list[0]["ThumbprintMD5"])
	assert.EqualValues(t, 2, list[0]["StoreType"])
	assert.EqualValues(t, 256, list[0]["PublicKeyLength"])
	assert.Equal(t, true, list[0]["PrivateKeyAvailable"])
	assert.NotContains(t, out, "secret")
	assert.Less(t, strings.Index(out, `"Subject"`), strings.Index(out, `"Issuer"`), "in order")
}

func viewAll(t *testing.T, view binary) {
	out := view.output(t, "-password", "secret", "-json", "-all", vector("tools/java/keytool.bcfks"))
	var subjects []string
	for _, c := range objects(t, out) {
		subjects = append(subjects, c["Subject"].(string))
	}
	assert.ElementsMatch(t, subjects, []string{"CN=rsa, O=Ediport Test", "CN=ec, O=Ediport Test", "CN=ed25519, O=Ediport Test",
		"CN=Issuing, O=Ediport Test", "CN=Root, O=Ediport Test"})
	text := view.output(t, "-password", "secret", "-all", vector("tools/java/keytool.bcfks"))
	assert.Equal(t, 5, strings.Count(text, "\nSubject "))
	assert.NotContains(t, text, "more in this store")
	one := view.output(t, "-json", "-all", vector("server.pem"))
	assert.Len(t, objects(t, one), 1)
	assert.True(t, strings.HasPrefix(one, "["), "a list all the same")
}

func viewSubject(t *testing.T, view binary) {
	store := vector("tools/java/keytool.jks")
	args := []string{"-password", "secret", "-key-password", "ec-secret", "-json"}
	for _, subject := range []string{"CN=ec, O=Ediport Test", "cn=EC", "*"} {
		c := objects(t, view.output(t, append(args, "-subject", subject, store)...))[0]
		assert.Equal(t, "CN=ec, O=Ediport Test", c["Subject"])
		assert.Equal(t, true, c["PrivateKeyAvailable"])
		again := view.output(t, append(args, "-subject", "Thumbprint="+c["ThumbprintSHA1"].(string), store)...)
		assert.Equal(t, c, objects(t, again)[0])
	}
}

func viewKeys(t *testing.T, view binary) {
	for _, file := range []string{
		"tools/ssh/rsa.pub", "tools/ssh/p256.rfc4716", "tools/putty/ed25519-secret-v3.ppk", "tools/jose/p256.jwk", "tools/xmlsec/keys.xml",
	} {
		out := view.output(t, "-password", "secret", vector(file))
		assert.Contains(t, out, "FingerprintSHA256 ", file)
		assert.NotContains(t, out, "Subject", file)
	}
}

func viewPrivate(t *testing.T, view binary) {
	const begin = "-----BEGIN PRIVATE KEY-----"
	for _, file := range []string{"modern.p12", "tools/ssh/rsa-secret", "tools/jose/rsa.jwk", "tools/putty/rsa-plain-v2.ppk"} {
		args := []string{"-password", "secret"}
		for _, form := range [][]string{{}, {"-json"}, {"-all"}, {"-all", "-json"}} {
			shy := append(append(args, form...), vector(file))
			assert.NotContains(t, view.output(t, shy...), begin)
			bold := append(append(args, form...), "-private", vector(file))
			assert.Contains(t, view.output(t, bold...), begin)
		}
	}
}

func viewTypes(t *testing.T, view binary) {
	for number, file := range map[string]string{
		"2": "modern.p12", "3": "modern.p12", "4": "java.jks", "5": "java.jks", "6": "server.key", "7": "server.key", "8": "server.pem",
		"9": "server.pem", "10": "tools/ssh/rsa.pub", "11": "certs.p7b", "12": "certs.p7b", "13": "tools/ssh/rsa.pub",
		"14": "tools/putty/rsa-plain-v3.ppk", "15": "tools/putty/rsa-plain-v3.ppk", "16": "tools/xmlsec/keys.xml", "17": "tools/xmlsec/keys.xml",
		"18": "tools/jose/set.jwks", "19": "tools/jose/set.jwks", "21": "tools/java/keytool.bcfks", "22": "tools/java/keytool.bcfks",
	} {
		out := view.output(t, "-type", number, "-password", "secret", "-json", vector(file))
		c := objects(t, out)[0]
		assert.Equal(t, number, jsonNumber(c["StoreType"]), file)
		assert.Equal(t, vector(file), c["Store"], "the name, not the contents")
	}
}

func jsonNumber(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

func viewRefusals(t *testing.T, view binary) {
	for _, row := range []struct {
		want string
		args []string
	}{
		{"one FILE is needed", nil},
		{"one FILE is needed", []string{"a", "b"}},
		{"use either", []string{"-all", "-subject", "x", "a"}},
		{"271: opening automatic store", []string{vector("README.md")}},
		{"the format is not recognised", []string{vector("README.md")}},
		{"neither contents of a known format nor a file", []string{"missing.pem"}},
		{"no such file", []string{"-type", "2", "missing.pfx"}},
		{"no such file", []string{"-type", "3", "missing.pfx"}},
		{`the password is wrong or the data is damaged`, []string{"-password", "guess", vector("modern.p12")}},
		{"password", []string{vector("tools/java/keytool.jks")}},
		{"not a JKS: expected FE ED FE ED", []string{"-type", "4", vector("server.pem")}},
		{`272: `, []string{"-subject", "CN=nobody", vector("server.pem")}},
		{"store type 20", []string{"-type", "20", vector("server.pem")}},
		{"10022: thumbprint", []string{"-subject", "Thumbprint=12", vector("server.pem")}},
	} {
		line := view.refusal(t, row.args...)
		assert.Contains(t, strings.ReplaceAll(line, "The system cannot find the file specified", "no such file"), row.want)
		assert.NotContains(t, line, "guess")
	}
}

// A name in a certificate cannot command the terminal.
func viewControls(t *testing.T, view binary) {
	path := needs.Program(t, "openssl")
	_, key := certificate(t)
	cert := filepath.Join(t.TempDir(), "cert.pem")
	out, err := exec.CommandContext(t.Context(), path, "req", "-x509", "-key", key, "-utf8", "-subj", "/CN=a\x1b[2Jb\u009bc", "-out", cert).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, view.output(t, cert), `CN="a?[2Jb?c"`)
	assert.Equal(t, "CN=\"a\x1b[2Jb\u009bc\"", objects(t, view.output(t, "-json", cert))[0]["Subject"])
}

func viewNames(t *testing.T, view binary) {
	out := view.output(t, "-json", vector("odd/commas.pem"))
	assert.Contains(t, out, `"CN=\"1+1=2 <three> #4\", OU=\"a;b\", O=\"Car, Body GmbH\", C=DE"`)
	assert.Contains(t, view.output(t, vector("odd/utf8.pem")), "CN=🚀 Ελλάδα, O=Größe 日本語\n")
}

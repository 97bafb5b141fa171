package certstore

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// locked are the vectors that want a password.
func locked() (list []vector) {
	for _, v := range vectors {
		if _, err := Open(v.kind, tool(v.file), "", ""); err != nil {
			list = append(list, v)
		}
	}
	return list
}

// A wrong password and a missing one are told with the store's name, and not repeated.
func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	list := locked()
	require.Len(t, list, 35)
	for _, v := range list {
		t.Run(v.file+v.key, func(t *testing.T) {
			t.Parallel()
			for _, password := range []string{"guess-4711", ""} {
				for _, kind := range []StoreType{v.kind, StoreAuto} {
					_, err := Open(kind, tool(v.file), password, "")
					require.ErrorIs(t, err, ErrPassword)
					require.ErrorIs(t, err, ErrStore)
					assert.Equal(t, 271, err.(*Error).Code)
					assert.Contains(t, err.Error(), fmt.Sprintf("opening %v %q: ", v.kind, tool(v.file)))
					assert.NotContains(t, err.Error(), "guess")
					assert.Contains(t, err.Error(), "password")
				}
			}
		})
	}
}

// The password of a store and that of a key in it are two things.
func TestWrongKeyPasswords(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"java/keytool.jks", "java/keytool.bcfks", "openssl/rsa.p12"} {
		s := Source{Type: StoreAuto, Store: tool(store), Password: "secret", KeyPassword: "guess-4711"}
		_, err := s.Open()
		require.ErrorIs(t, err, ErrPassword, store)
		assert.Contains(t, err.Error(), "private key", store)
		assert.NotContains(t, err.Error(), "guess", store)
	}
}

// Stores that were cut off never look whole, and those that are damaged do no harm.
func TestTruncatedAndDamagedStores(t *testing.T) {
	t.Parallel()
	const cuts = 16
	for _, v := range vectors {
		t.Run(v.file+v.key, func(t *testing.T) {
			t.Parallel()
			octets, err := os.ReadFile(tool(v.file))
			require.NoError(t, err)
			s := Source{Type: blobs[v.kind], Password: "secret", KeyPassword: v.key}
			whole := bytes.TrimSpace(octets)
			for n := 0; n < len(whole); n += max(1, len(whole)/cuts) {
				s.Store = string(octets[:n])
				_, err := s.List()
				if !v.wholeAt(octets, n) {
					assertStoreError(t, err, "%d octets of %d", n, len(octets))
				}
				damaged := bytes.Clone(octets)
				damaged[n] ^= 0x10
				s.Store = string(damaged)
				if _, err := s.List(); err != nil {
					assertStoreError(t, err, "octet %d", n)
				}
			}
		})
	}
}

// wholeAt reports whether the first n octets may be a whole store: text is
// whole behind each of its keys, and a public key may end in a comment.
func (v vector) wholeAt(octets []byte, n int) bool {
	if v.kind == StoreSSHPublicKeyFile {
		return n >= bytes.Index(octets, []byte(" edi")) || bytes.ContainsRune(octets[:n], '\n')
	}
	begun := bytes.Count(octets[:n], []byte("-----BEGIN"))
	return begun > 0 && bytes.Count(octets[:n], []byte("\n-----END")) >= begun
}

func assertStoreError(t *testing.T, err error, format string, args ...any) {
	t.Helper()
	require.Error(t, err, fmt.Sprintf(format, args...))
	require.IsType(t, &Error{}, err)
	assert.Equal(t, 271, err.(*Error).Code)
	assert.NotContains(t, err.Error(), "secret")
}

// What a stranger may send costs little. This test is not parallel, because it
// measures what is allocated.
func TestHostileStores(t *testing.T) {
	const huge = 1<<31 - 1
	for name, row := range map[string]struct {
		kind  StoreType
		store string
		want  string
	}{
		// Iterations of everything that makes keys of passwords.
		"PFX MAC":      {StorePFXBlob, withInteger(t, "openssl/sha384.p12", 2048, huge), "iteration count 2147483647"},
		"PFX parts":    {StorePFXBlob, withInteger(t, "openssl/nomac.p12", 2048, huge), "iteration count 2147483647"},
		"PFX legacy":   {StorePFXBlob, withInteger(t, "openssl/legacy.p12", 2048, huge), "iteration count 2147483647"},
		"BCFKS":        {StoreBCFKSBlob, withInteger(t, "java/keytool.bcfks", 51200, huge), "iteration count 2147483647"},
		"PKCS #8":      {StorePEMKeyBlob, withInteger(t, "openssl/pkcs8-secret.der", 2048, huge), "iteration count 2147483647"},
		"scrypt":       {StorePEMKeyBlob, withInteger(t, "openssl/scrypt.pem", 16384, 1<<24), "the limit is 32 MiB of memory"},
		"PPK passes":   {StorePPKBlob, ppkWith(t, "Argon2-Passes", "2147483647"), "Argon2"},
		"PPK memory":   {StorePPKBlob, ppkWith(t, "Argon2-Memory", "2147483647"), "Argon2"},
		"PPK lines":    {StorePPKBlob, ppkWith(t, "Private-Lines", "2147483647"), "PuTTY key"},
		"bcrypt":       {StorePEMKeyBlob, opensshWithRounds(t, 1<<31), "2147483648 bcrypt rounds"},
		"many bcrypts": {StorePEMKeyBlob, strings.Repeat(load(t, "tools/ssh/ed25519-secret"), 1000), "bcrypt rounds"},

		// Counts and lengths.
		"JKS entries":   {StoreJKSBlob, jksOf("\xFF\xFF\xFF\xFF"), "4294967295 entries: the limit is 4096"},
		"JKS lengths":   {StoreJKSBlob, jksOf("\x00\x00\x00\x01\x00\x00\x00\x01\xFF\xFF"), "the entries end too early"},
		"JKS blob":      {StoreJKSBlob, jksOf("\x00\x00\x00\x01\x00\x00\x00\x01\x00\x0012345678\xFF\xFF\xFF\xF0"), "the entries end too early"},
		"DER length":    {StorePFXBlob, "\x30\x84\x7F\xFF\xFF\xFF\x02\x01\x03", "not a PFX"},
		"BCFKS length":  {StoreBCFKSBlob, "\x30\x84\x7F\xFF\xFF\xFF\x30\x84\x7F\xFF\xFF\xF0", "not a BCFKS"},
		"SSH length":    {StoreSSHPublicKeyBlob, "ssh-rsa " + base64.StdEncoding.EncodeToString([]byte("\x7F\xFF\xFF\xFFssh-rsa")), "line 1"},
		"SSH lines":     {StoreSSHPublicKeyBlob, strings.Repeat(load(t, "tools/ssh/ed25519.pub"), 5000), "more than 4096 public keys"},
		"large":         {StorePFXBlob, strings.Repeat("\x30", maxStore+1), "larger than the limit of 16 MiB"},
		"JWK numbers":   {StoreJWKBlob, `{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("_", 400<<10) + `"}`, "RSA key of 2457600 bits"},
		"XML numbers":   {StoreXMLBlob, "<RSAKeyValue><Modulus>" + strings.Repeat("/", 400<<10) + "</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>", "RSA key of 2457600 bits"},
		"PEM openings":  {StorePEMKeyBlob, strings.Repeat("-----BEGIN ", 1<<20), "1 PEM blocks begin, and 0 can be read"},
		"PEM blocks":    {StorePEMKeyBlob, strings.Repeat("-----BEGIN X-----\n-----END X-----\n", 1<<18), "only blocks of type"},
		"PEM keys":      {StorePEMKeyBlob, strings.Repeat(load(t, "tools/openssl/pkcs1.pem"), 1000), "private keys of more than 512 KiB"},
		"PEM key":       {StorePEMKeyBlob, pemText("PRIVATE KEY", make([]byte, 1<<20)), "private keys of more than 512 KiB"},
		"PEM ed25519":   {StorePEMKeyBlob, strings.Repeat(pemText("PRIVATE KEY", derOf([]byte(load(t, "ed.key")))), maxEntries+1), "more than 4096 private keys"},
		"RFC 4716":      {StoreSSHPublicKeyBlob, "---- BEGIN SSH2 PUBLIC KEY ----\n" + strings.Repeat("A: b\\\n", 50_000), "the block has no end"},
		"certificates":  {StorePublicKeyBlob, manyCertificates(t, maxEntries+2), "more than 4096 certificates"},
		"a certificate": {StorePublicKeyBlob, "\x30\x84\x7F\xFF\xFF\xFF\x30\x84\x7F\xFF\xFF\xF0", "certificate 1"},

		// Depth.
		"PKCS #7 in BER": {StoreP7BBlob, strings.Repeat("\x30\x80", 1<<20), "not a PKCS #7"},
		"PFX in BER":     {StorePFXBlob, strings.Repeat("\x30\x80", 1<<20), "not a PFX"},
		"JWK arrays":     {StoreJWKBlob, `{"keys":` + strings.Repeat("[", 200_000), "JWK"},
		"JWK objects":    {StoreJWKBlob, strings.Repeat(`{"keys":`, 50_000), "JWK"},
		"XML elements":   {StoreXMLBlob, strings.Repeat("<a>", 150_000), "XML"},
		"XML entities": {StoreXMLBlob, `<!DOCTYPE a [<!ENTITY b "` + strings.Repeat("x", 1000) + `"><!ENTITY c "` + strings.Repeat("&b;", 1000) +
			`">]><RSAKeyValue><Modulus>&c;</Modulus></RSAKeyValue>`, "XML"},
	} {
		t.Run(name, func(t *testing.T) {
			if raceDetector && name == "many bcrypts" {
				t.Skip("the race detector makes half a minute of the second that is allowed")
			}
			for _, kind := range []StoreType{row.kind, StoreAuto} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				_, err := Open(kind, row.store, "secret", "")
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				require.Error(t, err)
				assert.Equal(t, 271, err.(*Error).Code)
				if kind == row.kind {
					assert.Contains(t, err.Error(), row.want)
				}
				assert.Less(t, len(err.Error()), 1000)
				// Without limits these take minutes and gigabytes. With them it is a second at
				// most, but the machine may be busy, or the race detector at work.
				assert.Less(t, took, time.Minute)
				assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20+8*len(row.store)), "octets allocated in all")
			}
		})
	}
}

// withInteger returns a vector with another number in place of one, wherever it is.
func withInteger(t *testing.T, name string, from, to int) string {
	t.Helper()
	search, err := asn1.Marshal(from)
	require.NoError(t, err)
	replace, err := asn1.Marshal(to)
	require.NoError(t, err)
	der := derOf([]byte(load(t, "tools/"+name)))
	out := replaceElement(der, search, replace)
	require.Greater(t, len(out), len(der), "nothing was replaced")
	return string(out)
}

// replaceElement walks through DER, also where it is inside of an OCTET STRING.
func replaceElement(der, search, replace []byte) (out []byte) {
	for len(der) > 0 {
		var element asn1.RawValue
		rest, err := asn1.Unmarshal(der, &element)
		if err != nil {
			return append(out, der...)
		}
		der = rest
		switch {
		case bytes.Equal(element.FullBytes, search):
			out = append(out, replace...)
		case element.IsCompound || element.Tag == asn1.TagOctetString:
			element.Bytes, element.FullBytes = replaceElement(element.Bytes, search, replace), nil
			encoded, err := asn1.Marshal(element)
			if err != nil {
				panic(err) // a RawValue has no kind that fails
			}
			out = append(out, encoded...)
		default:
			out = append(out, element.FullBytes...)
		}
	}
	return out
}

// ppkWith returns a PuTTY key in which a field says something else.
func ppkWith(t *testing.T, field, value string) string {
	t.Helper()
	before, after, found := strings.Cut(load(t, "tools/putty/ed25519-secret-v3.ppk"), field+": ")
	require.True(t, found)
	_, rest, _ := strings.Cut(after, "\n")
	return before + field + ": " + value + "\n" + rest
}

// opensshWithRounds returns a key of OpenSSH that asks for so many rounds,
// which stand behind 16 octets of salt.
func opensshWithRounds(t *testing.T, rounds uint32) string {
	t.Helper()
	octets := derOf([]byte(load(t, "tools/ssh/ed25519-secret")))
	at := bytes.Index(octets, []byte("\x00\x00\x00\x10"))
	require.Positive(t, at)
	binary.BigEndian.PutUint32(octets[at+4+16:], rounds)
	return string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: octets}))
}

// jksOf is a key store with what comes after the version, and a digest that
// fits the password "secret".
func jksOf(body string) string {
	body = "\xFE\xED\xFE\xED\x00\x00\x00\x02" + body
	digest := sha1.Sum([]byte("\x00s\x00e\x00c\x00r\x00e\x00t" + "Mighty Aphrodite" + body))
	return body + string(digest[:])
}

// manyCertificates are so many that differ, with signatures that are wrong.
func manyCertificates(t *testing.T, count int) string {
	t.Helper()
	der := derOf([]byte(load(t, "ed.pem")))
	var all []byte
	for i := range count {
		binary.BigEndian.PutUint32(der[len(der)-4:], uint32(i))
		all = append(all, der...)
	}
	return string(all)
}

// FuzzOpen feeds contents of any type to the automatic type. Its seeds are
// stores that open quickly: package pbe bounds what the others may cost.
func FuzzOpen(f *testing.F) {
	for _, v := range vectors {
		if _, err := Open(v.kind, tool(v.file), "", ""); err == nil {
			f.Add([]byte(load(f, "tools/"+v.file)), "", "")
		}
	}
	for _, name := range []string{"bare.p12", "plain-bags.p12", "fast.p12", "key-dek.pem", "certs.p7b", "odd/sans.pem", "odd/multi.pem"} {
		f.Add([]byte(load(f, name)), "secret", "")
	}
	f.Add([]byte(load(f, "tools/java/keytool.jks")), "secret", "ec-secret")
	f.Add([]byte(jksOf("\x00\x00\x00\x01\x00\x00\x00\x01\xFF\xFF")), "secret", "")
	f.Fuzz(func(t *testing.T, data []byte, password, keyPassword string) {
		if _, err := recognise(unwrap(data)); err != nil {
			return // it would be a file name
		}
		s := Source{Type: StoreAuto, Store: string(data), Password: password, KeyPassword: keyPassword}
		list, err := s.List()
		if err != nil {
			require.Equal(t, 271, err.(*Error).Code)
			return
		}
		require.NotEmpty(t, list)
		for _, c := range list {
			_, _, _, _ = c.Subject(), c.FingerprintSHA256(), c.PrivateKey(), c.String()
			_, _ = c.SSHSigner()
			_, _ = c.TLSCertificate()
		}
	})
}

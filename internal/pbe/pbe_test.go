package pbe

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"hash"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var keyFiles = []string{
	"key-aes256.pem", "key-aes192.pem", "key-aes128.pem", "key-sha224.pem", "key-3des.pem", "key-p12-3des.pem",
	"key-md5-des.pem", "key-md5-rc2.pem", "key-sha1-des.pem", "key-sha1-rc2.pem", "key-des.pem",
	"key-sha512-224.pem", "key-sha512-256.pem", "key-scrypt.pem", "key-scrypt-small.pem",
}

var oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}

func readKey(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	block, _ := pem.Decode(text)
	require.NotNil(tb, block)
	return block.Bytes
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestDecryptKeyReadsWhatOpenSSLWrites(t *testing.T) {
	t.Parallel()
	for _, name := range keyFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			der := readKey(t, name)
			plain, err := new(Decrypter).DecryptKey(der, "secret")
			require.NoError(t, err)
			_, err = x509.ParsePKCS8PrivateKey(plain)
			require.NoError(t, err)
		})
	}
}

// A wrong password gives right padding once in 256 times, so that it is
// either refused or gives something that is no key.
func TestWrongPasswordGivesNoKey(t *testing.T) {
	t.Parallel()
	for _, name := range keyFiles {
		for _, password := range []string{"", "Secret", "secret ", "sécret"} {
			plain, err := new(Decrypter).DecryptKey(readKey(t, name), password)
			if err != nil {
				require.ErrorIs(t, err, ErrPassword)
				continue
			}
			_, err = x509.ParsePKCS8PrivateKey(plain)
			require.Error(t, err)
		}
	}
}

func TestNoPrefixParses(t *testing.T) {
	t.Parallel()
	der := readKey(t, "key-aes256.pem")
	for n := range der {
		_, err := new(Decrypter).DecryptKey(der[:n], "secret")
		require.Error(t, err, "%d octets", n)
	}
	_, err := new(Decrypter).DecryptKey(append(der, 0), "secret")
	require.ErrorContains(t, err, "after the end")
}

// The expected values come from openssl kdf ... PKCS12KDF.
func TestPKCS12Key(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		newHash func() hash.Hash
		purpose byte
		want    string
	}{
		{sha1.New, purposeKey, "b967a6a8784184d470a7d2e829c30fbdc6ef471273e7ad24"},
		{sha1.New, purposeKey, "b967a6a8784184d470a7d2e829c30fbdc6ef471273e7ad245aa38c381626accdb9526cd923edec08ca0b71767c102e0e2843"},
		{sha1.New, purposeIV, "615ee2f46b1a21d7"},
		{sha256.New, purposeMAC, "db560f5571c1a4c9525e2d7b4da32f8de09e34a256c28ea84387f1744d27680d"},
		{sha512.New, purposeKey, "760f261e08bbb46540773cddb7431dec6070fd47e1a99a136f727f74d3610e62a72ae0708046ab133b649c9a0259d8076660e886e000aedcab7fee9f68dcfc6e677d4a24c516af2f7c59b04f43dd882ddded61339d71525ea65bd5e453398c79cb23b5f7"},
	} {
		want := unhex(t, row.want)
		got, err := new(Decrypter).pkcs12Key(row.newHash, bmpPasswords("secret")[0],
			[]byte{1, 2, 3, 4, 5, 6, 7, 8}, 1000, row.purpose, len(want))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestPasswordsAreUTF16(t *testing.T) {
	t.Parallel()
	assert.Equal(t, [][]byte{{0, 'a', 0x20, 0xAC, 0xD8, 0x3D, 0xDD, 0x11, 0, 0}}, bmpPasswords("a€🔑"))
	assert.Equal(t, [][]byte{{0, 0}, nil}, bmpPasswords(""), "an empty password has two forms")
}

// algorithm makes PBES2 parameters as a stranger might.
func algorithm(t *testing.T, kdf pbkdf2Params, cipher asn1.ObjectIdentifier, iv []byte) pkix.AlgorithmIdentifier {
	t.Helper()
	raw := func(v any) asn1.RawValue {
		der, err := asn1.Marshal(v)
		require.NoError(t, err)
		return asn1.RawValue{FullBytes: der}
	}
	return pkix.AlgorithmIdentifier{
		Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13},
		Parameters: raw(struct{ KDF, Encryption pkix.AlgorithmIdentifier }{
			pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: raw(kdf)},
			pkix.AlgorithmIdentifier{Algorithm: cipher, Parameters: raw(iv)},
		}),
	}
}

func TestHostileParametersAreRefused(t *testing.T) {
	t.Parallel()
	aes128 := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	sha := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}}
	block := make([]byte, 16)
	for name, row := range map[string]struct {
		kdf    pbkdf2Params
		cipher asn1.ObjectIdentifier
		iv     []byte
		data   []byte
		want   string
	}{
		"iterations": {pbkdf2Params{block, maxIterations + 1, 0, sha}, aes128, block, block, "iteration count 10000001"},
		"none":       {pbkdf2Params{block, 0, 0, sha}, aes128, block, block, "iteration count 0"},
		"negative":   {pbkdf2Params{block, -1, 0, sha}, aes128, block, block, "iteration count -1"},
		"salt":       {pbkdf2Params{make([]byte, maxSalt+1), 1, 0, sha}, aes128, block, block, "salt of 1025 octets"},
		"key length": {pbkdf2Params{block, 1, 1 << 30, sha}, aes128, block, block, "key length 1073741824"},
		"function":   {pbkdf2Params{block, 1, 0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2}}}, aes128, block, block, "function 1.2"},
		"cipher":     {pbkdf2Params{block, 1, 0, sha}, asn1.ObjectIdentifier{1, 2}, block, block, "cipher 1.2"},
		"short IV":   {pbkdf2Params{block, 1, 0, sha}, aes128, block[:8], block, "vector of 8 octets"},
		"no data":    {pbkdf2Params{block, 1, 0, sha}, aes128, block, nil, "not a multiple"},
		"odd data":   {pbkdf2Params{block, 1, 0, sha}, aes128, block, block[:15], "not a multiple"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := new(Decrypter).Decrypt(algorithm(t, row.kdf, row.cipher, row.iv), row.data, "secret")
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestUnknownAlgorithmIsNamed(t *testing.T) {
	t.Parallel()
	_, err := new(Decrypter).Decrypt(pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3}}, nil, "")
	require.ErrorContains(t, err, "algorithm 1.2.3 is not supported")
	err = new(Decrypter).VerifyMAC(MACData{}, nil, "")
	require.ErrorContains(t, err, "integrity algorithm")
}

// All parts of a store share one allowance.
func TestIterationsAddUp(t *testing.T) {
	t.Parallel()
	var d Decrypter
	require.NoError(t, d.spend(maxIterations-10, 1))
	require.NoError(t, d.spend(2, 4))
	require.ErrorContains(t, d.spend(1, 3), "1 to 3333333 in all, and 0 are left")
	require.NoError(t, d.spend(1, 2))
	require.Error(t, d.spend(1, 1))
}

func TestVerifyMAC(t *testing.T) {
	t.Parallel()
	for oid, newHash := range digests {
		var d Decrypter
		content := []byte("safe contents")
		key, err := d.pkcs12Key(newHash, bmpPasswords("secret")[0], []byte("salt"), 10, purposeMAC, newHash().Size())
		require.NoError(t, err)
		mac := MACData{Salt: []byte("salt"), Iterations: 10}
		mac.MAC.Algorithm.Algorithm = parseOID(t, oid)
		mac.MAC.Digest = hmacOf(newHash, key, content)
		assert.NoError(t, d.VerifyMAC(mac, content, "secret"))
		assert.ErrorIs(t, d.VerifyMAC(mac, content, "other"), ErrPassword)
		assert.ErrorIs(t, d.VerifyMAC(mac, content[1:], "secret"), ErrPassword)
	}
}

func FuzzDecryptKey(f *testing.F) {
	for _, name := range keyFiles {
		f.Add(readKey(f, name), "secret")
	}
	f.Fuzz(func(t *testing.T, der []byte, password string) {
		d := Decrypter{Limit: 10_000} // keeps each run short
		_, _ = d.DecryptKey(der, password)
		assert.LessOrEqual(t, d.spent, d.Limit)
	})
}

package pbe

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/require"
)

func TestHostilePBES1(t *testing.T) {
	t.Parallel()
	oid := parseOID(t, "1.2.840.113549.1.5.3")
	for want, params := range map[string]any{
		"PBES1 parameters":           1,
		"PBES1 salt of 1025 octets":  pkcs12Params{make([]byte, maxSalt+1), 1},
		"iteration count 0":          pkcs12Params{nil, 0},
		"iteration count 10000001":   pkcs12Params{nil, maxIterations + 1},
		"iteration count 2147483647": pkcs12Params{nil, 1<<31 - 1},
	} {
		algorithm := pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: marshal(t, params)}}
		_, err := new(Decrypter).Decrypt(algorithm, make([]byte, 8), "secret")
		require.ErrorContains(t, err, want)
	}
}

// The commands of the README, run by the OpenSSL of this machine.
func TestKeysMadeAfresh(t *testing.T) {
	t.Parallel()
	openssl := needs.Program(t, "openssl")
	plain, err := new(Decrypter).DecryptKey(readKey(t, "key-aes256.pem"), "secret")
	require.NoError(t, err)
	key := filepath.Join(t.TempDir(), "server.key")
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}), 0o600))
	for _, options := range []string{
		"-v1 PBE-MD5-DES -provider legacy -provider default",
		"-v1 PBE-MD5-RC2-64 -provider legacy -provider default",
		"-v1 PBE-SHA1-DES -provider legacy -provider default",
		"-v1 PBE-SHA1-RC2-64 -provider legacy -provider default",
		"-v2 des -provider legacy -provider default",
		"-v2 aes-128-cbc -v2prf hmacWithSHA512-224",
		"-v2 aes-128-cbc -v2prf hmacWithSHA512-256",
		"-scrypt",
		"-scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 3 -v2 aes-128-cbc",
	} {
		args := append([]string{"pkcs8", "-topk8", "-in", key, "-passout", "pass:secret"}, strings.Fields(options)...)
		text, err := exec.CommandContext(t.Context(), openssl, args...).Output()
		require.NoError(t, err, options)
		block, _ := pem.Decode(text)
		require.NotNil(t, block, options)
		got, err := new(Decrypter).DecryptKey(block.Bytes, "secret")
		require.NoError(t, err, options)
		require.Equal(t, plain, got, options)
	}
}

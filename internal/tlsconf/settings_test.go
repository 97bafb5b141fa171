package tlsconf

import (
	"crypto/tls"
	"path/filepath"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDefaultsCheck(t *testing.T) {
	t.Parallel()
	s := Defaults()
	require.NoError(t, s.Check())
	assert.Equal(t, 15360, s.EnabledProtocols)
	p, err := s.parse()
	require.NoError(t, err)
	assert.Equal(t, []uint16{tls.VersionTLS12, tls.VersionTLS13}, p.versions)
	assert.Nil(t, p.suites)
}

// Each row is one bad setting; the message must name it and help.
func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	const unfit, absent = trap.CodeInvalidArgument, trap.CodeNotSupported
	cases := map[string]struct {
		change func(*Settings)
		code   int
		says   []string
	}{
		"no version":        {func(s *Settings) { s.EnabledProtocols = 0 }, unfit, []string{"SSLEnabledProtocols=0", "15360"}},
		"negative":          {func(s *Settings) { s.EnabledProtocols = -1 }, absent, []string{"SSLEnabledProtocols=-1"}},
		"half a version":    {func(s *Settings) { s.EnabledProtocols = 1024 }, unfit, []string{"3072 (TLS 1.2)"}},
		"unknown bit":       {func(s *Settings) { s.EnabledProtocols = 3072 | 1<<20 }, unfit, []string{"SSLEnabledProtocols"}},
		"SSL 3":             {func(s *Settings) { s.EnabledProtocols = 3072 | 48 }, absent, []string{"SSL 3", "use 3072"}},
		"SSL 2":             {func(s *Settings) { s.EnabledProtocols = 12 }, absent, []string{"SSL 2"}},
		"no suite":          {func(s *Settings) { s.CipherSuites = "" }, unfit, []string{"SSLEnabledCipherSuites", "use *"}},
		"separators only":   {func(s *Settings) { s.CipherSuites = " ; ;" }, unfit, []string{"SSLEnabledCipherSuites"}},
		"signal only":       {func(s *Settings) { s.CipherSuites = "TLS_EMPTY_RENEGOTIATION_INFO_SCSV" }, unfit, []string{"no cipher suite"}},
		"star and more":     {func(s *Settings) { s.CipherSuites = "*;TLS_RSA_WITH_AES_128_CBC_SHA" }, unfit, []string{`"*"`}},
		"DHE suite":         {func(s *Settings) { s.CipherSuites = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" }, absent, []string{"DHE_RSA", "finite-field", "TLS_ECDHE_RSA"}},
		"part of TLS 1.3":   {func(s *Settings) { s.CipherSuites = "TLS_AES_256_GCM_SHA384" }, absent, []string{"1 of the three", "TLS_CHACHA20_POLY1305_SHA256"}},
		"1.2 suites, 1.3":   {func(s *Settings) { s.CipherSuites, s.EnabledProtocols = "TLS_RSA_WITH_AES_128_CBC_SHA", 12288 }, unfit, []string{"no cipher suite in common"}},
		"new suite, 1.0":    {func(s *Settings) { s.CipherSuites, s.EnabledProtocols = "TLS_RSA_WITH_AES_128_GCM_SHA256", 192 }, unfit, []string{"SSLEnabledProtocols=192"}},
		"strong 1.3":        {func(s *Settings) { s.CipherStrength, s.EnabledProtocols = 256, 12288 }, unfit, []string{"SSLCipherStrength=256"}},
		"strength negative": {func(s *Settings) { s.CipherStrength = -1 }, unfit, []string{"SSLCipherStrength=-1"}},
		"strength too high": {func(s *Settings) { s.CipherStrength = 257 }, unfit, []string{"SSLCipherStrength=257"}},
		"no strong suite":   {func(s *Settings) { s.CipherStrength, s.CipherSuites = 128, "TLS_RSA_WITH_3DES_EDE_CBC_SHA" }, unfit, []string{"SSLCipherStrength=128"}},
		"ffdhe":             {func(s *Settings) { s.TLS13SupportedGroups = "ffdhe_2048" }, absent, []string{"TLS13SupportedGroups", "ffdhe_2048", "use ecdhe_x25519"}},
		"x448":              {func(s *Settings) { s.TLS13SupportedGroups = "ecdhe_x25519,ecdhe_x448" }, absent, []string{"ecdhe_x448"}},
		"hybrid in 1.2":     {func(s *Settings) { s.TLS12SupportedGroups = "x25519mlkem768" }, absent, []string{"TLS12SupportedGroups", "TLS 1.3 only"}},
		"no such group":     {func(s *Settings) { s.TLS12SupportedGroups = "P-256" }, unfit, []string{`"p-256"`, "ecdhe_secp256r1"}},
		"no group":          {func(s *Settings) { s.TLS12SupportedGroups = "," }, unfit, []string{"names no group"}},
		"dsa":               {func(s *Settings) { s.TLS12SignatureAlgorithms = "sha256-rsa,sha256-dsa" }, absent, []string{"TLS12SignatureAlgorithms", "sha256-dsa"}},
		"sha224":            {func(s *Settings) { s.TLS12SignatureAlgorithms = "sha224-ecdsa" }, absent, []string{"use sha256-ecdsa"}},
		"sha1":              {func(s *Settings) { s.TLS12SignatureAlgorithms = "sha1-rsa" }, absent, []string{"sha1-rsa"}},
		"ed448":             {func(s *Settings) { s.TLS13SignatureAlgorithms = "ed448" }, absent, []string{"TLS13SignatureAlgorithms", "ed448"}},
		"1.2 name in 1.3":   {func(s *Settings) { s.TLS13SignatureAlgorithms = "sha256-rsa" }, unfit, []string{"rsa_pss_sha256"}},
		"certificates only": {func(s *Settings) { s.TLS13SignatureAlgorithms = "rsa_pkcs1_sha256" }, unfit, []string{"add rsa_pss_sha256"}},
		"no signature":      {func(s *Settings) { s.TLS13SignatureAlgorithms = " , " }, unfit, []string{"names no signature"}},
		"CA not PEM":        {func(s *Settings) { s.CACerts = "hello" }, unfit, []string{"SSLCACerts"}},
		"client CA bad":     {func(s *Settings) { s.ClientCACerts = pemOf([]byte{1}) }, unfit, []string{"SSLClientCACerts"}},
		"server CA cut":     {func(s *Settings) { s.ServerCACerts = testCA().pem()[:200] }, unfit, []string{"SSLServerCACerts", "0 of 1"}},
		"key log folder":    {func(s *Settings) { s.KeyLogFile = filepath.Join("no", "such", "folder", "x") }, unfit, []string{"SSLKeyLogFile"}},
		"key log is folder": {func(s *Settings) { s.KeyLogFile = "." }, unfit, []string{"SSLKeyLogFile=."}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Defaults()
			c.change(&s)
			err := s.Check()
			require.Error(t, err)
			assert.Equal(t, c.code, trap.Code(err), err)
			for _, part := range c.says {
				assert.ErrorContains(t, err, part)
			}
			_, compileErr := Compile(s)
			assert.Equal(t, err, compileErr)
		})
	}
}

func TestSingleChecksAccept(t *testing.T) {
	t.Parallel()
	for _, mask := range []int{192, 768, 3072, 12288, 15360, 4032, 192 | 3072} {
		assert.NoError(t, CheckProtocols(mask), mask)
	}
	for _, list := range []string{"*", " * ", "tls_rsa_with_aes_128_cbc_sha;", "SSL_RSA_WITH_RC4_128_SHA",
		"TLS_AES_256_GCM_SHA384;TLS_CHACHA20_POLY1305_SHA256;TLS_AES_128_GCM_SHA256"} {
		assert.NoError(t, CheckCipherSuites(list), list)
	}
	for _, list := range []string{"", "ECDHE_X25519, ecdhe_secp521r1", "secp256r1mlkem768"} {
		assert.NoError(t, CheckGroups("TLS13KeyShareGroups", list), list)
	}
	assert.NoError(t, CheckGroups("TLS12SupportedGroups", "ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1"))
	assert.NoError(t, CheckSignatureAlgorithms("TLS12SignatureAlgorithms", "sha512-ecdsa,SHA256-RSA"))
	assert.NoError(t, CheckSignatureAlgorithms("TLS13SignatureAlgorithms", "ed25519,rsa_pkcs1_sha256"))
	assert.NoError(t, CheckPEM("SSLCACerts", ""))
	assert.NoError(t, CheckPEM("SSLCACerts", "my CA\r\n"+testCA().pem()+"\r\nand another\r\n"+testCA().pem()))
	assert.NoError(t, CheckKeyLogFile(filepath.Join(t.TempDir(), "keys")))
	assert.NoError(t, CheckKeyLogFile(""))
	assert.NoError(t, CheckCipherStrength(256))
}

// A PEM text that was cut anywhere is refused, except between the blocks.
func TestPEMTruncation(t *testing.T) {
	t.Parallel()
	text := testCA().pem()
	for i := 1; i < len(text)-1; i++ {
		assert.Error(t, CheckPEM("SSLCACerts", text[:i]), i)
	}
}

func TestPEMRefusesPrivateKeysWithoutShowingThem(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
	err := CheckPEM("SSLCACerts", testCA().pem()+key)
	require.ErrorContains(t, err, `"PRIVATE KEY"`)
	assert.NotContains(t, err.Error(), "c2VjcmV0")
}

func FuzzCheckLists(f *testing.F) {
	for _, seed := range []string{"*", "", ";;", "TLS_RSA_WITH_RC4_128_SHA;SSL_RSA_WITH_3DES_EDE_CBC_SHA", "CALG_AES",
		"ecdhe_x25519,ffdhe_2048", "sha256-rsa,ed448", "rsa_pss_sha256"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if c, err := parseCipherSuites(list); err == nil {
			assert.True(t, c.tls13 || len(c.ids) > 0)
		}
		for _, setting := range []string{"TLS12SupportedGroups", "TLS13SupportedGroups"} {
			if ids, err := parseGroups(setting, list); err == nil && list != "" {
				assert.Equal(t, len(splitList(list, ",")), len(ids))
			}
		}
		for _, setting := range []string{"TLS12SignatureAlgorithms", "TLS13SignatureAlgorithms"} {
			if rows, err := parseSignatures(setting, list); err == nil {
				assert.GreaterOrEqual(t, len(rows), len(splitList(list, ",")))
			}
		}
	})
}

func FuzzCheckPEM(f *testing.F) {
	f.Add(testCA().pem())
	f.Add("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
	f.Add("text")
	f.Fuzz(func(t *testing.T, text string) {
		certs, err := parsePEM("SSLCACerts", text)
		assert.False(t, err != nil && certs != nil)
	})
}

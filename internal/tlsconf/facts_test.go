package tlsconf

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	cases := []struct {
		suite uint16
		group tls.CurveID
		want  Negotiated
	}{
		{tls.TLS_AES_128_GCM_SHA256, tls.X25519MLKEM768, Negotiated{Cipher: "AES_128_GCM", KeyExchange: "x25519mlkem768", CipherStrength: 128, KeyExchangeStrength: 253}},
		{tls.TLS_CHACHA20_POLY1305_SHA256, tls.X25519, Negotiated{Cipher: "CHACHA20_POLY1305", KeyExchange: "ecdhe_x25519", CipherStrength: 256, KeyExchangeStrength: 253}},
		{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.CurveP521, Negotiated{Cipher: "CHACHA20_POLY1305", KeyExchange: "ecdhe_secp521r1", CipherStrength: 256, KeyExchangeStrength: 521}},
		{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, 0, Negotiated{Cipher: "AES_256_CBC", KeyExchange: "ecdhe", CipherStrength: 256}},
		{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, 0, Negotiated{Cipher: "3DES_EDE_CBC", KeyExchange: "RSA", CipherStrength: 168, KeyExchangeStrength: 2048}},
		{tls.TLS_RSA_WITH_RC4_128_SHA, 0, Negotiated{Cipher: "RC4_128", KeyExchange: "RSA", CipherStrength: 128, KeyExchangeStrength: 2048}},
	}
	for _, c := range cases {
		c.want.Version, c.want.CipherSuite = "TLSv1.2", tls.CipherSuiteName(c.suite)
		got := Facts(tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: c.suite, CurveID: c.group}, rsaKey().Public())
		assert.Equal(t, c.want, got)
	}
	none := Facts(tls.ConnectionState{CipherSuite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}, nil)
	assert.Zero(t, none.KeyExchangeStrength)
	assert.Equal(t, "0x0000", none.Version)
}

// Every cipher of crypto/tls has its bits.
func TestCiphersComplete(t *testing.T) {
	t.Parallel()
	for name, suite := range knownSuites {
		assert.Contains(t, ciphers, cipherOf(suite.ID), name)
		assert.GreaterOrEqual(t, security(suite.ID), 112)
	}
}

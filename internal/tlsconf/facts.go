package tlsconf

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"strings"
)

// Negotiated is what a handshake has agreed on, as the settings
// SSLNegotiatedVersion and so on tell it.
type Negotiated struct {
	Version     string // "TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3"
	Cipher      string // "AES_128_GCM": the cipher within CipherSuite
	CipherSuite string // the registered name, "TLS_AES_128_GCM_SHA256"

	// KeyExchange is a name as in TLS13SupportedGroups, "ecdhe_x25519", or
	// "RSA" for the exchange without forward secrecy, or "ecdhe" when the
	// group is not known.
	KeyExchange string

	CipherStrength      int // key bits: 128, 168 (triple DES) or 256
	KeyExchangeStrength int // bits of the curve, or of the RSA modulus
}

// Facts translates the state of a connection after its handshake. The key is
// the server's public key, from which the bits of an RSA key exchange come; it
// may be nil.
func Facts(cs tls.ConnectionState, key crypto.PublicKey) Negotiated {
	n := Negotiated{
		Version:     versionName(cs.Version),
		Cipher:      cipherOf(cs.CipherSuite),
		CipherSuite: suiteName(cs.CipherSuite),
		KeyExchange: "ecdhe",
	}
	n.CipherStrength = ciphers[n.Cipher]
	if strings.HasPrefix(n.CipherSuite, "TLS_RSA_WITH_") {
		n.KeyExchange = "RSA"
		if k, ok := key.(*rsa.PublicKey); ok {
			n.KeyExchangeStrength = k.N.BitLen()
		}
		return n
	}
	for _, g := range groups {
		if g.id == cs.CurveID {
			n.KeyExchange, n.KeyExchangeStrength = g.name, g.bits
		}
	}
	return n
}

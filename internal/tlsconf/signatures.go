package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
)

// signature is one way of signing: the scheme of the handshake (RFC 8446,
// section 4.2.3) and the algorithm by which a certificate was issued.
type signature struct {
	scheme tls.SignatureScheme
	cert   x509.SignatureAlgorithm
	name12 string // in TLS12SignatureAlgorithms; shared by both RSA paddings
	name13 string // in TLS13SignatureAlgorithms
}

// signatures are those that crypto/tls uses. TLS 1.2 names say nothing about
// the padding, so sha256-rsa stands for PKCS #1 v1.5 and PSS alike.
var signatures = []signature{
	{tls.PSSWithSHA256, x509.SHA256WithRSAPSS, "sha256-rsa", "rsa_pss_sha256"},
	{tls.PSSWithSHA384, x509.SHA384WithRSAPSS, "sha384-rsa", "rsa_pss_sha384"},
	{tls.PSSWithSHA512, x509.SHA512WithRSAPSS, "sha512-rsa", "rsa_pss_sha512"},
	{tls.PKCS1WithSHA256, x509.SHA256WithRSA, "sha256-rsa", "rsa_pkcs1_sha256"},
	{tls.PKCS1WithSHA384, x509.SHA384WithRSA, "sha384-rsa", "rsa_pkcs1_sha384"},
	{tls.PKCS1WithSHA512, x509.SHA512WithRSA, "sha512-rsa", "rsa_pkcs1_sha512"},
	{tls.ECDSAWithP256AndSHA256, x509.ECDSAWithSHA256, "sha256-ecdsa", "ecdsa_secp256r1_sha256"},
	{tls.ECDSAWithP384AndSHA384, x509.ECDSAWithSHA384, "sha384-ecdsa", "ecdsa_secp384r1_sha384"},
	{tls.ECDSAWithP521AndSHA512, x509.ECDSAWithSHA512, "sha512-ecdsa", "ecdsa_secp521r1_sha512"},
	{tls.Ed25519, x509.PureEd25519, "", "ed25519"},
}

// foreignSchemes names what clients offer and crypto/tls does not use: rows of
// the IANA TLS SignatureScheme registry, and for TLS 1.2 its hash and signature
// pairs (RFC 5246, section 7.4.1.4.1).
var foreignSchemes = map[tls.SignatureScheme]string{
	0x0201: "rsa_pkcs1_sha1",
	0x0202: "sha1-dsa",
	0x0203: "ecdsa_sha1",
	0x0301: "sha224-rsa",
	0x0302: "sha224-dsa",
	0x0303: "sha224-ecdsa",
	0x0402: "sha256-dsa",
	0x0502: "sha384-dsa",
	0x0602: "sha512-dsa",
	0x0708: "sm2sig_sm3",
	0x0808: "ed448",
	0x0809: "rsa_pss_pss_sha256",
	0x080A: "rsa_pss_pss_sha384",
	0x080B: "rsa_pss_pss_sha512",
	0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
	0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
	0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
	0x0904: "mldsa44",
	0x0905: "mldsa65",
	0x0906: "mldsa87",
}

// CheckSignatureAlgorithms reports whether list is a value for the named
// setting, TLS12SignatureAlgorithms or TLS13SignatureAlgorithms: names
// separated by commas, or "". DSA, Ed448, SHA-224 and SHA-1 are refused with
// code 10045, unknown names with 10022.
func CheckSignatureAlgorithms(setting, list string) error {
	_, err := parseSignatures(setting, list)
	return err
}

func parseSignatures(setting, list string) ([]signature, error) {
	var chosen []signature
	for _, name := range splitList(list, ",") {
		rows, err := lookUpSignature(setting, strings.ToLower(name))
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, rows...)
	}
	if chosen == nil && strings.TrimSpace(list) != "" {
		return nil, invalid("%s=%q names no signature algorithm; leave it empty for the usual ones", setting, list)
	}
	if isTLS13Setting(setting) && chosen != nil && !slices.ContainsFunc(chosen, signsTLS13) {
		return nil, invalid("%s=%s has no algorithm for the handshake itself, where TLS 1.3 does not allow rsa_pkcs1;"+
			" add rsa_pss_sha256 or ecdsa_secp256r1_sha256", setting, list)
	}
	return chosen, nil
}

func isTLS13Setting(setting string) bool { return strings.HasPrefix(setting, "TLS13") }

func signsTLS13(s signature) bool { return !strings.HasPrefix(s.name13, "rsa_pkcs1_") }

func lookUpSignature(setting, name string) ([]signature, error) {
	example := "sha256-ecdsa or sha256-rsa"
	if isTLS13Setting(setting) {
		example = "ecdsa_secp256r1_sha256 or rsa_pss_sha256"
	}
	var rows []signature
	for _, s := range signatures {
		if isTLS13Setting(setting) && s.name13 == name || !isTLS13Setting(setting) && s.name12 == name {
			rows = append(rows, s)
		}
	}
	if rows != nil {
		return rows, nil
	}
	for _, part := range []string{"sha1-", "_sha1", "sha224", "-dsa", "ed448"} {
		if strings.Contains(name, part) {
			return nil, unsupported("%s: crypto/tls does not use %s; use %s", setting, name, example)
		}
	}
	return nil, invalid("%s: %q is not a signature algorithm; use names such as %s", setting, name, example)
}

// schemes returns the handshake schemes of the rows, nil for none.
func schemes(rows []signature) []tls.SignatureScheme {
	var ids []tls.SignatureScheme
	for _, s := range rows {
		ids = append(ids, s.scheme)
	}
	return ids
}

// schemeName returns the name of a scheme that a peer offers, or its number.
func schemeName(id tls.SignatureScheme) string {
	for _, s := range signatures {
		if s.scheme == id {
			return s.name13
		}
	}
	if name, ok := foreignSchemes[id]; ok {
		return name
	}
	return hexName(uint16(id))
}

package tlsconf

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// suiteChoice is what SSLEnabledCipherSuites and SSLCipherStrength select.
type suiteChoice struct {
	ids   []uint16 // for TLS 1.0 to 1.2; nil: what crypto/tls thinks safe
	tls13 bool     // the TLS 1.3 suites, of which there is no choice
}

// knownSuites are all that crypto/tls has, by upper-case name.
var knownSuites = func() map[string]*tls.CipherSuite {
	m := make(map[string]*tls.CipherSuite)
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		m[s.Name] = s
	}
	return m
}()

// impossibleSuites says why crypto/tls lacks a suite, by a part of its name.
// The first row that matches wins.
var impossibleSuites = []struct{ part, why string }{
	{"_NULL_", "it does not encrypt"},
	{"_EXPORT_", "it has a 40-bit key"},
	{"_ANON_", "it does not authenticate the server"},
	{"_KRB5_", "Kerberos is not in crypto/tls"},
	{"_PSK_", "pre-shared keys are not in crypto/tls"},
	{"_SRP_", "SRP is not in crypto/tls"},
	{"_DSS_", "DSA certificates are not in crypto/tls"},
	{"_DHE_", "finite-field Diffie-Hellman is not in crypto/tls"},
	{"_DH_", "static Diffie-Hellman is not in crypto/tls"},
	{"_ECDH_", "static Diffie-Hellman is not in crypto/tls"},
	{"_DES_", "single DES is not in crypto/tls"},
	{"CALG_", "Windows algorithm names say too little"},
	{"TLS_", "crypto/tls does not have it"},
}

// renegotiationSignal stands in lists of suites and asks for RFC 5746, which
// crypto/tls always follows.
const renegotiationSignal = "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"

// CheckCipherSuites reports whether list is a value for
// SSLEnabledCipherSuites: "*" or names that crypto/tls knows, separated by
// semicolons. A suite that crypto/tls lacks, and a part of the three TLS 1.3
// suites, is refused with code 10045, an empty list with 10022.
func CheckCipherSuites(list string) error {
	_, err := parseCipherSuites(list)
	return err
}

func parseCipherSuites(list string) (suiteChoice, error) {
	names := splitList(list, ";")
	if slices.Equal(names, []string{"*"}) {
		return suiteChoice{tls13: true}, nil
	}
	choice := suiteChoice{ids: []uint16{}} // not nil, which would mean the safe ones
	listed := make(map[uint16]bool)        // TLS 1.3 suites
	for _, name := range names {
		suite, err := lookUpSuite(name)
		switch {
		case err != nil:
			return suiteChoice{}, err
		case suite == nil || slices.Contains(choice.ids, suite.ID):
		case isTLS13(suite):
			listed[suite.ID] = true
		default:
			choice.ids = append(choice.ids, suite.ID)
		}
	}
	choice.tls13 = len(listed) > 0
	if choice.tls13 && len(listed) < 3 {
		return suiteChoice{}, unsupported("SSLEnabledCipherSuites=%s lists %d of the three TLS 1.3 suites, which crypto/tls enables together;"+
			" list all of %s or none", list, len(listed), strings.Join(tls13Names(), ";"))
	}
	if !choice.tls13 && len(choice.ids) == 0 {
		return suiteChoice{}, invalid("SSLEnabledCipherSuites=%q lists no cipher suite; use * for the usual ones", list)
	}
	return choice, nil
}

// lookUpSuite finds a suite by name. It returns nil for the renegotiation signal.
func lookUpSuite(name string) (*tls.CipherSuite, error) {
	upper := strings.ToUpper(name)
	if rest, ok := strings.CutPrefix(upper, "SSL_"); ok {
		upper = "TLS_" + rest
	}
	if upper == renegotiationSignal {
		return nil, nil
	}
	if suite, ok := knownSuites[upper]; ok {
		return suite, nil
	}
	for _, row := range impossibleSuites {
		if strings.Contains(upper, row.part) {
			return nil, unsupported("SSLEnabledCipherSuites: %s cannot be enabled: %s;"+
				" use for example TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", name, row.why)
		}
	}
	return nil, invalid("SSLEnabledCipherSuites: %q is not the name of a cipher suite;"+
		" use *, or names such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 separated by semicolons", name)
}

func isTLS13(s *tls.CipherSuite) bool { return s.SupportedVersions[0] == tls.VersionTLS13 }

func tls13Names() []string {
	var names []string
	for _, s := range tls.CipherSuites() {
		if isTLS13(s) {
			names = append(names, s.Name)
		}
	}
	return names
}

// CheckCipherStrength reports whether bits is a value for SSLCipherStrength: 0
// to 256. The code is 10022.
func CheckCipherStrength(bits int) error {
	if bits < 0 || bits > 256 {
		return invalid("SSLCipherStrength=%d is not a number of bits from 0 to 256; use 0 for no limit", bits)
	}
	return nil
}

// atLeast leaves out the suites with fewer key bits.
func (c suiteChoice) atLeast(bits int) suiteChoice {
	if bits == 0 {
		return c
	}
	ids := c.ids
	if ids == nil {
		ids = safeSuites()
	}
	strong := []uint16{}
	for _, id := range ids {
		if security(id) >= bits {
			strong = append(strong, id)
		}
	}
	return suiteChoice{ids: strong, tls13: c.tls13 && bits <= 128}
}

// safeSuites are what crypto/tls enables for TLS 1.0 to 1.2 when nothing is listed.
func safeSuites() []uint16 {
	var ids []uint16
	for _, s := range tls.CipherSuites() {
		if !isTLS13(s) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// serves reports whether one of the suites works with the protocol version.
func (c suiteChoice) serves(version uint16) bool {
	if version == tls.VersionTLS13 {
		return c.tls13
	}
	if c.ids == nil {
		return true
	}
	return slices.ContainsFunc(c.ids, func(id uint16) bool {
		suite, ok := knownSuites[tls.CipherSuiteName(id)]
		return ok && slices.Contains(suite.SupportedVersions, version)
	})
}

// suiteName returns the registered name of a suite, or its number.
func suiteName(id uint16) string {
	if name, ok := foreignSuites[id]; ok {
		return name
	}
	return tls.CipherSuiteName(id)
}

// ciphers has the key bits by the name of the cipher within that of the suite.
var ciphers = map[string]int{
	"AES_128_CBC":       128,
	"AES_128_GCM":       128,
	"AES_256_CBC":       256,
	"AES_256_GCM":       256,
	"CHACHA20_POLY1305": 256,
	"3DES_EDE_CBC":      168,
	"RC4_128":           128,
}

// cipherOf returns the cipher of a suite: AES_128_GCM in
// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and TLS_AES_128_GCM_SHA256.
func cipherOf(suite uint16) string {
	name := strings.TrimPrefix(tls.CipherSuiteName(suite), "TLS_")
	if _, cipher, ok := strings.Cut(name, "_WITH_"); ok {
		name = cipher
	}
	if hash := strings.LastIndex(name, "_SHA"); hash >= 0 {
		name = name[:hash]
	}
	return name
}

// security is the strength that counts for SSLCipherStrength: the key bits, but
// 112 for triple DES, whose 168 a meet-in-the-middle attack reduces.
func security(suite uint16) int {
	cipher := cipherOf(suite)
	if cipher == "3DES_EDE_CBC" {
		return 112
	}
	return ciphers[cipher]
}

// hexName is how ids without a name are shown.
func hexName(id uint16) string { return fmt.Sprintf("0x%04X", id) }

package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"strings"

	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/internal/trust"
)

// Settings are the SSL settings as plain values. The zero value enables no
// protocol version; start with [Defaults].
type Settings struct {
	// EnabledProtocols is SSLEnabledProtocols, the sum of 12288 (TLS 1.3),
	// 3072 (TLS 1.2), 768 (TLS 1.1) and 192 (TLS 1.0). Default 15360: TLS 1.2
	// and 1.3.
	EnabledProtocols int

	// CipherSuites is SSLEnabledCipherSuites: "*" for those that crypto/tls
	// thinks safe, or names separated by semicolons, with the prefix TLS_ or
	// SSL_, in any case. The order has no effect. A list without the TLS 1.3
	// suites disables TLS 1.3; one with them names all three. Default "*".
	CipherSuites string

	// CipherStrength is SSLCipherStrength, the least number of key bits,
	// 0 to 256. More than 128 disables TLS 1.3, which always offers AES-128.
	// Triple DES counts as 112. Default 0: no limit.
	CipherStrength int

	// TLS12SignatureAlgorithms and TLS13SignatureAlgorithms limit the
	// signatures of the own handshake and those that issued the peer's
	// certificate: comma lists of names such as sha256-ecdsa and
	// ecdsa_secp256r1_sha256 respectively. Default "": what crypto/tls uses.
	TLS12SignatureAlgorithms, TLS13SignatureAlgorithms string

	// TLS12SupportedGroups and TLS13SupportedGroups are comma lists of
	// ecdhe_x25519, ecdhe_secp256r1, ecdhe_secp384r1 and ecdhe_secp521r1; for
	// TLS 1.3 also x25519mlkem768, secp256r1mlkem768 and secp384r1mlkem1024.
	// The order has no effect. Default "": all of them.
	TLS12SupportedGroups, TLS13SupportedGroups string

	// CACerts, ClientCACerts and ServerCACerts hold certificates in PEM: those
	// sent behind the own certificate, those trusted to issue client
	// certificates, and those trusted to issue server certificates. The trusted
	// ones count besides the system's. Text between the blocks is skipped.
	CACerts, ClientCACerts, ServerCACerts string

	// CheckCRL and CheckOCSP are SSLCheckCRL and SSLCheckOCSP: whether the peer's
	// certificate, and those of the CAs in between, are looked up where they
	// say themselves. Default [trust.Off].
	CheckCRL, CheckOCSP trust.Mode

	// KeyLogFile is the path of a file to which the secrets of every
	// connection are appended, in the format that Wireshark reads. Whoever can
	// read it can read the traffic. Default "": none.
	KeyLogFile string

	// ReuseSession is ReuseSSLSession: whether sessions resume by tickets
	// (RFC 5077, RFC 8446, section 2.2). The peer's certificate is judged anew
	// on resumption. Default true.
	ReuseSession bool

	// LogPackets is LogSSLPackets: whether [Compiled.LogRecords] reports TLS
	// records. Default false.
	LogPackets bool
}

// Defaults returns the settings of a new server.
func Defaults() Settings {
	return Settings{EnabledProtocols: 12288 | 3072, CipherSuites: "*", ReuseSession: true}
}

// Check reports the first setting that cannot be honoured: code 10022 for a
// value that makes no sense, 10045 for one that crypto/tls does not implement.
// It also finds combinations that leave no protocol version.
func (s Settings) Check() error {
	_, err := s.parse()
	return err
}

// plan is what the settings say, parsed.
type plan struct {
	versions           []uint16 // enabled and with a suite, ascending, not empty
	suites             []uint16 // for TLS 1.0 to 1.2; nil: what crypto/tls thinks safe
	groups12, groups13 []tls.CurveID
	sigs12, sigs13     []signature
	chain              []*x509.Certificate
	clientCAs          []*x509.Certificate
	serverCAs          []*x509.Certificate
}

func (s Settings) parse() (plan, error) {
	var (
		p   plan
		err error
	)
	steps := []func(){
		func() { p.versions, p.suites, err = s.protocolsAndSuites() },
		func() { p.groups12, err = parseGroups("TLS12SupportedGroups", s.TLS12SupportedGroups) },
		func() { p.groups13, err = parseGroups("TLS13SupportedGroups", s.TLS13SupportedGroups) },
		func() { p.sigs12, err = parseSignatures("TLS12SignatureAlgorithms", s.TLS12SignatureAlgorithms) },
		func() { p.sigs13, err = parseSignatures("TLS13SignatureAlgorithms", s.TLS13SignatureAlgorithms) },
		func() { p.chain, err = parsePEM("SSLCACerts", s.CACerts) },
		func() { p.clientCAs, err = parsePEM("SSLClientCACerts", s.ClientCACerts) },
		func() { p.serverCAs, err = parsePEM("SSLServerCACerts", s.ServerCACerts) },
		func() { err = CheckKeyLogFile(s.KeyLogFile) },
	}
	for _, step := range steps {
		if step(); err != nil {
			return plan{}, err
		}
	}
	return p, nil
}

// protocolsAndSuites combines three settings: a version stays enabled when one
// of the suites of sufficient strength works with it.
func (s Settings) protocolsAndSuites() (versions, suites []uint16, err error) {
	enabled, err := parseProtocols(s.EnabledProtocols)
	if err != nil {
		return nil, nil, err
	}
	choice, err := parseCipherSuites(s.CipherSuites)
	if err != nil {
		return nil, nil, err
	}
	if err := CheckCipherStrength(s.CipherStrength); err != nil {
		return nil, nil, err
	}
	choice = choice.atLeast(s.CipherStrength)
	for _, v := range enabled {
		if choice.serves(v) {
			versions = append(versions, v)
		}
	}
	if len(versions) == 0 {
		return nil, nil, invalid("SSLEnabledProtocols=%d, SSLEnabledCipherSuites=%s and SSLCipherStrength=%d have no cipher suite in common;"+
			" enable TLS 1.2 (3072) or list suites of the enabled versions", s.EnabledProtocols, s.CipherSuites, s.CipherStrength)
	}
	return versions, choice.ids, nil
}

// splitList returns the items of a list, trimmed; empty ones, such as the one
// behind a final separator, are left out.
func splitList(list, separator string) []string {
	var items []string
	for item := range strings.SplitSeq(list, separator) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func invalid(format string, args ...any) error {
	return trap.New(trap.CodeInvalidArgument, format, args...)
}

func unsupported(format string, args ...any) error {
	return trap.New(trap.CodeNotSupported, format, args...)
}

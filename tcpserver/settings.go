package tcpserver

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/internal/trust"
)

// values are the settings of a core. One snapshot is never changed.
type values struct {
	allowed, blocked clientList
	maxConnections   int
	maxPerClient     int
	proxy            int
	proxies          clientList
	proxyLimit       time.Duration
	bindExclusively  bool
	family           int

	sockets
	linger bool

	handshakeIdle time.Duration
	idle          time.Duration
	loginLimit    time.Duration
	failureDelay  time.Duration

	processIdleEvents bool
	selectWait        time.Duration
	maskSensitive     bool

	tls tlsconf.Settings
}

// Address families of the setting UseIPv6.
const (
	familyIPv4 = iota
	familyIPv6
	familyBoth
)

// sockets are the settings that are options of a socket.
type sockets struct {
	keepAlive         bool
	keepAliveTime     time.Duration
	keepAliveInterval time.Duration
	keepAliveRetries  int
	noDelay           bool
	inBuffer          int
	outBuffer         int
}

// Values of the setting ProxyProtocol.
const (
	proxyOff = iota
	proxyTrusted
	proxyOnly
)

// Longest socket buffer that InBufferSize and OutBufferSize ask for.
const maxSocketBuffer = 1 << 30

var table = settings.NewTable(slices.Concat(socketRows, sslRows, baseRows)...)

var socketRows = []settings.Row[values]{
	clientRow("AllowedClients", "*", func(v *values) *clientList { return &v.allowed },
		"who may connect: host names, addresses, CIDR prefixes and wildcards, separated by commas"),
	clientRow("BlockedClients", "", func(v *values) *clientList { return &v.blocked },
		"who may not connect; it wins over AllowedClients"),
	settings.Bool("BindExclusively", true, func(v *values) *bool { return &v.bindExclusively },
		"nobody else may listen on the port"),
	settings.Seconds("DefaultConnectionTimeout", 0, func(v *values) *time.Duration { return &v.handshakeIdle },
		"how long a TLS handshake may wait for the client's next octets; 0 leaves the limit to LoginTimeout"),
	settings.Seconds("DefaultIdleTimeout", 0, func(v *values) *time.Duration { return &v.idle },
		"ends connections on which nothing was sent or received for so long; 0 never"),
	settings.Seconds("FailedLoginDelay", time.Second, func(v *values) *time.Duration { return &v.failureDelay },
		"after five failed logins of one identity from one address, or fifty from one address, the answer to the next is delayed by this, right or wrong, doubling with each up to thirty times this and half of LoginTimeout; ten minutes later that is forgotten; 0 never"),
	settings.Int("InBufferSize", 0, 0, maxSocketBuffer, func(v *values) *int { return &v.inBuffer },
		"octets of the socket's receive buffer for new connections; 0 lets the system tune it"),
	settings.Bool("KeepAlive", true, func(v *values) *bool { return &v.keepAlive },
		"TCP keep-alive probes on new connections"),
	settings.Milliseconds("KeepAliveInterval", 0, func(v *values) *time.Duration { return &v.keepAliveInterval },
		"time between unanswered keep-alive probes; 0 means 15 seconds"),
	settings.Int("KeepAliveRetryCount", 0, 0, 127, func(v *values) *int { return &v.keepAliveRetries },
		"unanswered keep-alive probes after which the peer counts as gone; 0 means 9"),
	settings.Milliseconds("KeepAliveTime", 0, func(v *values) *time.Duration { return &v.keepAliveTime },
		"idle time before the first keep-alive probe; 0 means 15 seconds"),
	settings.Bool("Linger", true, func(v *values) *bool { return &v.linger },
		"closing a connection still delivers what was sent; False cuts it"),
	settings.Seconds("LoginTimeout", 30*time.Second, func(v *values) *time.Duration { return &v.loginLimit },
		"absolute limit for all that comes before a client is logged in; 0 none"),
	settings.Int("MaxConnections", 1000, 1, 100_000, func(v *values) *int { return &v.maxConnections },
		"connections at one time; further ones are closed at once").FrozenBy(trap.CodeMaxConnFixed),
	settings.Int("MaxConnectionsPerClient", 0, 0, 100_000, func(v *values) *int { return &v.maxPerClient },
		"connections at one time from one IPv4 address or IPv6 network (/64), so that no client can take all of MaxConnections; 0 is no limit"),
	settings.Int("OutBufferSize", 0, 0, maxSocketBuffer, func(v *values) *int { return &v.outBuffer },
		"octets of the socket's send buffer for new connections; 0 lets the system tune it"),
	settings.Choice("ProxyProtocol", proxyOff, []string{"off", "clients come directly or through a proxy", "clients come through a proxy only"}, func(v *values) *int { return &v.proxy },
		"whether load balancers tell in a PROXY header (version 1 or 2) who the client is; connections from ProxyProtocolSources must begin with one"),
	clientRow("ProxyProtocolSources", "", func(v *values) *clientList { return &v.proxies },
		"load balancers whose PROXY headers are believed, as in AllowedClients"),
	settings.Seconds("ProxyProtocolTimeout", 5*time.Second, func(v *values) *time.Duration { return &v.proxyLimit },
		"how long a load balancer may take to send its header; 0 is no limit"),
	settings.Bool("TcpNoDelay", true, func(v *values) *bool { return &v.noDelay },
		"sends small packets at once on new connections"),
	settings.Choice("UseIPv6", familyIPv4, []string{"IPv4", "IPv6", "both"}, func(v *values) *int { return &v.family },
		"address family to listen on").FrozenBy(trap.CodeLocalHostFixed),
	settings.Refused[values]("PreferredDHGroupBits", "crypto/tls has no finite-field Diffie-Hellman; elliptic curves are chosen with TLS12SupportedGroups and TLS13SupportedGroups"),
	settings.Refused[values]("UseIOCP", "Go waits for sockets in the best way that the system has"),
	settings.Refused[values]("UseWindowsMessages", "Go waits for sockets in the best way that the system has"),
}

var sslRows = []settings.Row[values]{
	settings.Bool("LogSSLPackets", false, func(v *values) *bool { return &v.tls.LogPackets },
		"reports every TLS record in SSLStatus"),
	settings.Bool("ReuseSSLSession", true, func(v *values) *bool { return &v.tls.ReuseSession },
		"lets clients resume TLS sessions by ticket"),
	sslText("SSLCACerts", "", func(t *tlsconf.Settings) *string { return &t.CACerts }, pemOf("SSLCACerts"),
		"PEM certificates sent along with the server's own, for clients that want the whole chain"),
	settings.Int("SSLCipherStrength", 0, 0, 256, func(v *values) *int { return &v.tls.CipherStrength },
		"least strength of cipher suites in bits; 0 none"),
	revocationRow("SSLCheckCRL", func(t *tlsconf.Settings) *trust.Mode { return &t.CheckCRL },
		"whether the other side's TLS certificate is looked up in the CRL that it names"),
	revocationRow("SSLCheckOCSP", func(t *tlsconf.Settings) *trust.Mode { return &t.CheckOCSP },
		"whether the OCSP responder that the other side's TLS certificate names is asked"),
	sslText("SSLClientCACerts", "", func(t *tlsconf.Settings) *string { return &t.ClientCACerts }, pemOf("SSLClientCACerts"),
		"PEM certificates of CAs that may issue clients' certificates, besides the system's"),
	sslText("SSLEnabledCipherSuites", "*", func(t *tlsconf.Settings) *string { return &t.CipherSuites }, tlsconf.CheckCipherSuites,
		"cipher suites by name, separated by semicolons; * is Go's safe list"),
	settings.Custom("SSLEnabledProtocols", "sum of 12288 TLS 1.3, 3072 TLS 1.2, 768 TLS 1.1, 192 TLS 1.0", "15360",
		func(v *values) string { return strconv.Itoa(v.tls.EnabledProtocols) },
		setProtocols, "TLS versions that clients may use"),
	sslText("SSLKeyLogFile", "", func(t *tlsconf.Settings) *string { return &t.KeyLogFile }, tlsconf.CheckKeyLogFile,
		"file that TLS secrets are appended to, for debugging with Wireshark: whoever has it can read the traffic"),
	sslText("TLS12SignatureAlgorithms", "", func(t *tlsconf.Settings) *string { return &t.TLS12SignatureAlgorithms }, signaturesOf("TLS12SignatureAlgorithms"),
		"signature algorithms for TLS 1.2, as hash-signature separated by commas; empty is Go's list"),
	sslText("TLS12SupportedGroups", "", func(t *tlsconf.Settings) *string { return &t.TLS12SupportedGroups }, groupsOf("TLS12SupportedGroups"),
		"elliptic curves for TLS 1.2, separated by commas; empty is Go's list"),
	sslText("TLS13SignatureAlgorithms", "", func(t *tlsconf.Settings) *string { return &t.TLS13SignatureAlgorithms }, signaturesOf("TLS13SignatureAlgorithms"),
		"signature algorithms for TLS 1.3, separated by commas; empty is Go's list"),
	sslText("TLS13SupportedGroups", "", func(t *tlsconf.Settings) *string { return &t.TLS13SupportedGroups }, groupsOf("TLS13SupportedGroups"),
		"key exchange groups for TLS 1.3, separated by commas; empty is Go's list"),
	settings.Refused[values]("OpenSSLCADir", "there is no OpenSSL here; give CAs in SSLClientCACerts"),
	settings.Refused[values]("OpenSSLCAFile", "there is no OpenSSL here; give CAs in SSLClientCACerts"),
	settings.Refused[values]("OpenSSLCipherList", "there is no OpenSSL here; name suites in SSLEnabledCipherSuites"),
	settings.Refused[values]("OpenSSLPrngSeedData", "Go seeds its random numbers from the system"),
	settings.Refused[values]("SSLAcceptAnyServerCert", "it is a client's setting; a server checks clients in SSLClientAuthentication"),
	settings.Refused[values]("SSLCACertFilePaths", "give the CAs themselves in SSLClientCACerts"),
	settings.Refused[values]("SSLContextProtocol", "it belongs to Java; use SSLEnabledProtocols"),
	settings.Refused[values]("SSLEnableRenegotiation", "crypto/tls never renegotiates as a server, and always sends renegotiation_info"),
	settings.Refused[values]("SSLIncludeCertChain", "it belongs to clients; SSLClientAuthentication always has the certificate"),
	settings.Refused[values]("SSLProvider", "TLS is always that of Go's crypto/tls"),
	settings.Refused[values]("SSLServerCACerts", "it belongs to clients; the CAs of clients' certificates are in SSLClientCACerts"),
	settings.Refused[values]("SSLSecurityFlags", "it belongs to Windows; decide in SSLClientAuthentication"),
	settings.Refused[values]("SSLTrustManagerFactoryAlgorithm", "it belongs to Java; use SSLClientCACerts"),
	settings.Refused[values]("TLS13KeyShareGroups", "a server makes no key shares in advance; use TLS13SupportedGroups"),
}

var baseRows = []settings.Row[values]{
	settings.ReadOnly("BuildInfo", func(*values) string { return buildInfo() }, "version of ediport and of Go"),
	settings.ReadOnly("LicenseInfo", func(*values) string { return "ediport is free software under the MIT License" }, "the licence"),
	settings.Bool("MaskSensitiveData", true, func(v *values) *bool { return &v.maskSensitive }, "hides passwords in logs"),
	settings.Bool("MaskSensitive", true, func(v *values) *bool { return &v.maskSensitive }, "the same as MaskSensitiveData"),
	settings.Bool("ProcessIdleEvents", true, func(v *values) *bool { return &v.processIdleEvents },
		"events are delivered as they occur; False keeps them for DoEvents"),
	settings.Milliseconds("SelectWaitMillis", 20*time.Millisecond, func(v *values) *time.Duration { return &v.selectWait },
		"how long DoEvents waits when there is no event"),
	settings.Custom("UseInternalSecurityAPI", "True", "True", func(*values) string { return "True" }, onlyTrue,
		"cryptography is always Go's own"),
	settings.Refused[values]("GUIAvailable", "it belongs to Java"),
	settings.Refused[values]("UseDaemonThreads", "it belongs to Java"),
	settings.Refused[values]("UseFIPSCompliantAPI", "it cannot change in a running process: build with GOFIPS140=certified, or start with GODEBUG=fips140=on"),
}

// connTable are the settings that belong to one connection.
var connTable = settings.NewTable(
	settings.ReadOnly("ConnectionUID", (*Conn).connectionUID, "an id of the connection that no other ever has"),
	settings.SecondsOf("IdleTimeout", (*Conn).IdleTimeout, (*Conn).SetIdleTimeout, "DefaultIdleTimeout for this connection"),
	negotiatedRow("SSLNegotiatedCipher", func(n tlsconf.Negotiated) string { return n.Cipher }),
	negotiatedRow("SSLNegotiatedCipherStrength", func(n tlsconf.Negotiated) string { return strconv.Itoa(n.CipherStrength) }),
	negotiatedRow("SSLNegotiatedCipherSuite", func(n tlsconf.Negotiated) string { return n.CipherSuite }),
	negotiatedRow("SSLNegotiatedKeyExchange", func(n tlsconf.Negotiated) string { return n.KeyExchange }),
	negotiatedRow("SSLNegotiatedKeyExchangeStrength", func(n tlsconf.Negotiated) string { return strconv.Itoa(n.KeyExchangeStrength) }),
	negotiatedRow("SSLNegotiatedVersion", func(n tlsconf.Negotiated) string { return n.Version }),
)

func clientRow(name, def string, field func(*values) *clientList, doc string) settings.Row[values] {
	return settings.Custom(name, "text", def,
		func(v *values) string { return field(v).text },
		func(v *values, text string) error {
			list, err := parseClients(text)
			if err == nil {
				*field(v) = list
			}
			return err
		}, doc)
}

func sslText(name, def string, field func(*tlsconf.Settings) *string, check func(string) error, doc string) settings.Row[values] {
	return settings.Text(name, def, func(v *values) *string { return field(&v.tls) }, check, doc)
}

func revocationRow(name string, field func(*tlsconf.Settings) *trust.Mode, doc string) settings.Row[values] {
	kinds := []string{"no", "yes, but a certificate about which nothing can be learned is good", "yes, and it must be known to be good"}
	return settings.Choice(name, int(trust.Off), kinds, func(v *values) *int { return (*int)(field(&v.tls)) }, doc)
}

func pemOf(setting string) func(string) error {
	return func(text string) error { return tlsconf.CheckPEM(setting, text) }
}

func groupsOf(setting string) func(string) error {
	return func(text string) error { return tlsconf.CheckGroups(setting, text) }
}

func signaturesOf(setting string) func(string) error {
	return func(text string) error { return tlsconf.CheckSignatureAlgorithms(setting, text) }
}

func negotiatedRow(name string, fact func(tlsconf.Negotiated) string) settings.Row[Conn] {
	return settings.ReadOnly(name, func(c *Conn) string {
		n, ok := c.negotiated()
		if !ok {
			return ""
		}
		return fact(n)
	}, "what the TLS handshake of this connection agreed on; empty without TLS")
}

func setProtocols(v *values, text string) error {
	mask, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	if err := tlsconf.CheckProtocols(mask); err != nil {
		return err
	}
	v.tls.EnabledProtocols = mask
	return nil
}

func onlyTrue(_ *values, text string) error {
	if !strings.EqualFold(text, "true") && text != "1" && !strings.EqualFold(text, "yes") {
		return errors.New("there is no other cryptography than Go's own: only True is possible")
	}
	return nil
}

func buildInfo() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "ediport"
	}
	version := "(devel)"
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == "github.com/ediport/ediport" && m.Version != "" {
			version = m.Version
		}
	}
	return "ediport " + version + " " + info.GoVersion
}

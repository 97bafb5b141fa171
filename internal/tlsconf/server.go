package tlsconf

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/ediport/ediport/internal/trap"
)

// Server is what the server side of one connection needs besides [Settings].
// The functions are called during the handshake, on its goroutine, one at a
// time; each may be nil.
type Server struct {
	// Context ends lookups of SSLCheckCRL and SSLCheckOCSP; nil: only their own
	// limit does.
	Context context.Context

	// Certificate is SSLCert. It may be nil when Choose finds one.
	Certificate *tls.Certificate

	// AuthenticateClients asks the client for a certificate. A client without
	// one is refused with code 281.
	AuthenticateClients bool

	// Choose lets the application choose a certificate for this client
	// (SSLConnectionRequest). A nil certificate keeps Certificate. An error
	// ends the handshake.
	Choose func(hello ClientAbilities) (*tls.Certificate, error)

	// Accept decides about the client's certificate (SSLClientAuthentication).
	// The chain is what the client sent, leaf first; it may be kept but not
	// changed. recommended tells what verification says, status is "OK" or the
	// reason against. Nil follows the recommendation. Refusing ends the
	// handshake with code 280. A resumed session is asked about again.
	Accept func(leaf *x509.Certificate, chain []*x509.Certificate, recommended bool, status string) bool

	// Status receives progress text (SSLStatus).
	Status func(message string)

	// Trusted are CAs for client certificates besides the system's and
	// ClientCACerts (TrustedCerts).
	Trusted []*x509.Certificate
}

// ClientAbilities are what a client offers in its first message, by name and in
// its order. What has no name appears as its number in hexadecimal, such as
// 0x1A1A, one of the random values of RFC 8701.
type ClientAbilities struct {
	// CipherSuites has the registered names, TLS_AES_128_GCM_SHA256 and so on.
	CipherSuites []string

	// SignatureAlgorithms has names as in TLS13SignatureAlgorithms. It is empty
	// for clients before TLS 1.2, which sign with SHA-1 only.
	SignatureAlgorithms []string

	// ServerName is the host name that the client wants (RFC 6066, section 3),
	// or "".
	ServerName string

	// Versions has names such as TLSv1.2.
	Versions []string
}

// Server returns the configuration for one connection, to be used with
// [tls.Server] as it is: everything happens once the client's first message has
// told what it can do. A connection for which neither Certificate nor Choose
// has a certificate fails with code 282.
func (c *Compiled) Server(srv Server) *tls.Config {
	h := &handshake{Server: srv, c: c}
	return &tls.Config{
		GetConfigForClient:     h.config,
		SessionTicketsDisabled: true, // no keys for this one: config sees to tickets
	}
}

// handshake is the server side of one handshake.
type handshake struct {
	Server
	c *Compiled
}

// config makes the configuration for a client with the given first message.
func (h *handshake) config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	say(h.Status, "client hello: %d cipher suites, server name %q", len(hello.CipherSuites), hello.ServerName)
	cert, err := h.certificate(hello)
	if err != nil {
		return nil, err
	}
	p := &h.c.plan
	lowest, highest, version := p.bounds(hello.SupportedVersions)

	conf := h.c.base.Clone()
	conf.MinVersion, conf.MaxVersion = lowest, highest
	conf.CurvePreferences = p.groups(version)
	conf.Certificates = []tls.Certificate{p.withChain(cert, p.signatures(version))}
	conf.VerifyConnection = h.verify
	tickets := h.c.tickets
	if h.AuthenticateClients {
		conf.ClientAuth = tls.RequestClientCert
		tickets = h.c.askedTickets
	}
	conf.WrapSession, conf.UnwrapSession = tickets.EncryptTicket, tickets.DecryptTicket
	return conf, nil
}

func (h *handshake) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if h.Choose != nil {
		cert, err := h.Choose(abilities(hello))
		if err != nil {
			return nil, trap.Wrap(trap.CodeServerCertNotFound, err, "choosing a certificate for the client")
		}
		if cert != nil {
			return cert, nil
		}
	}
	if h.Certificate == nil {
		return nil, trap.New(trap.CodeServerCertNotFound, "the server has no certificate; set SSLCert")
	}
	return h.Certificate, nil
}

// verify runs in full and resumed handshakes alike, once everything is agreed.
func (h *handshake) verify(cs tls.ConnectionState) error {
	say(h.Status, "negotiated %s with %s%s", versionName(cs.Version), suiteName(cs.CipherSuite), resumed(cs))
	if !h.AuthenticateClients {
		return nil
	}
	if len(cs.PeerCertificates) == 0 {
		return trap.New(trap.CodeClientCertNotFound, "the client has shown no certificate, and SSLAuthenticateClients is on")
	}
	return verifier{
		who:     "client",
		roots:   h.c.clientRoots,
		trusted: h.Trusted,
		usage:   x509.ExtKeyUsageClientAuth,
		allowed: h.c.plan.signatures(cs.Version),
		revoked: h.c.revocation,
		ctx:     h.Context,
		accept:  h.Accept,
		status:  h.Status,
	}.decide(cs.PeerCertificates)
}

// abilities translates what the client offers into names.
func abilities(hello *tls.ClientHelloInfo) ClientAbilities {
	return ClientAbilities{
		CipherSuites:        names(hello.CipherSuites, suiteName),
		SignatureAlgorithms: names(hello.SignatureSchemes, schemeName),
		ServerName:          hello.ServerName,
		Versions:            names(hello.SupportedVersions, versionName),
	}
}

func names[T any](ids []T, name func(T) string) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = name(id)
	}
	return list
}

func resumed(cs tls.ConnectionState) string {
	if cs.DidResume {
		return ", resumed session"
	}
	return ""
}

// say sends progress text to those who listen.
func say(status func(string), format string, args ...any) {
	if status != nil {
		status(fmt.Sprintf(format, args...))
	}
}

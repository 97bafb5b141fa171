package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"

	"github.com/ediport/ediport/internal/trust"
)

// Compiled is what the connections of a listener share: the parsed settings,
// certificate pools, ticket keys, the cache of client sessions, and the key log
// file. Its methods may be called from any goroutine. A change of settings
// makes a new Compiled; sessions do not resume across the two.
type Compiled struct {
	plan       plan
	base       *tls.Config // cloned for each connection, never changed
	logPackets bool

	// Tickets of clients that were asked for a certificate are sealed with
	// other keys than those of clients that were not. When the application
	// turns AuthenticateClients on, the old tickets, which carry no
	// certificate, thus cost a full handshake instead of a refusal. crypto/tls
	// renews the keys of both daily.
	tickets, askedTickets *tls.Config

	clientRoots, serverRoots func() *x509.CertPool
	revocation               revocation
	sessions                 tls.ClientSessionCache // nil without ReuseSession

	close func() error // releases the key log file, once
}

// clientSessions is how many sessions with other servers are remembered.
const clientSessions = 64

// Compile checks the settings and builds what connections share; it opens the
// key log file. The errors are those of [Settings.Check], and code 270 when the
// key log file cannot be opened. The caller closes the result.
func Compile(s Settings) (*Compiled, error) {
	p, err := s.parse()
	if err != nil {
		return nil, err
	}
	c := &Compiled{
		plan:         p,
		base:         &tls.Config{CipherSuites: p.suites, SessionTicketsDisabled: !s.ReuseSession},
		logPackets:   s.LogPackets,
		tickets:      &tls.Config{},
		askedTickets: &tls.Config{},
		clientRoots:  sync.OnceValue(func() *x509.CertPool { return rootsWith(p.clientCAs) }),
		serverRoots:  sync.OnceValue(func() *x509.CertPool { return rootsWith(p.serverCAs) }),
		revocation:   revocation{new(trust.Checker), s.CheckCRL, s.CheckOCSP},
		close:        func() error { return nil },
	}
	if s.ReuseSession {
		c.sessions = tls.NewLRUClientSessionCache(clientSessions)
	}
	if s.KeyLogFile != "" {
		k, err := openKeyLog(s.KeyLogFile)
		if err != nil {
			return nil, err
		}
		c.base.KeyLogWriter = k
		c.close = sync.OnceValue(k.release)
	}
	return c, nil
}

// Close releases the key log file and returns the first error of writing to
// it. Connections may go on. Calling Close again does nothing more.
func (c *Compiled) Close() error { return c.close() }

// LogRecords returns conn wrapped by [LogRecords] when LogSSLPackets is on,
// else conn itself.
func (c *Compiled) LogRecords(conn net.Conn, report func(string)) net.Conn {
	if !c.logPackets {
		return conn
	}
	return LogRecords(conn, report)
}

// rootsWith returns the system's trusted certificates and the given ones. A
// system without any leaves the given ones.
func rootsWith(certs []*x509.Certificate) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	return extend(pool, certs)
}

func extend(pool *x509.CertPool, certs []*x509.Certificate) *x509.CertPool {
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	return pool
}

// withChain returns the certificate with the settings' CA certificates behind
// its own chain, limited to the given signatures.
func (p *plan) withChain(cert *tls.Certificate, sigs []signature) tls.Certificate {
	own := *cert
	own.Certificate = slices.Clone(cert.Certificate)
	for _, ca := range p.chain {
		if !slices.ContainsFunc(own.Certificate, func(der []byte) bool { return string(der) == string(ca.Raw) }) {
			own.Certificate = append(own.Certificate, ca.Raw)
		}
	}
	if sigs != nil {
		own.SupportedSignatureAlgorithms = schemes(sigs)
	}
	return own
}

// groups returns the groups for a version, nil for those of crypto/tls.
func (p *plan) groups(version uint16) []tls.CurveID {
	if version == tls.VersionTLS13 {
		return p.groups13
	}
	return p.groups12
}

// signatures returns the signatures for a version, nil for no limit. Before
// TLS 1.2 there was nothing to choose (RFC 4346, section 7.4.3).
func (p *plan) signatures(version uint16) []signature {
	switch version {
	case tls.VersionTLS13:
		return p.sigs13
	case tls.VersionTLS12:
		return p.sigs12
	}
	return nil
}

package tlsconf

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"slices"

	"github.com/ediport/ediport/internal/trap"
)

// Client is what the client side of one connection needs besides [Settings].
// The functions are called during the handshake, on its goroutine; each may be
// nil.
type Client struct {
	// Context is that of [Server].
	Context context.Context

	// ServerName is the host name or IP address that the server's certificate
	// must be for; a name is also told to the server. Without it no certificate
	// is recommended.
	ServerName string

	// Certificate is shown to servers that ask for one; nil: none.
	Certificate *tls.Certificate

	// Insecure accepts any certificate without asking Accept
	// (SSLAcceptAnyServerCert). For tests only.
	Insecure bool

	// Trusted are CAs for server certificates besides the system's and
	// ServerCACerts.
	Trusted []*x509.Certificate

	// Accept decides about the server's certificate (SSLServerAuthentication),
	// as [Server.Accept] does about a client's.
	Accept func(leaf *x509.Certificate, chain []*x509.Certificate, recommended bool, status string) bool

	// Status receives progress text (SSLStatus).
	Status func(message string)
}

// Client returns the configuration for one connection, to be used with
// [tls.Client]. A server whose certificate is refused ends the handshake with
// code 280, one that chooses a version that is not enabled, or a group that is
// not enabled for TLS 1.3, with code 276. A client sends one list of groups: a
// TLS 1.2 server may choose one that is enabled for TLS 1.3 only.
func (c *Compiled) Client(cl Client) *tls.Config {
	p := &c.plan
	conf := c.base.Clone()
	conf.MinVersion, conf.MaxVersion = p.versions[0], p.versions[len(p.versions)-1]
	conf.CurvePreferences = p.offeredGroups()
	conf.ServerName = cl.ServerName
	conf.InsecureSkipVerify = true // VerifyConnection does it, and asks Accept
	conf.VerifyConnection = func(cs tls.ConnectionState) error { return c.verifyServer(cl, cs) }
	var shown []byte
	if cl.Certificate != nil {
		conf.Certificates = []tls.Certificate{p.withChain(cl.Certificate, p.offeredSignatures())}
		if len(cl.Certificate.Certificate) > 0 {
			shown = cl.Certificate.Certificate[0]
		}
	}
	if c.sessions != nil {
		conf.ClientSessionCache = identityCache{c.sessions, sha256.Sum256(shown)}
	}
	return conf
}

// offeredGroups are those of every enabled version: a client sends one list.
func (p *plan) offeredGroups() []tls.CurveID {
	var offered []tls.CurveID
	for _, v := range p.versions {
		ids := p.groups(v)
		if ids == nil {
			return nil
		}
		offered = append(offered, ids...)
	}
	slices.Sort(offered)
	return slices.Compact(offered)
}

// offeredSignatures are those of every enabled version, nil when one has no limit.
func (p *plan) offeredSignatures() []signature {
	var offered []signature
	for _, v := range p.versions {
		rows := p.signatures(v)
		if rows == nil {
			return nil
		}
		offered = append(offered, rows...)
	}
	return offered
}

func (c *Compiled) verifyServer(cl Client, cs tls.ConnectionState) error {
	say(cl.Status, "negotiated %s with %s%s", versionName(cs.Version), suiteName(cs.CipherSuite), resumed(cs))
	// A client offers a range of versions and one list of groups, so what the
	// server chose may not be among those enabled. In a full TLS 1.2 handshake
	// the group is not known yet, and 0.
	if !slices.Contains(c.plan.versions, cs.Version) {
		return trap.New(trap.CodeHandshake, "the server chose %s, which SSLEnabledProtocols does not enable", versionName(cs.Version))
	}
	if ids := c.plan.groups(cs.Version); ids != nil && cs.CurveID != 0 && !slices.Contains(ids, cs.CurveID) {
		return trap.New(trap.CodeHandshake, "the server chose the group %s, which is not enabled for %s", cs.CurveID, versionName(cs.Version))
	}
	if cl.Insecure {
		return nil
	}
	if len(cs.PeerCertificates) == 0 {
		return trap.New(trap.CodeServerCertNotFound, "the server has shown no certificate")
	}
	return verifier{
		who:       "server",
		roots:     c.serverRoots,
		trusted:   cl.Trusted,
		usage:     x509.ExtKeyUsageServerAuth,
		host:      cl.ServerName,
		needsHost: true,
		allowed:   c.plan.signatures(cs.Version),
		revoked:   c.revocation,
		ctx:       cl.Context,
		accept:    cl.Accept,
		status:    cl.Status,
	}.decide(cs.PeerCertificates)
}

// identityCache keeps the sessions of different client certificates apart: a
// session resumes with the identity it was made with.
type identityCache struct {
	tls.ClientSessionCache
	identity [sha256.Size]byte
}

// Get implements [tls.ClientSessionCache].
func (c identityCache) Get(key string) (*tls.ClientSessionState, bool) {
	return c.ClientSessionCache.Get(string(c.identity[:]) + key)
}

// Put implements [tls.ClientSessionCache].
func (c identityCache) Put(key string, session *tls.ClientSessionState) {
	c.ClientSessionCache.Put(string(c.identity[:])+key, session)
}

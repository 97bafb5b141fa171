package tcpserver

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
)

// handshake puts TLS over the connection's socket.
func (r *run) handshake(c *Conn) error {
	compiled := r.core.tls.Load()
	if compiled == nil {
		return trap.ErrAborted // Reset has come between
	}
	c.shows(r.cert.Load())
	socket := &impatient{Conn: compiled.LogRecords(c.raw, func(text string) { r.status(c, text) })}
	socket.limit.Store(int64(r.core.store.Load().handshakeIdle))
	secure := tls.Server(socket, compiled.Server(tlsconf.Server{
		Certificate:         r.cert.Load(),
		AuthenticateClients: r.options.SSLAuthenticateClients,
		Choose:              r.chooser(c),
		Accept:              r.authenticator(c),
		Status:              func(text string) { r.status(c, text) },
		Trusted:             *r.trusted.Load(),
	}))
	if err := secure.Handshake(); err != nil {
		return c.explain(err)
	}
	socket.limit.Store(0)
	c.touch()
	c.stream = secure
	c.secure.Store(secure)
	return c.raw.SetReadDeadline(time.Time{})
}

// status fires SSLStatus.
func (r *run) status(c *Conn, text string) {
	if hook := r.options.Hooks.SSLStatus; hook != nil {
		c.Tell(func() { hook(c, text) })
	}
}

// chooser asks the application which certificate a client is to see.
func (r *run) chooser(c *Conn) func(tlsconf.ClientAbilities) (*tls.Certificate, error) {
	hook := r.options.Hooks.SSLConnectionRequest
	if hook == nil {
		return nil
	}
	return func(hello tlsconf.ClientAbilities) (*tls.Certificate, error) {
		ask := CertificateRequest{
			CipherSuites:        hello.CipherSuites,
			SignatureAlgorithms: hello.SignatureAlgorithms,
			ServerName:          hello.ServerName,
		}
		if !c.Ask(func() { hook(c, &ask) }) {
			return nil, trap.New(trap.CodeHandshake, "nobody answered SSLConnectionRequest")
		}
		if ask.CertStore == "" {
			return nil, nil
		}
		cert, err := certstore.Open(ask.CertStoreType, ask.CertStore, ask.CertPassword, ask.CertSubject)
		if err != nil {
			return nil, err
		}
		pair, err := keyPair(cert)
		c.shows(pair)
		return pair, err
	}
}

// shows remembers the key whose length SSLNegotiatedKeyExchangeStrength tells
// when the key exchange is RSA.
func (c *Conn) shows(pair *tls.Certificate) {
	if pair == nil {
		return
	}
	if signer, ok := pair.PrivateKey.(crypto.Signer); ok {
		c.key = signer.Public()
	}
}

// authenticator asks the application about a client's certificate.
func (r *run) authenticator(c *Conn) func(*x509.Certificate, []*x509.Certificate, bool, string) bool {
	hook := r.options.Hooks.SSLClientAuthentication
	if hook == nil {
		return nil
	}
	return func(leaf *x509.Certificate, _ []*x509.Certificate, recommended bool, status string) bool {
		ask := ClientAuthentication{Certificate: leaf, Status: status, Accept: recommended}
		return c.Ask(func() { hook(c, &ask) }) && ask.Accept
	}
}

// prepareTLS returns what TLS connections share, and makes it the first time.
func (core *Core) prepareTLS() (*tlsconf.Compiled, error) {
	core.changing.Lock()
	defer core.changing.Unlock()
	if core.tls.Load() == nil {
		if err := core.compile(); err != nil {
			return nil, err
		}
	}
	return core.tls.Load(), nil
}

// compile makes what TLS connections share out of the settings as they are.
// Handshakes begun before go on with what they have. core.changing is held.
func (core *Core) compile() error {
	compiled, err := tlsconf.Compile(core.store.Load().tls)
	if err != nil {
		return err
	}
	core.setTLS(compiled)
	return nil
}

func (core *Core) setTLS(compiled *tlsconf.Compiled) {
	if old := core.tls.Swap(compiled); old != nil {
		old.Close() // its key log file; what it could not write there is lost either way
	}
}

func keyPair(cert *certstore.Certificate) (*tls.Certificate, error) {
	if cert == nil {
		return nil, trap.New(trap.CodeServerCertNotFound, "SSLCert is not set")
	}
	pair, err := cert.TLSCertificate()
	if err != nil {
		return nil, err
	}
	return &pair, nil
}

func roots(certs []*certstore.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range certs {
		if c != nil && c.X509() != nil {
			out = append(out, c.X509())
		}
	}
	return out
}

// An impatient connection gives the peer a limited time for each answer, while
// it has a limit.
type impatient struct {
	net.Conn
	limit atomic.Int64 // time.Duration, 0 none

	mu       sync.Mutex // guards hurrying
	hurrying bool       // the deadline for writing stays as it is
}

// hurry makes all writing end within the limit.
func (c *impatient) hurry(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurrying = true
	_ = c.Conn.SetWriteDeadline(deadline(limit)) // fails on a closed socket, where nothing waits
}

// SetWriteDeadline implements [net.Conn]: crypto/tls gives its farewell more
// time than there may be.
func (c *impatient) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hurrying {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

func (c *impatient) Read(p []byte) (int, error) {
	if limit := time.Duration(c.limit.Load()); limit > 0 {
		if err := c.Conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(p)
}

package tcpserver

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
)

// handshake puts TLS over the connection's socket. The octets in first came
// before and are not plaintext any more. Nothing else may be sent meanwhile.
func (r *run) handshake(c *Conn, first []byte) error {
	c.upgrading.Store(true) // stays after a failure: nothing goes out in the clear then
	compiled := r.core.tls.Load()
	if compiled == nil {
		return trap.ErrAborted // Reset has come between
	}
	secure := &secured{under: &impatient{Conn: c.raw, first: first}}
	secure.shows(r.cert.Load())
	secure.under.limit.Store(int64(r.core.store.Load().handshakeIdle))
	socket := compiled.LogRecords(secure.under, func(text string) { r.status(c, text) })
	secure.Conn = tls.Server(socket, compiled.Server(tlsconf.Server{
		Context:             lifetime{context.Background(), c},
		Certificate:         r.cert.Load(),
		AuthenticateClients: r.options.SSLAuthenticateClients,
		Choose:              r.chooser(c, secure),
		Accept:              r.authenticator(c),
		Status:              func(text string) { r.status(c, text) },
		Trusted:             *r.trusted.Load(),
	}))
	err := secure.Handshake()
	if err == nil {
		err = c.Err() // a lookup may have lasted longer than the connection
	}
	if err != nil {
		err = c.explain(err)
		return trap.Wrap(handshakeCode(err), err, "TLS handshake with "+c.remote.String())
	}
	secure.under.settled(r.options.Push != nil)
	c.touch()
	c.secure.Store(secure)
	c.upgrading.Store(false)
	return c.explain(c.raw.SetReadDeadline(time.Time{}))
}

// A lifetime is the context of what is done for a connection while it lasts.
type lifetime struct {
	context.Context
	c *Conn
}

// Done implements [context.Context].
func (l lifetime) Done() <-chan struct{} { return l.c.Done() }

// Err implements [context.Context].
func (l lifetime) Err() error {
	if l.c.Connected() {
		return nil
	}
	return context.Canceled
}

// handshakeCode is the code of a handshake that failed: that of the cause, or 276
// when it has none of its own.
func handshakeCode(err error) int {
	if code := trap.Code(err); code != trap.CodeAborted {
		return code
	}
	return trap.CodeHandshake
}

// StartTLS begins a TLS handshake, as the side that has the certificate, on a
// plaintext connection of a [PushProtocol]. It returns at once; called from
// Data, the handshake begins when that returns, with the octets that Data leaves
// over. Until Hooks.Connected tells how it went, nothing can be sent. Codes:
// 282 there is no certificate; 10037 a handshake is going on; 10056 there is
// TLS already; 10057 the connection has ended.
func (c *Conn) StartTLS() error {
	o := &c.run.options
	if o.Push == nil {
		return trap.New(trap.CodeNotSupported, "StartTLS is for push protocols")
	}
	if c.run.cert.Load() == nil && o.Hooks.SSLConnectionRequest == nil {
		return trap.New(trap.CodeServerCertNotFound, "TLS needs a certificate: set SSLCert")
	}
	if _, err := c.run.core.prepareTLS(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over.Load():
		return trap.New(trap.CodeNotConnected, "connection %s has ended", c.id)
	case c.secure.Load() != nil:
		return trap.New(trap.CodeIsConnected, "connection %s has TLS already", c.id)
	case c.upgrading.Swap(true):
		return trap.New(trap.CodeAlready, "connection %s has its TLS handshake already", c.id)
	}
	c.halted.Store(true)
	c.happen(dueUpgrade)
	return nil
}

// upgrade does the handshake that StartTLS asked for.
func (c *Conn) upgrade() {
	v := c.run.core.store.Load()
	if v.loginLimit > 0 {
		c.loginBy.Store(int64(time.Since(c.run.core.born) + v.loginLimit))
	}
	c.sending.Lock() // what is being sent in the clear comes first
	first := c.kept
	c.kept = nil
	err := c.run.handshake(c, first)
	c.sending.Unlock()
	c.roomAgain() // for a TryWrite that met the lock
	c.LoggedIn()
	if hook := c.run.options.Hooks.Connected; hook != nil {
		done := trap.FromNet(err)
		c.Tell(func() { hook(c, done) })
	}
	if err != nil {
		c.part(err)
		return
	}
	c.mu.Lock()
	c.halted.Store(c.paused)
	c.happen(dueData)
	c.mu.Unlock()
	c.goOn()
}

// status fires SSLStatus. After the handshake of a push protocol's connection it
// waits for its turn among the events, for it may come from inside a Write.
func (r *run) status(c *Conn, text string) {
	hook := r.options.Hooks.SSLStatus
	switch {
	case hook == nil:
	case r.options.Push != nil && !c.upgrading.Load():
		c.queueStatus(text)
	default:
		c.Tell(func() { hook(c, text) })
	}
}

// maxStatuses is how many texts wait for SSLStatus; further ones are dropped.
const maxStatuses = 256

func (c *Conn) queueStatus(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.secure.Load(); s != nil && len(s.texts) < maxStatuses {
		s.texts = append(s.texts, text)
		c.happen(dueStatus)
	}
}

func (c *Conn) tellStatuses() {
	s := c.secure.Load()
	c.mu.Lock()
	texts := s.texts
	s.texts = nil
	c.mu.Unlock()
	for _, text := range texts {
		c.run.options.Hooks.SSLStatus(c, text)
	}
}

// chooser asks the application which certificate a client is to see.
func (r *run) chooser(c *Conn, secure *secured) func(tlsconf.ClientAbilities) (*tls.Certificate, error) {
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
		secure.shows(pair)
		return pair, err
	}
}

// shows remembers the key whose length SSLNegotiatedKeyExchangeStrength tells
// when the key exchange is RSA.
func (s *secured) shows(pair *tls.Certificate) {
	if pair == nil {
		return
	}
	if signer, ok := pair.PrivateKey.(crypto.Signer); ok {
		s.key = signer.Public()
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

package tcpserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
)

// ClientTLS is what the client's side of a TLS handshake needs besides the SSL
// settings of its core.
type ClientTLS struct {
	// ServerName is the host name that the server's certificate must be for.
	ServerName string

	// Certificate is shown to servers that ask for one; it may be nil.
	Certificate *certstore.Certificate

	// TrustedCerts are CAs of servers' certificates, besides the system's.
	TrustedCerts []*certstore.Certificate

	// Accept decides about the server's certificate: status is "OK", or why it
	// does not verify. Nil accepts what verifies.
	Accept func(cert *x509.Certificate, status string) bool

	// Status gets progress text; it may be nil.
	Status func(message string)
}

// ClientHandshake puts TLS over a connection that this side has made, by the
// SSL settings of the core. Give the result to [Core.ServeConn], with options
// without UseSSL. After an error nc is for the caller to close. Code 276: the
// handshake failed; 280: the server's certificate was refused.
func (core *Core) ClientHandshake(ctx context.Context, nc net.Conn, o ClientTLS) (net.Conn, error) {
	compiled, err := core.prepareTLS()
	if err != nil {
		return nil, err
	}
	client := tlsconf.Client{Context: ctx, ServerName: o.ServerName, Trusted: roots(o.TrustedCerts), Status: o.Status}
	if o.Certificate != nil {
		pair, err := keyPair(o.Certificate)
		if err != nil {
			return nil, err
		}
		client.Certificate = pair
	}
	if o.Accept != nil {
		client.Accept = func(leaf *x509.Certificate, _ []*x509.Certificate, _ bool, status string) bool {
			return o.Accept(leaf, status)
		}
	}
	secure := tls.Client(&impatient{Conn: nc}, compiled.Client(client))
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, trap.Wrap(trap.CodeHandshake, err, "TLS handshake with "+nc.RemoteAddr().String())
	}
	return secure, nil
}

package tcpserver

import (
	"crypto/x509"
	"log/slog"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/trap"
)

// Options are the properties of a server as they are when listening starts.
// The core reads them once; what may change later goes through [Core.Config]
// or a method.
type Options struct {
	// LocalHost is the address to listen on; "" means all.
	LocalHost string

	// LocalPort is the port to listen on; 0 lets the system choose, and
	// [Core.Addr] tells.
	LocalPort int

	// ConnectionBacklog is how many connections the system keeps waiting to be
	// accepted; 0 means the most it can (SOMAXCONN). Windows keeps its own.
	ConnectionBacklog int

	// DefaultTimeout is the Timeout that new connections start with; 0 means none.
	DefaultTimeout time.Duration

	// UseSSL makes every connection begin with a TLS handshake, except those
	// that come to [Core.Serve] and [Core.ServeConn] as a crypto/tls Conn: the
	// settings about SSL do not touch these.
	UseSSL bool

	// SSLCert is the server's certificate with its key. Needed with UseSSL,
	// unless Hooks.SSLConnectionRequest always chooses one.
	SSLCert *certstore.Certificate

	// SSLAuthenticateClients asks clients for a certificate; see
	// Hooks.SSLClientAuthentication.
	SSLAuthenticateClients bool

	// TrustedCerts are further CAs that may have issued clients' certificates.
	TrustedCerts []*certstore.Certificate

	// Logger gets lifecycle messages when it is not nil. They never hold secrets.
	Logger *slog.Logger

	// Stream or Push is the protocol spoken on connections; exactly one of the
	// two is set.
	Stream StreamProtocol
	Push   PushProtocol

	// Hooks are the events of connections.
	Hooks Hooks
}

// A StreamProtocol owns a goroutine per connection. It calls [Conn.LoggedIn]
// once the client is who it should be, one without logins at once: until then
// the setting LoginTimeout limits the connection.
type StreamProtocol interface {
	// Serve speaks the protocol on an open connection and returns when it is
	// over: nil or io.EOF after a normal end. The core closes the connection
	// then, so that what was written last still arrives. Serve must return soon after c's Done channel closes, at which
	// Read and Write fail.
	Serve(c *Conn) error
}

// A PushProtocol is called by the core whenever there is something to do on a
// connection. Calls for one connection never overlap, except Tick. Like a
// [StreamProtocol] it calls [Conn.LoggedIn].
type PushProtocol interface {
	// Open begins a connection. An error ends it.
	Open(c *Conn) error

	// Data takes octets that have arrived. It returns how many it consumed;
	// the core keeps the others, and offers them again with those that follow.
	// It must consume something whenever p holds [PushBuffer] octets, or as many
	// as [Conn.SetKeep] says. p is valid during the call only. An error ends the
	// connection, io.EOF normally.
	Data(c *Conn, p []byte) (n int, err error)

	// Writable tells that the connection takes data: once after Open, and when
	// there is room again after [Conn.TryWrite] has found none.
	Writable(c *Conn)

	// Tick comes about once a second between Open and Closed, from the core's
	// own goroutine, and may overlap other calls. It must not block: the
	// other connections wait for it.
	Tick(c *Conn, now time.Time)

	// Closed ends a connection that Open has seen, even one that Open refused.
	// Rest holds the octets that were not consumed when the peer ended the
	// connection; err is nil after a normal end.
	Closed(c *Conn, rest []byte, err error)
}

// Hooks are the core's events. All may be nil. Those of one connection are
// called in order and never at the same time; those of different connections
// run in parallel. In pump mode (setting ProcessIdleEvents=False) they run
// inside [Core.DoEvents].
type Hooks struct {
	// Attach makes what the protocol keeps for a connection, before any other
	// event; [Conn.Attached] returns it.
	Attach func(c *Conn) any

	// ConnectionRequest decides whether a client may connect at all. Accept
	// arrives as AllowedClients, BlockedClients decide.
	ConnectionRequest func(r *ConnectionRequest)

	// Connected tells that the connection is established, or with an error
	// that its TLS handshake failed.
	Connected func(c *Conn, err *Error)

	// Disconnected is the last event of a connection, err nil after a normal end.
	Disconnected func(c *Conn, err *Error)

	// Error tells of trouble that no caller hears of. c may be nil.
	Error func(c *Conn, err *Error)

	// SSLClientAuthentication decides about a client's certificate.
	SSLClientAuthentication func(c *Conn, a *ClientAuthentication)

	// SSLConnectionRequest may choose another certificate for a client.
	SSLConnectionRequest func(c *Conn, r *CertificateRequest)

	// SSLStatus tells of the progress of TLS handshakes. With the setting
	// LogSSLPackets it also comes while data moves, from the goroutines that
	// read and write, and then beside other events.
	SSLStatus func(c *Conn, message string)
}

// A ConnectionRequest is a client at the door.
type ConnectionRequest struct {
	Address string // the client's IP address
	Port    int
	Accept  bool // what the lists of clients say; the handler may change it
}

// A ClientAuthentication is a client's certificate and what verification says.
type ClientAuthentication struct {
	Certificate *x509.Certificate
	Status      string // "OK", or why the certificate does not verify
	Accept      bool   // true when Status is OK; the handler may change it
}

// A CertificateRequest tells what a TLS client can do. A handler may set the
// Cert fields; with CertStore empty the server's SSLCert is used.
type CertificateRequest struct {
	CipherSuites        []string
	SignatureAlgorithms []string
	ServerName          string

	CertStoreType certstore.StoreType
	CertStore     string
	CertPassword  string
	CertSubject   string
}

func (o *Options) check() error {
	switch {
	case (o.Stream == nil) == (o.Push == nil):
		return trap.New(trap.CodeInvalidArgument, "options need either a stream or a push protocol")
	case o.LocalPort < 0 || o.LocalPort > 65535:
		return trap.New(trap.CodeInvalidArgument, "LocalPort %d is not a port: use 0 to 65535", o.LocalPort)
	case o.ConnectionBacklog < 0:
		return trap.New(trap.CodeInvalidArgument, "ConnectionBacklog %d is negative", o.ConnectionBacklog)
	case o.DefaultTimeout < 0:
		return trap.New(trap.CodeInvalidArgument, "DefaultTimeout %v is negative", o.DefaultTimeout)
	case o.UseSSL && o.SSLCert == nil && o.Hooks.SSLConnectionRequest == nil:
		return trap.New(trap.CodeServerCertNotFound, "UseSSL needs a certificate: set SSLCert before listening")
	}
	return nil
}

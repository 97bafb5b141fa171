package tcpserver

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/codepage"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
)

// A Server is the TCPServer component: it serves TCP and TLS connections, and
// leaves what is spoken on them to the program. Make it with [NewServer], set its
// properties and hooks, and call [Server.StartListening].
//
// Properties are read when listening starts; what may change later goes through
// [Server.Config], a method, or a [Connection]. All methods may be called from
// any goroutine, and, but for [Server.ShutdownContext], from handlers.
type Server struct {
	Events

	// LocalHost is the address to listen on; "" means all.
	LocalHost string

	// LocalPort is the port to listen on; 0, the default, lets the system choose.
	// Once StartListening has returned it is the real one.
	LocalPort int

	// ConnectionBacklog is how many connections the system keeps waiting to be
	// accepted; 0, the default, is the most it can.
	ConnectionBacklog int

	// DefaultTimeout is the Timeout of new connections. Default 0: sends do not
	// wait.
	DefaultTimeout time.Duration

	// DefaultIdleTimeout is the IdleTimeout of new connections. Default 0: none.
	DefaultIdleTimeout time.Duration

	// DefaultEOL is the EOL of new connections. Default "": data comes as it came.
	DefaultEOL string

	// DefaultMaxLineLength is the MaxLineLength of new connections, in octets.
	// Default 2048, at least 256.
	DefaultMaxLineLength int

	// DefaultSingleLineMode is the SingleLineMode of new connections.
	DefaultSingleLineMode bool

	// KeepAlive sends probes on idle connections, so that a peer that is gone is
	// noticed; see the settings KeepAliveTime and KeepAliveInterval. Default true.
	KeepAlive bool

	// Linger lets what was sent still go out when a connection is closed; false
	// cuts it off. Default true.
	Linger bool

	// SSLEnabled turns TLS on; with SSLStartMode at StartNone it means
	// StartAutomatic. Once StartListening has returned it tells whether new
	// connections begin with TLS. Default false.
	SSLEnabled bool

	// SSLStartMode says when TLS begins. Default StartNone: never.
	SSLStartMode SSLStartMode

	// SSLProvider is the implementation of TLS. There is one, crypto/tls, so only
	// ProviderAutomatic, the default, and ProviderInternal are possible.
	SSLProvider SSLProvider

	// SSLCert is the certificate for TLS, with its key.
	SSLCert *certstore.Certificate

	// SSLAuthenticateClients asks clients for a certificate; see
	// OnSSLClientAuthentication.
	SSLAuthenticateClients bool

	// TrustedCerts are further CAs that may have issued clients' certificates.
	TrustedCerts []*certstore.Certificate

	// Logger gets lifecycle messages when it is not nil.
	Logger *slog.Logger

	core *Core
	own  *settings.Store[ownValues]

	mu sync.Mutex // a handler may call Reset while StartListening is not done with the properties
}

// SSLStartMode says when TLS begins on a connection.
type SSLStartMode int

// The start modes of TLS.
const (
	StartAutomatic SSLStartMode = 0 // as StartImplicit: no port of a server is one for plaintext
	StartImplicit  SSLStartMode = 1 // before anything else
	StartExplicit  SSLStartMode = 2 // when StartSSL is called
	StartNone      SSLStartMode = 3 // never
)

// SSLProvider is an implementation of TLS.
type SSLProvider int

// The implementations of TLS.
const (
	ProviderAutomatic SSLProvider = 0
	ProviderPlatform  SSLProvider = 1 // refused: there is no other than crypto/tls
	ProviderInternal  SSLProvider = 2
)

// NewServer returns a server with the defaults of the component.
func NewServer() *Server {
	s := &Server{core: NewCore(), own: settings.NewStore(ownTable)}
	s.setDefaults()
	return s
}

func (s *Server) setDefaults() {
	s.LocalHost, s.LocalPort, s.ConnectionBacklog = "", 0, 0
	s.DefaultTimeout, s.DefaultIdleTimeout = 0, 0
	s.DefaultEOL, s.DefaultMaxLineLength, s.DefaultSingleLineMode = "", 2048, false
	s.KeepAlive, s.Linger = true, true
	s.SSLEnabled, s.SSLStartMode, s.SSLProvider = false, StartNone, ProviderAutomatic
	s.SSLCert, s.SSLAuthenticateClients, s.TrustedCerts = nil, false, nil
	s.Logger = nil
}

// Config reads or changes a setting: "NAME", "NAME=VALUE",
// "NAME[ConnectionID]" or "NAME[ConnectionID]=VALUE". It returns the value as
// it is then. The settings are listed in docs/settings.md. Codes: 10022 unknown
// name or a value that does not fit; 10045 the setting can mean nothing here;
// 108 MaxConnections cannot change while listening; 126 no such connection.
func (s *Server) Config(text string) (string, error) {
	st, err := settings.Parse(text)
	if err != nil {
		return "", err
	}
	if !st.Indexed && s.own.Has(st.Name) {
		return s.own.Config(st)
	}
	return s.core.Config(text)
}

// StartListening opens the port and returns; connections are served in the
// background. Codes: 104 it listens already; 10022 a property makes no sense;
// 10048 the port is taken; 10049 LocalHost is not an address of this machine;
// 282 TLS without a certificate.
func (s *Server) StartListening() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.options()
	if err != nil {
		return err
	}
	if err := s.core.StartListening(o); err != nil {
		return err
	}
	s.SSLEnabled = o.UseSSL
	if tcp, ok := s.core.Addr().(*net.TCPAddr); ok {
		s.LocalPort = tcp.Port
	}
	return nil
}

// Serve serves connections that l accepts, such as a socket inherited from
// systemd, and returns when l is closed: nil then. Shutdown closes it. A server
// may serve several listeners, also besides StartListening.
func (s *Server) Serve(l net.Listener) error {
	o, err := s.options()
	if err != nil {
		return err
	}
	return s.core.Serve(l, o)
}

// ServeConn serves one connection that somebody else has made, and returns when
// it has ended: nil after a normal end.
func (s *Server) ServeConn(conn net.Conn) error {
	o, err := s.options()
	if err != nil {
		return err
	}
	return s.core.ServeConn(conn, o)
}

// StopListening closes all listeners; connections go on.
func (s *Server) StopListening() { s.core.StopListening() }

// Shutdown closes all listeners and connections. It waits for no handler.
func (s *Server) Shutdown() { s.core.Shutdown() }

// ShutdownContext closes all listeners, waits until the clients have left, and
// disconnects those that are there when ctx ends. It returns when the last handler
// has; with ctx's error if somebody had to be disconnected.
func (s *Server) ShutdownContext(ctx context.Context) error { return s.core.ShutdownContext(ctx) }

// Reset is Shutdown, and puts all properties and settings back to their
// defaults; hooks stay.
func (s *Server) Reset() {
	s.core.Reset()
	s.own.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setDefaults()
}

// Listening reports whether StartListening is in effect.
func (s *Server) Listening() bool { return s.core.Listening() }

// Addr is the address that StartListening listens on, nil when it does not.
func (s *Server) Addr() net.Addr { return s.core.Addr() }

// DoEvents delivers events that are queued, with
// Config("ProcessIdleEvents=False"): accepting, reading and the handlers of all
// connections then run inside it, on its caller's goroutine. With nothing to do
// it waits, at most for the setting SelectWaitMillis.
func (s *Server) DoEvents() { s.core.DoEvents() }

// SetSSLCert changes the certificate for TLS handshakes to come.
func (s *Server) SetSSLCert(cert *certstore.Certificate) error { return s.core.SetSSLCert(cert) }

// SetTrustedCerts changes the CAs that clients' certificates are checked
// against, for TLS handshakes to come.
func (s *Server) SetTrustedCerts(certs []*certstore.Certificate) { s.core.SetTrustedCerts(certs) }

// Connection returns the connection of that ConnectionID.
func (s *Server) Connection(id string) (*Connection, bool) {
	c, ok := s.core.Connection(id)
	if !ok {
		return nil, false
	}
	return attached(c), true
}

// Connections goes through the connections there are at this moment.
func (s *Server) Connections() iter.Seq[*Connection] {
	return func(yield func(*Connection) bool) {
		for c := range s.core.Connections() {
			if !yield(attached(c)) {
				return
			}
		}
	}
}

// options are the properties as they are now.
func (s *Server) options() (Options, error) {
	if err := s.check(); err != nil {
		return Options{}, err
	}
	implicit := s.SSLStartMode == StartImplicit || s.SSLStartMode == StartAutomatic
	s.core.store.Update(func(v *values) {
		v.keepAlive, v.linger, v.idle = s.KeepAlive, s.Linger, s.DefaultIdleTimeout
	})
	made := &making{
		server:   s,
		events:   s.Events,
		explicit: s.SSLStartMode == StartExplicit,
	}
	made.mode.EOL, made.mode.MaxLine, made.mode.SingleLine = s.DefaultEOL, s.DefaultMaxLineLength, s.DefaultSingleLineMode
	return Options{
		LocalHost:              s.LocalHost,
		LocalPort:              s.LocalPort,
		ConnectionBacklog:      s.ConnectionBacklog,
		DefaultTimeout:         s.DefaultTimeout,
		UseSSL:                 implicit || s.SSLEnabled && !made.explicit,
		SSLCert:                s.SSLCert,
		SSLAuthenticateClients: s.SSLAuthenticateClients,
		TrustedCerts:           s.TrustedCerts,
		Logger:                 s.Logger,
		Push:                   delivery{},
		Hooks:                  made.hooks(),
	}, nil
}

func (s *Server) check() error {
	switch {
	case s.SSLProvider != ProviderAutomatic && s.SSLProvider != ProviderInternal:
		return trap.New(trap.CodeNotSupported, "SSLProvider %d: there is no other than crypto/tls; use ProviderAutomatic", s.SSLProvider)
	case s.SSLStartMode < StartAutomatic || s.SSLStartMode > StartNone:
		return trap.New(trap.CodeInvalidArgument, "SSLStartMode %d is none of 0 to 3", s.SSLStartMode)
	case s.SSLStartMode == StartExplicit && s.SSLCert == nil && s.OnSSLConnectionRequest == nil:
		return trap.New(trap.CodeServerCertNotFound, "SSLStartMode needs a certificate: set SSLCert before listening")
	case s.DefaultIdleTimeout < 0:
		return trap.New(trap.CodeInvalidArgument, "DefaultIdleTimeout %v is negative", s.DefaultIdleTimeout)
	}
	if err := checkEOL(s.DefaultEOL); err != nil {
		return trap.Wrap(trap.CodeInvalidArgument, err, "DefaultEOL")
	}
	if err := checkMaxLineLength(s.DefaultMaxLineLength); err != nil {
		return trap.Wrap(trap.CodeInvalidArgument, err, "DefaultMaxLineLength")
	}
	return nil
}

// Limits of lines and records, in octets. What a client sends is kept until its
// line or record is whole, so they bound what a stranger can make us keep.
const (
	minLineLength = 256
	maxLineLength = 1 << 30
	maxEOL        = 1 << 10
)

func checkEOL(eol string) error {
	if len(eol) > maxEOL {
		return trap.New(trap.CodeInvalidArgument, "an EOL of %d octets is longer than %d", len(eol), maxEOL)
	}
	return nil
}

func checkMaxLineLength(n int) error {
	if n < minLineLength || n > maxLineLength {
		return trap.New(trap.CodeInvalidArgument, "%d is none of %d to %d octets", n, minLineLength, maxLineLength)
	}
	return nil
}

// ownValues are the settings that the component has besides its core's.
type ownValues struct{ page codepage.Page }

var ownTable = settings.NewTable(
	settings.Custom("CodePage", "code pages of golang.org/x/text", "65001",
		func(v *ownValues) string { return strconv.Itoa(v.page.ID()) }, setCodePage,
		"how text is turned into octets by SendText and SendLine, and back by the Text of DataIn"),
	property("DefaultIdleTimeout"), property("KeepAlive"), property("Linger"),
	settings.Refused[ownValues]("TrustedCertsData", "give the CAs in TrustedCerts or SSLClientCACerts"),
)

func setCodePage(v *ownValues, text string) error {
	id, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	page, err := codepage.Lookup(id)
	if err == nil {
		v.page = page
	}
	return err
}

func property(name string) settings.Row[ownValues] {
	return settings.Refused[ownValues](name, "of a tcpserver.Server it is a property: set the field "+name+" before listening")
}

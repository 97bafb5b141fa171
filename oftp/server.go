package oftp

import (
	"context"
	"iter"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// A Server receives sessions from partners. Make it with [NewServer], set its
// properties and hooks, and call [Server.StartListening].
//
// Properties are read when listening starts; what may change later goes through
// [Server.Config], a method, or a [Connection]. All methods may be called from
// any goroutine, and, but for [Server.ShutdownContext], from handlers.
type Server struct {
	Events

	// LocalHost is the address to listen on; "" means all.
	LocalHost string

	// LocalPort is the port to listen on; 0 lets the system choose. Once
	// StartListening has returned it is the real one. Default 3305; 6619 is
	// usual with UseSSL.
	LocalPort int

	// ConnectionBacklog is how many connections the system keeps waiting to be
	// accepted; 0, the default, is the most it can.
	ConnectionBacklog int

	// DefaultTimeout is the Timeout of new connections; 0 is none. Default 60 s.
	DefaultTimeout time.Duration

	// ServerSSIDCode is the server's session identity, at most 25 characters;
	// needed (672).
	ServerSSIDCode string

	// ServerSFIDCode is the server's file identity, at most 25 characters;
	// needed (673).
	ServerSFIDCode string

	// ServerPassword is what the server proves itself with, at most 8 characters.
	ServerPassword string

	// UseSSL makes every connection begin with a TLS handshake; it needs SSLCert.
	UseSSL bool

	// SSLCert is the certificate for TLS, with its key.
	SSLCert *certstore.Certificate

	// SSLAuthenticateClients asks clients for a certificate; see
	// OnSSLClientAuthentication.
	SSLAuthenticateClients bool

	// TrustedCerts are CAs that may have issued clients' certificates, besides
	// the system's. If there are any, certificates that are loaded are checked
	// against them; see the setting FailOnUntrustedCert. ImportTrustedCerts fills
	// them.
	TrustedCerts []*certstore.Certificate

	// Certificate is the certificate of the CMS services, with its key. They are
	// not there yet: for now it is checked, and nothing else.
	Certificate *certstore.Certificate

	// Logger gets lifecycle messages when it is not nil; never a password.
	Logger *slog.Logger

	house    *house
	defaults *settings.Store[connValues]

	mu sync.Mutex // a handler may call Reset while StartListening is not done with the properties
}

// NewServer returns a server with the defaults of the component.
func NewServer() *Server {
	s := &Server{house: newHouse(), defaults: settings.NewStore(connTable)}
	s.setDefaults()
	return s
}

func (s *Server) setDefaults() {
	s.LocalHost, s.LocalPort, s.ConnectionBacklog = "", 3305, 0
	s.DefaultTimeout = time.Minute
	s.ServerSSIDCode, s.ServerSFIDCode, s.ServerPassword = "", "", ""
	s.UseSSL, s.SSLAuthenticateClients = false, false
	s.SSLCert, s.TrustedCerts, s.Certificate = nil, nil, nil
	s.house.anchors.set(nil)
	s.Logger = nil
}

// Config reads or changes a setting: "NAME", "NAME=VALUE",
// "NAME[ConnectionID]" or "NAME[ConnectionID]=VALUE". It returns the value as
// it is then. The settings are listed in docs/settings.md.
func (s *Server) Config(text string) (string, error) {
	return config(text, s.house.values, s.defaults, s.house.core, s.Connection)
}

// StartListening opens the port and returns; sessions are served in the
// background. Codes: 104 it listens already; 672, 673 identification codes are
// missing; 10048 the port is taken; 282 UseSSL without a certificate; 275
// FailOnUntrustedCert is True, and SSLCert or Certificate is not trusted.
func (s *Server) StartListening() error {
	if err := s.vet(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.options(s.UseSSL)
	if err != nil {
		return err
	}
	if err := s.house.core.StartListening(o); err != nil {
		return err
	}
	if tcp, ok := s.house.core.Addr().(*net.TCPAddr); ok {
		s.LocalPort = tcp.Port
	}
	return nil
}

// Serve serves sessions that l accepts, with TLS if UseSSL is set, and returns
// when l is closed: nil then. Shutdown closes it. A server may serve several
// listeners, also besides StartListening.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, s.UseSSL) }

// ServeTLS is Serve with TLS whatever UseSSL says.
func (s *Server) ServeTLS(l net.Listener) error { return s.serve(l, true) }

func (s *Server) serve(l net.Listener, useTLS bool) error {
	o, err := s.prepare(useTLS)
	if err != nil {
		return err
	}
	return s.house.core.Serve(l, o)
}

// ServeConn serves one connection that somebody else has made, and returns when
// its session has ended: nil after a normal end.
func (s *Server) ServeConn(conn net.Conn) error {
	o, err := s.prepare(s.UseSSL)
	if err != nil {
		return err
	}
	return s.house.core.ServeConn(conn, o)
}

func (s *Server) prepare(useTLS bool) (tcpserver.Options, error) {
	if err := s.vet(); err != nil {
		return tcpserver.Options{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options(useTLS)
}

// StopListening closes all listeners; sessions go on.
func (s *Server) StopListening() { s.house.core.StopListening() }

// Shutdown closes all listeners and breaks all sessions. It waits for no
// handler.
func (s *Server) Shutdown() { s.house.core.Shutdown() }

// ShutdownContext closes all listeners, lets transfers that are under way
// finish, ends idle sessions (ESID 05), and breaks what is left when ctx ends.
// It returns when the last handler has. A handler must not call it.
func (s *Server) ShutdownContext(ctx context.Context) error {
	return s.house.core.ShutdownContext(ctx)
}

// Reset is Shutdown, and puts all properties and settings back to their
// defaults; hooks stay. Receipts that are owed stay, too.
func (s *Server) Reset() {
	s.house.core.Reset()
	s.house.values.Reset()
	s.defaults.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setDefaults()
}

// Listening reports whether StartListening is in effect.
func (s *Server) Listening() bool { return s.house.core.Listening() }

// Addr is the address that StartListening listens on, nil when it does not.
func (s *Server) Addr() net.Addr { return s.house.core.Addr() }

// DoEvents delivers events that are queued, with ProcessIdleEvents=False; with
// none it waits a little.
func (s *Server) DoEvents() { s.house.core.DoEvents() }

// Connection returns the connection of that ConnectionID.
func (s *Server) Connection(id string) (*Connection, bool) {
	c, ok := s.house.core.Connection(id)
	if !ok {
		return nil, false
	}
	return c.Attached().(*Connection), true
}

// Connections goes through the connections there are at this moment.
func (s *Server) Connections() iter.Seq[*Connection] {
	return func(yield func(*Connection) bool) {
		for c := range s.house.core.Connections() {
			if !yield(c.Attached().(*Connection)) {
				return
			}
		}
	}
}

// options are the properties as they are now.
func (s *Server) options(useTLS bool) (tcpserver.Options, error) {
	if err := s.check(); err != nil {
		return tcpserver.Options{}, err
	}
	events, ssid, sfid, password := s.Events, s.ServerSSIDCode, s.ServerSFIDCode, s.ServerPassword
	return tcpserver.Options{
		LocalHost:              s.LocalHost,
		LocalPort:              s.LocalPort,
		ConnectionBacklog:      s.ConnectionBacklog,
		DefaultTimeout:         s.DefaultTimeout,
		UseSSL:                 useTLS,
		SSLCert:                s.SSLCert,
		SSLAuthenticateClients: s.SSLAuthenticateClients,
		TrustedCerts:           s.TrustedCerts,
		Logger:                 s.Logger,
		Stream:                 responderProtocol{},
		Hooks: events.hooks(func(conn *tcpserver.Conn) any {
			own := settings.From(s.defaults)
			own.Update(func(v *connValues) { v.ownSSID, v.ownSFID, v.ownPassword = ssid, sfid, password })
			return s.house.attach(conn, &events, own, Version20, false)
		}),
	}, nil
}

func (s *Server) check() error {
	switch {
	case s.ServerSSIDCode == "":
		return trap.New(CodeNoServerSSID, "ServerSSIDCode must be set before listening")
	case s.ServerSFIDCode == "":
		return trap.New(CodeNoServerSFID, "ServerSFIDCode must be set before listening")
	}
	for property, err := range map[string]error{
		"ServerSSIDCode": checkCode(s.ServerSSIDCode),
		"ServerSFIDCode": checkCode(s.ServerSFIDCode),
		"ServerPassword": checkPassword(s.ServerPassword),
	} {
		if err != nil {
			return invalid(property, err)
		}
	}
	return nil
}

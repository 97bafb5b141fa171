package tcpserver

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/codepage"
	"github.com/ediport/ediport/internal/split"
)

// Events are the hooks of a [Server]. A nil hook means the default behaviour. Set
// them before listening.
//
// Events of one connection come in order and never at the same time; different
// connections run in parallel, and a handler that blocks delays its own
// connection only. By default a handler runs on a goroutine that lasts as long as
// its connection has something to do; with Config("ProcessIdleEvents=False") all
// run inside DoEvents. A handler that panics costs its own connection and fires
// Error.
//
// What a handler may change are fields of the event; they arrive with their
// defaults. An event and its Connection may be kept; octets may not.
type Events struct {
	// OnConnectionRequest decides about a client before anything is spoken.
	// Accept arrives as the settings AllowedClients and BlockedClients decide.
	OnConnectionRequest func(*ConnectionRequestEvent)

	// OnConnected tells that a connection is made or that its TLS handshake
	// failed, and the same again after StartSSL.
	OnConnected func(*ConnectedEvent)

	// OnDataIn brings data: a record, a line, or what has come, as
	// RecordLength, SingleLineMode and EOL say, in this order.
	OnDataIn func(*DataInEvent)

	// OnReadyToSend tells that the connection takes data: once at its beginning,
	// and when there is room again after a send that found none.
	OnReadyToSend func(*ReadyToSendEvent)

	// OnDisconnected is the last event of a connection.
	OnDisconnected func(*DisconnectedEvent)

	// OnError tells of trouble that no caller hears of.
	OnError func(*ErrorEvent)

	// OnSSLClientAuthentication decides about a client's TLS certificate.
	OnSSLClientAuthentication func(*SSLClientAuthenticationEvent)

	// OnSSLConnectionRequest may choose another TLS certificate for a client.
	OnSSLConnectionRequest func(*SSLConnectionRequestEvent)

	// OnSSLStatus tells of the progress of TLS handshakes, and with the setting
	// LogSSLPackets of every record.
	OnSSLStatus func(*SSLStatusEvent)
}

// ConnectionRequestEvent is a client at the door; it has no connection yet.
type ConnectionRequestEvent struct {
	Address string // the client's IP address
	Port    int
	Accept  bool // false closes the connection at once
}

// ConnectedEvent tells that a connection is made or has failed.
type ConnectedEvent struct {
	ConnectionID string
	Connection   *Connection
	StatusCode   int    // 0, or a code of the TCP/IP or SSL tables
	Description  string // "OK", or what failed
}

// DataInEvent brings data.
type DataInEvent struct {
	ConnectionID string
	Connection   *Connection
	TextB        []byte // the octets, without a line end; valid until the handler returns

	// EOL is true for a whole line or record, and always without RecordLength,
	// SingleLineMode and EOL. It is false for a part of a line that is longer than
	// MaxLineLength, and for a line that the end of the connection cut off.
	EOL bool
}

// Text is TextB as text, by the setting CodePage. It may be kept.
func (e *DataInEvent) Text() string { return e.Connection.made.page().Decode(e.TextB) }

// ReadyToSendEvent tells that a connection takes data.
type ReadyToSendEvent struct {
	ConnectionID string
	Connection   *Connection
}

// DisconnectedEvent tells that a connection has ended. Its StatusCode is 0 when
// the client or this side closed it; 10054 when the client broke it off, 10060 when it was idle for too
// long, 10053 when a handler panicked, 270 to 284 when TLS failed.
type DisconnectedEvent struct {
	ConnectionID string
	Connection   *Connection
	StatusCode   int
	Description  string // "OK", or what happened
}

// ErrorEvent tells of trouble that no caller hears of.
type ErrorEvent struct {
	ConnectionID string      // "" when it is none's
	Connection   *Connection // nil then
	ErrorCode    int
	Description  string
}

// SSLClientAuthenticationEvent is a client's TLS certificate.
type SSLClientAuthenticationEvent struct {
	ConnectionID string
	Connection   *Connection
	CertEncoded  []byte // DER
	CertSubject  string
	CertIssuer   string
	Certificate  *x509.Certificate
	Status       string // "OK", or why the certificate does not verify
	Accept       bool   // true if Status is OK
}

// SSLConnectionRequestEvent is a client that begins a TLS handshake. With
// CertStore set, the certificate found there is used instead of SSLCert.
type SSLConnectionRequestEvent struct {
	ConnectionID           string
	Connection             *Connection
	SupportedCipherSuites  string // separated by commas
	SupportedSignatureAlgs string // separated by commas
	CertStoreType          certstore.StoreType
	CertStore              string
	CertPassword           string
	CertSubject            string
}

// String shows all of the event but CertPassword.
func (e *SSLConnectionRequestEvent) String() string {
	return fmt.Sprintf("ConnectionID=%s SupportedCipherSuites=%s SupportedSignatureAlgs=%s CertStoreType=%v CertSubject=%q",
		e.ConnectionID, e.SupportedCipherSuites, e.SupportedSignatureAlgs, e.CertStoreType, e.CertSubject)
}

// LogValue is String: handlers that write JSON would show the fields.
func (e *SSLConnectionRequestEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

// SSLStatusEvent tells of the progress of a TLS handshake.
type SSLStatusEvent struct {
	ConnectionID string
	Connection   *Connection
	Message      string
}

// A making is what the connections of one listener begin with.
type making struct {
	server   *Server
	events   Events
	mode     split.Mode
	explicit bool // SSLStartMode
}

func (m *making) page() codepage.Page { return m.server.own.Load().page }

// hooks are the core's hooks that fire the server's.
func (m *making) hooks() Hooks {
	h := Hooks{Attach: func(c *Conn) any { return newConnection(c, m) }}
	if f := m.events.OnConnectionRequest; f != nil {
		h.ConnectionRequest = func(r *ConnectionRequest) { f((*ConnectionRequestEvent)(r)) }
	}
	if f := m.events.OnConnected; f != nil {
		h.Connected = func(c *Conn, err *Error) {
			code, text := status(err)
			f(&ConnectedEvent{c.id, attached(c), code, text})
		}
	}
	if f := m.events.OnDisconnected; f != nil {
		h.Disconnected = func(c *Conn, err *Error) {
			code, text := status(err)
			f(&DisconnectedEvent{c.id, attached(c), code, text})
		}
	}
	if f := m.events.OnError; f != nil {
		h.Error = func(c *Conn, err *Error) {
			event := &ErrorEvent{ErrorCode: err.Code, Description: err.Message}
			if c != nil {
				event.ConnectionID, event.Connection = c.id, attached(c)
			}
			f(event)
		}
	}
	m.sslHooks(&h)
	return h
}

func (m *making) sslHooks(h *Hooks) {
	if f := m.events.OnSSLClientAuthentication; f != nil {
		h.SSLClientAuthentication = func(c *Conn, a *ClientAuthentication) {
			leaf := a.Certificate
			ask := &SSLClientAuthenticationEvent{
				c.id, attached(c), leaf.Raw, leaf.Subject.String(), leaf.Issuer.String(), leaf, a.Status, a.Accept,
			}
			f(ask)
			a.Accept = ask.Accept
		}
	}
	if f := m.events.OnSSLConnectionRequest; f != nil {
		h.SSLConnectionRequest = func(c *Conn, r *CertificateRequest) {
			ask := &SSLConnectionRequestEvent{
				ConnectionID: c.id, Connection: attached(c),
				SupportedCipherSuites:  strings.Join(r.CipherSuites, ","),
				SupportedSignatureAlgs: strings.Join(r.SignatureAlgorithms, ","),
			}
			f(ask)
			r.CertStoreType, r.CertStore, r.CertPassword, r.CertSubject = ask.CertStoreType, ask.CertStore, ask.CertPassword, ask.CertSubject
		}
	}
	if f := m.events.OnSSLStatus; f != nil {
		h.SSLStatus = func(c *Conn, message string) { f(&SSLStatusEvent{c.id, attached(c), message}) }
	}
}

// status is what Connected and Disconnected say of an error.
func status(err *Error) (code int, text string) {
	if err == nil {
		return 0, "OK"
	}
	return err.Code, err.Message
}

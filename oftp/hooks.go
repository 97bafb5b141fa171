package oftp

import (
	"strings"

	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// hooks are the core's events as this package's.
func (e *Events) hooks(attach func(*tcpserver.Conn) any) tcpserver.Hooks {
	h := tcpserver.Hooks{Attach: attach}
	if f := e.OnConnectionRequest; f != nil {
		h.ConnectionRequest = func(r *tcpserver.ConnectionRequest) {
			ask := &ConnectionRequestEvent{Address: r.Address, Port: r.Port, Accept: r.Accept}
			f(ask)
			r.Accept = ask.Accept
		}
	}
	if f := e.OnConnected; f != nil {
		h.Connected = func(c *tcpserver.Conn, err *trap.Error) {
			code, text := status(err)
			f(&ConnectedEvent{c.ID(), connection(c), code, text})
		}
	}
	if f := e.OnDisconnected; f != nil {
		h.Disconnected = func(c *tcpserver.Conn, err *trap.Error) {
			code, text := status(err)
			f(&DisconnectedEvent{c.ID(), connection(c), code, text})
		}
	}
	if f := e.OnError; f != nil {
		h.Error = func(c *tcpserver.Conn, err *trap.Error) {
			event := &ErrorEvent{ErrorCode: err.Code, Description: err.Message}
			if c != nil {
				event.ConnectionID, event.Connection = c.ID(), connection(c)
			}
			f(event)
		}
	}
	e.sslHooks(&h)
	return h
}

func (e *Events) sslHooks(h *tcpserver.Hooks) {
	if f := e.OnSSLClientAuthentication; f != nil {
		h.SSLClientAuthentication = func(c *tcpserver.Conn, a *tcpserver.ClientAuthentication) {
			ask := &SSLClientAuthenticationEvent{
				ConnectionID: c.ID(),
				Connection:   connection(c),
				CertEncoded:  a.Certificate.Raw,
				CertSubject:  a.Certificate.Subject.String(),
				CertIssuer:   a.Certificate.Issuer.String(),
				Certificate:  a.Certificate,
				Status:       a.Status,
				Accept:       a.Accept,
			}
			f(ask)
			a.Accept = ask.Accept
		}
	}
	if f := e.OnSSLConnectionRequest; f != nil {
		h.SSLConnectionRequest = func(c *tcpserver.Conn, r *tcpserver.CertificateRequest) {
			ask := &SSLConnectionRequestEvent{
				ConnectionID:           c.ID(),
				Connection:             connection(c),
				SupportedCipherSuites:  strings.Join(r.CipherSuites, ","),
				SupportedSignatureAlgs: strings.Join(r.SignatureAlgorithms, ","),
			}
			f(ask)
			r.CertStoreType, r.CertStore = ask.CertStoreType, ask.CertStore
			r.CertPassword, r.CertSubject = ask.CertPassword, ask.CertSubject
		}
	}
	if f := e.OnSSLStatus; f != nil {
		h.SSLStatus = func(c *tcpserver.Conn, message string) {
			f(&SSLStatusEvent{c.ID(), connection(c), message})
		}
	}
}

func connection(c *tcpserver.Conn) *Connection { return c.Attached().(*Connection) }

// status is what Connected and Disconnected say of an error.
func status(err *trap.Error) (code int, text string) {
	if err == nil {
		return 0, "OK"
	}
	return err.Code, err.Message
}

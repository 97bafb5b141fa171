package oftp

import (
	"fmt"
	"log/slog"
)

// Passwords are fields of values that programs like to print or log whole. The
// methods below are what fmt and log/slog use then. Only %#v shows every field.

// String names the server; it does not show ServerPassword.
func (s *Server) String() string { return "OFTP server " + s.ServerSSIDCode }

// String names the client and its server; it does not show the passwords.
func (c *Client) String() string {
	return fmt.Sprintf("OFTP client %s of %s:%d", c.ClientSSIDCode, c.RemoteHost, c.RemotePort)
}

// String shows all of the event but ClientPassword.
func (e *AcceptConnectionEvent) String() string {
	return fmt.Sprintf("ConnectionID=%s ClientSSIDCode=%q ClientVersion=%v ServerVersion=%v Accept=%v ErrorCode=%d ErrorDescription=%q",
		e.ConnectionID, e.ClientSSIDCode, e.ClientVersion, e.ServerVersion, e.Accept, e.ErrorCode, e.ErrorDescription)
}

// LogValue is String: handlers that write JSON would show the fields.
func (e *AcceptConnectionEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String shows all of the event but CertPassword.
func (e *SSLConnectionRequestEvent) String() string {
	return fmt.Sprintf("ConnectionID=%s SupportedCipherSuites=%s SupportedSignatureAlgs=%s CertStoreType=%v CertSubject=%q",
		e.ConnectionID, e.SupportedCipherSuites, e.SupportedSignatureAlgs, e.CertStoreType, e.CertSubject)
}

// LogValue is String.
func (e *SSLConnectionRequestEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

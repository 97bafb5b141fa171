// Package tcpserver is the core that all servers of ediport stand on.
//
// A [Core] listens, decides who may connect, does the TLS handshake, keeps the
// register of connections, watches timeouts, reads settings, and delivers
// events in order. What is spoken on a connection is a protocol's matter, which
// plugs in as one of two kinds:
//
//   - a [StreamProtocol] owns a goroutine per connection, and reads and writes it;
//   - a [PushProtocol] owns no goroutine: it is called with the octets that came.
//
// A protocol tells the core by [Conn.LoggedIn] when a client has proven who it
// is, one without logins at once; until then the setting LoginTimeout limits the
// connection.
//
// The core is public so that others can build their protocols on it. See the
// examples of [Core].
package tcpserver

import "github.com/ediport/ediport/internal/trap"

// Error is the error type of this package: Code is a number of the component's
// error tables, Message says what happened, and the cause is reached by
// errors.Is and errors.As.
type Error = trap.Error

// Sentinels for errors.Is. Two errors with the same Code are equal to it.
var (
	ErrAlreadyListening  = trap.ErrAlreadyListening  // 104
	ErrInvalidConnection = trap.ErrInvalidConnection // 126: no connection has that ConnectionID
	ErrInterrupted       = trap.ErrInterrupted       // 10004
	ErrNotSupported      = trap.ErrNotSupported      // 10045
	ErrAborted           = trap.ErrAborted           // 10053: closed on this side
	ErrReset             = trap.ErrReset             // 10054: closed by the peer without a farewell
	ErrTimedOut          = trap.ErrTimedOut          // 10060
)

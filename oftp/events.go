package oftp

import (
	"crypto/x509"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/oftpwire"
)

// Direction says who sends.
type Direction int

// The directions of files and commands.
const (
	FromClient Direction = 0
	FromServer Direction = 1
)

// Events are the hooks of a [Server] or a [Client]. A nil hook means the
// default behaviour. Set them before listening or logging on.
//
// Events of one connection come in order and never at the same time; they may
// nest: a method called from a handler delivers the events that it causes
// before it returns. Different connections run in parallel. By default a
// handler runs on the goroutine of its session; with
// Config("ProcessIdleEvents=False") it runs inside DoEvents. A handler that
// panics costs its own connection and fires Error.
//
// What a handler may change are fields of the event; they arrive with their
// defaults. An event and its Connection may be kept; octets may not.
type Events struct {
	// OnConnectionRequest decides about a client before anything is spoken.
	// Accept arrives as the settings AllowedClients and BlockedClients decide.
	OnConnectionRequest func(*ConnectionRequestEvent)

	// OnConnected tells that a connection is made, or that its TLS handshake
	// failed.
	OnConnected func(*ConnectedEvent)

	// OnAcceptConnection decides who may log in. A server without it refuses
	// everybody; with it, Accept arrives true.
	OnAcceptConnection func(*AcceptConnectionEvent)

	// OnAcceptFile decides about a file that the peer offers. Accept arrives
	// true when the file is for this side.
	OnAcceptFile func(*AcceptFileEvent)

	// OnStartTransfer tells that a transfer begins.
	OnStartTransfer func(*StartTransferEvent)

	// OnTransfer tells that data has moved.
	OnTransfer func(*TransferEvent)

	// OnEndTransfer tells that a transfer has ended, well or not.
	OnEndTransfer func(*EndTransferEvent)

	// OnEndResponse tells of a receipt (EERP) or its opposite (NERP).
	OnEndResponse func(*EndResponseEvent)

	// OnReadyToSend tells that the client has handed over the turn, and
	// SendFile may be called. Without it, receipts that are owed are sent, and
	// the turn goes back.
	OnReadyToSend func(*ReadyToSendEvent)

	// OnCertificateReceived tells that the peer has sent a certificate. It
	// needs CMS and does not fire yet.
	OnCertificateReceived func(*CertificateReceivedEvent)

	// OnDisconnected is the last event of a connection.
	OnDisconnected func(*DisconnectedEvent)

	// OnError tells of trouble that no caller hears of.
	OnError func(*ErrorEvent)

	// OnLog gets log messages; the setting LogLevel says how many.
	OnLog func(*LogEvent)

	// OnPITrail gets every protocol command.
	OnPITrail func(*PITrailEvent)

	// OnSSLClientAuthentication decides about a client's TLS certificate.
	OnSSLClientAuthentication func(*SSLClientAuthenticationEvent)

	// OnSSLConnectionRequest may choose another TLS certificate for a client.
	OnSSLConnectionRequest func(*SSLConnectionRequestEvent)

	// OnSSLStatus tells of the progress of TLS handshakes.
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

// DisconnectedEvent tells that a connection has ended.
type DisconnectedEvent struct {
	ConnectionID string
	Connection   *Connection
	StatusCode   int    // 0 after a normal end
	Description  string // "OK", or what happened
}

// AcceptConnectionEvent is a client that wants to log in.
type AcceptConnectionEvent struct {
	ConnectionID   string
	Connection     *Connection
	ClientSSIDCode string
	ClientPassword string
	ClientVersion  Version

	// ServerVersion is what the server answers with: at most ClientVersion.
	ServerVersion Version

	// Accept lets the client in. If it is false, ErrorCode is the reason that
	// the client is told: 3 user code not known (default), 4 invalid password,
	// 10 mode or capabilities incompatible, 9 or 99 unspecified.
	Accept           bool
	ErrorCode        int
	ErrorDescription string // sent to OFTP 2.0 clients; default: the text of the code
}

// AcceptFileEvent is a file that the peer offers.
type AcceptFileEvent struct {
	ConnectionID    string
	Connection      *Connection
	VirtualFileName string
	VirtualFileDate string // by the setting VirtualFileDateFormat
	Destination     string // whom it is for: usually ServerSFIDCode
	Originator      string // who made it
	FileSize        int64  // the sender's estimate in octets; see the setting MaxFileSize

	// Accept takes the file. It arrives false when the destination is none of
	// ours (a handler that accepts it makes this side an intermediary: the
	// file is stored as it is, and no receipt is sent by itself), when it is
	// larger than the setting MaxFileSize, and when it needs what is not there
	// yet. An accepted file that has neither FileName
	// nor DownloadStream is refused all the same (12).
	Accept bool

	// FileName is where the file is to go: DownloadDirectory and the name by
	// the setting ReceivedFileNameFormat. A handler may change it, but not into
	// something that the peer chose unchecked.
	FileName string

	// Overwrite allows an existing file to be replaced.
	Overwrite bool

	// ErrorCode is the reason that the peer is told if Accept is false: one of
	// SFNA's, RFC 5024 section 5.3.5; 99 if unset.
	ErrorCode        int
	ErrorDescription string // default: the text of the code
}

// StartTransferEvent tells that a transfer begins.
type StartTransferEvent struct {
	ConnectionID    string
	Connection      *Connection
	Direction       Direction
	LocalFile       string // full path, "" for a stream
	VirtualFileName string
	VirtualFileDate string // always MM/dd/yyyy HH:mm:ss
	Destination     string
	Originator      string
}

// TransferEvent tells that data of a file has moved.
type TransferEvent struct {
	ConnectionID     string
	Connection       *Connection
	Direction        Direction
	LocalFile        string
	VirtualFileName  string
	VirtualFileDate  string
	Destination      string
	Originator       string
	BytesTransferred int64  // octets of the file so far, with what a restart skipped
	Text             []byte // the octets received now; nil when sending. Valid during the call
}

// EndTransferEvent tells that a transfer has ended.
type EndTransferEvent struct {
	ConnectionID    string
	Connection      *Connection
	Direction       Direction
	LocalFile       string
	VirtualFileName string
	VirtualFileDate string
	Destination     string
	Originator      string
	ReasonCode      int    // 0, or a reason of NERP (RFC 5024, section 5.3.14)
	ReasonText      string // "" for 0
	FileSize        int64  // octets of the file
	FileHash        string // needs CMS; "" for now

	// SendEndResponse sends the receipt of a received file by itself. False
	// leaves it to a later call of the method of that name.
	SendEndResponse bool
}

// ResponseDirection says whether an end response came or went.
type ResponseDirection int

// The directions of end responses.
const (
	ResponseReceived ResponseDirection = 0
	ResponseSent     ResponseDirection = 1 // only with the setting FireEndResponseOnSend
)

// EndResponseEvent is an end response: ReasonCode 0 is a receipt (EERP), any
// other a negative one (NERP).
type EndResponseEvent struct {
	ConnectionID    string
	Connection      *Connection
	VirtualFileName string
	VirtualFileDate string
	Destination     string // the originator of the file
	Originator      string // the destination of the file
	Creator         string // NERP only
	ReasonCode      int    // RFC 5024, section 5.3.14
	ReasonText      string
	FileHash        string // needs CMS; "" for now
	Signature       string // needs CMS; "" for now
	Direction       ResponseDirection
}

// ReadyToSendEvent tells that files may be sent now.
type ReadyToSendEvent struct {
	ConnectionID string
	Connection   *Connection
}

// CertificateReceivedEvent tells that the peer has sent a certificate.
type CertificateReceivedEvent struct {
	ConnectionID            string
	Connection              *Connection
	CertificateFileName     string
	CertificateExchangeType CertificateExchangeType
}

// CertificateExchangeType is what an exchanged certificate is for.
type CertificateExchangeType int

// The types of certificate exchange.
const (
	CertificateRequest CertificateExchangeType = iota // the peer answers with its own
	CertificateReplace                                // earlier ones become invalid
	CertificateDeliver                                // an answer, or a further certificate
)

// ErrorEvent is trouble that no caller hears of. Connection may be nil.
type ErrorEvent struct {
	ConnectionID string
	Connection   *Connection
	ErrorCode    int
	Description  string
}

// LogLevel says how much is logged.
type LogLevel int

// The levels; each includes those before it.
const (
	LogNone    LogLevel = iota
	LogInfo             // commands
	LogVerbose          // commands with their fields
	LogDebug            // all octets
)

// LogEvent is a log message. It never holds a password unless the setting
// MaskSensitiveData is off.
type LogEvent struct {
	ConnectionID string
	Connection   *Connection
	LogLevel     LogLevel
	Message      string
	LogType      string // "Info" or "OFTP"
}

// CommandID is the letter of a protocol command, such as 'X' for SSID.
type CommandID byte

// String returns the command's name, such as "SSID".
func (id CommandID) String() string { return oftpwire.ID(id).String() }

// PITrailEvent is a protocol command that was sent or received.
type PITrailEvent struct {
	ConnectionID string
	Connection   *Connection
	Direction    Direction

	// Data is the exchange buffer as it was on the wire, with passwords
	// replaced by asterisks unless the setting MaskSensitiveData is off; with
	// the setting FriendlyLogFormat a line of text instead. Valid during the
	// call.
	Data []byte

	CommandID          CommandID
	CommandDescription string // such as "SSID (Start Session)"
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

// SSLStatusEvent tells of the progress of a TLS handshake.
type SSLStatusEvent struct {
	ConnectionID string
	Connection   *Connection
	Message      string
}

package trap

// Codes that all components share.
const (
	CodeAlreadyListening  = 104 // the server is listening already
	CodeLocalPortFixed    = 106 // LocalPort cannot change while listening
	CodeLocalHostFixed    = 107 // LocalHost cannot change while listening
	CodeMaxConnFixed      = 108 // MaxConnections cannot change while listening
	CodeLineLengthFixed   = 112 // MaxLineLength cannot change while a connection is in progress
	CodeInvalidConnection = 126 // there is no connection with that ConnectionID
	CodeWouldBlock        = 135 // the operation would block

	CodeSecurityLibrary    = 270 // the security settings cannot be loaded
	CodeCertStore          = 271 // the certificate store cannot be opened
	CodeCertNotFound       = 272 // the store has no certificate of that description
	CodeCredentials        = 273 // the credentials cannot be acquired
	CodeChainNotFound      = 274 // the certificate chain cannot be found
	CodeChainInvalid       = 275 // the certificate chain does not verify
	CodeHandshake          = 276 // the TLS handshake failed
	CodeCertInvalid        = 280 // the certificate does not verify
	CodeClientCertNotFound = 281 // the client has shown no certificate
	CodeServerCertNotFound = 282 // the server has no certificate
	CodeEncryption         = 283 // encrypting failed
	CodeDecryption         = 284 // decrypting failed
)

// Codes of the TCP/IP table that ediport itself raises; [FromNet] maps the
// operating system's errors to the others.
const (
	CodeInterrupted     = 10004
	CodeAccessDenied    = 10013
	CodeInvalidArgument = 10022
	CodeTooManyFiles    = 10024
	CodeBlocked         = 10035
	CodeInProgress      = 10036
	CodeAlready         = 10037
	CodeNotSupported    = 10045
	CodeAddressInUse    = 10048
	CodeNoAddress       = 10049
	CodeAborted         = 10053
	CodeReset           = 10054
	CodeIsConnected     = 10056
	CodeNotConnected    = 10057
	CodeShutDown        = 10058
	CodeTimedOut        = 10060
	CodeRefused         = 10061
	CodeHostNotFound    = 11001
	CodeTryAgain        = 11002
	CodeNoRecovery      = 11003
)

// Sentinels for errors.Is; errors that ediport returns say more in their message.
var (
	ErrAlreadyListening  = &Error{Code: CodeAlreadyListening, Message: "already listening"}
	ErrInvalidConnection = &Error{Code: CodeInvalidConnection, Message: "invalid ConnectionID"}
	ErrInterrupted       = &Error{Code: CodeInterrupted, Message: "interrupted"}
	ErrInvalidArgument   = &Error{Code: CodeInvalidArgument, Message: "invalid argument"}
	ErrBusy              = &Error{Code: CodeInProgress, Message: "another operation is in progress on this connection"}
	ErrNotSupported      = &Error{Code: CodeNotSupported, Message: "not supported"}
	ErrAborted           = &Error{Code: CodeAborted, Message: "connection closed on this side"}
	ErrReset             = &Error{Code: CodeReset, Message: "connection reset by peer"}
	ErrNotConnected      = &Error{Code: CodeNotConnected, Message: "not connected"}
	ErrTimedOut          = &Error{Code: CodeTimedOut, Message: "timed out"}
)

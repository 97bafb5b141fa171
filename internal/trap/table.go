package trap

import (
	"cmp"
	"slices"
)

// The groups of the table.
const (
	GroupServer = "TCPServer" // the component's own rules
	GroupSSL    = "SSL"       // TLS and certificates
	GroupTCPIP  = "TCPIP"     // the network and the system, by the numbers of Winsock
)

// Never begins [Row.Occurs] of a code that ediport does not return.
const Never = "never: "

// A Row says of one code what it means.
type Row struct {
	Code  int
	Text  string // what it means, without a full stop
	Group string // GroupServer, GroupSSL or GroupTCPIP

	// Occurs tells which errors of Go or the system have the code, or what
	// ediport raises it for. Where it begins with Never, the rest is the reason.
	Occurs string
}

// Codes returns the tables that all components share, by rising code.
func Codes() []Row { return slices.Clone(rows) }

// Describe returns what a code of the shared tables means, "" when it is in
// none of them.
func Describe(code int) string {
	i, ok := slices.BinarySearchFunc(rows, code, func(r Row, code int) int { return cmp.Compare(r.Code, code) })
	if !ok {
		return ""
	}
	return rows[i].Text
}

// firstTCPIP is the least code of GroupTCPIP.
const firstTCPIP = CodeInterrupted

const (
	forClients = Never + "only the component's clients have a remote address to set"
	forWinsock = "WSA number of Windows"
)

var rows = []Row{
	{100, "the remote port is fixed while a connection exists", GroupServer, forClients},
	{101, "the remote host is fixed while a connection exists", GroupServer, forClients},
	{102, "0.0.0.0 is no host to connect to", GroupServer, forClients},
	{CodeAlreadyListening, "the server listens already", GroupServer, "StartListening of a server that listens"},
	{CodeLocalPortFixed, "the port is fixed while the server listens", GroupServer, Never + "LocalPort is read once, when listening starts"},
	{CodeLocalHostFixed, "the local address is fixed while the server listens", GroupServer, "setting the address family while listening"},
	{CodeMaxConnFixed, "the number of connections is fixed while the server listens", GroupServer, "setting MaxConnections while listening"},
	{CodeLineLengthFixed, "the line length is fixed while a connection exists", GroupServer, Never + "no line length is fixed here"},
	{116, "there is no port 0 to connect to", GroupServer, forClients},
	{CodeInvalidConnection, "no connection has that ConnectionID", GroupServer, "a method is called with the ConnectionID of no connection"},
	{CodeWouldBlock, "the operation would have to wait", GroupServer, Never + "operations wait; the system's own error is 10035"},

	{CodeSecurityLibrary, "the TLS settings cannot be put to use", GroupSSL, "a key log file cannot be opened or written"},
	{CodeCertStore, "the certificate store cannot be opened", GroupSSL, "opening a store; x509.SystemRootsError"},
	{CodeCertNotFound, "the store has no such certificate", GroupSSL, "selecting a certificate from a store"},
	{CodeCredentials, "the certificate and its key cannot be used", GroupSSL, "a certificate without its private key, or with another's"},
	{CodeChainNotFound, "the certificate's issuers cannot be found", GroupSSL, Never + "an issuer that is missing is unknown: 275"},
	{CodeChainInvalid, "the certificate's issuers are not trusted", GroupSSL, "x509.UnknownAuthorityError"},
	{CodeHandshake, "client and server did not agree on TLS", GroupSSL, "tls.RecordHeaderError, tls.AlertError, tls.ECHRejectionError, alerts of either side, and what else crypto/tls finds wrong"},
	{CodeCertInvalid, "the certificate does not hold", GroupSSL, "a certificate is refused; tls.CertificateVerificationError and the other errors of crypto/x509"},
	{CodeClientCertNotFound, "the client has shown no certificate", GroupSSL, "a client that must show one shows none"},
	{CodeServerCertNotFound, "the server has no certificate", GroupSSL, "a TLS server without a certificate, or a client whose server shows none"},
	{CodeEncryption, "the peer could not decrypt what it got", GroupSSL, "alert bad_record_mac of the peer"},
	{CodeDecryption, "what the peer sent cannot be decrypted", GroupSSL, "alert bad_record_mac of this side"},

	{CodeInterrupted, "the operation was interrupted", GroupTCPIP, "EINTR; context.Canceled; Interrupt"},
	{10009, "the descriptor is not open", GroupTCPIP, "EBADF"},
	{CodeAccessDenied, "permission denied", GroupTCPIP, "EACCES, EPERM; a port below 1024, or a firewall"},
	{10014, "the system was given a bad pointer", GroupTCPIP, "EFAULT"},
	{CodeInvalidArgument, "an argument is not valid", GroupTCPIP, "EINVAL; net.AddrError, net.ParseError, net.InvalidAddrError; a setting or argument out of its range"},
	{CodeTooManyFiles, "too many open files or connections", GroupTCPIP, "EMFILE, ENFILE"},
	{CodeBlocked, "the operation would block", GroupTCPIP, "EAGAIN, EWOULDBLOCK"},
	{CodeInProgress, "another operation is under way", GroupTCPIP, "EINPROGRESS; two methods at a time on one connection"},
	{10037, "the operation is under way already", GroupTCPIP, "EALREADY"},
	{10038, "the descriptor is no socket", GroupTCPIP, "ENOTSOCK"},
	{10039, "there is no address to send to", GroupTCPIP, "EDESTADDRREQ"},
	{10040, "the message is too long", GroupTCPIP, "EMSGSIZE"},
	{10041, "the protocol does not fit the socket", GroupTCPIP, "EPROTOTYPE"},
	{10042, "there is no such socket option", GroupTCPIP, "ENOPROTOOPT"},
	{10043, "the protocol is not supported", GroupTCPIP, "EPROTONOSUPPORT; net.UnknownNetworkError"},
	{10044, "the type of socket is not supported", GroupTCPIP, "ESOCKTNOSUPPORT"},
	{CodeNotSupported, "the operation is not supported", GroupTCPIP, "EOPNOTSUPP, ENOTSUP; errors.ErrUnsupported; what ediport cannot do"},
	{10046, "the protocol family is not supported", GroupTCPIP, "EPFNOSUPPORT"},
	{10047, "the address family is not supported", GroupTCPIP, "EAFNOSUPPORT"},
	{CodeAddressInUse, "the address is in use", GroupTCPIP, "EADDRINUSE; another server listens on the port"},
	{CodeNoAddress, "this machine does not have the address", GroupTCPIP, "EADDRNOTAVAIL; LocalHost is of another address family"},
	{10050, "the network is down", GroupTCPIP, "ENETDOWN, on Linux ENONET"},
	{10051, "no route to the network", GroupTCPIP, "ENETUNREACH"},
	{10052, "the network dropped the connection", GroupTCPIP, "ENETRESET"},
	{CodeAborted, "the connection was ended on this side", GroupTCPIP, "ECONNABORTED; net.ErrClosed, io.EOF, io.ErrClosedPipe, and errors that no row knows"},
	{CodeReset, "the peer ended the connection", GroupTCPIP, "ECONNRESET, EPIPE; io.ErrUnexpectedEOF"},
	{10055, "no buffer space or memory", GroupTCPIP, "ENOBUFS, ENOMEM"},
	{10056, "the socket is connected", GroupTCPIP, "EISCONN; net.ErrWriteToConnected"},
	{CodeNotConnected, "there is no connection", GroupTCPIP, "ENOTCONN; a method that needs a session, without one"},
	{CodeShutDown, "the socket has been shut down for sending", GroupTCPIP, "ESHUTDOWN"},
	{10059, "too many references", GroupTCPIP, "ETOOMANYREFS"},
	{CodeTimedOut, "the time is over", GroupTCPIP, "ETIMEDOUT; os.ErrDeadlineExceeded, context.DeadlineExceeded, and errors whose Timeout is true"},
	{CodeRefused, "the peer refused the connection", GroupTCPIP, "ECONNREFUSED; nobody listens there"},
	{10062, "symbolic links lead in a circle", GroupTCPIP, "ELOOP"},
	{10063, "the name is too long", GroupTCPIP, "ENAMETOOLONG"},
	{10064, "the host is down", GroupTCPIP, "EHOSTDOWN"},
	{10065, "no route to the host", GroupTCPIP, "EHOSTUNREACH"},
	{10066, "the directory is not empty", GroupTCPIP, "ENOTEMPTY"},
	{10067, "too many processes", GroupTCPIP, "on macOS EPROCLIM; " + forWinsock},
	{10068, "too many users", GroupTCPIP, "EUSERS"},
	{10069, "the disk quota is used up", GroupTCPIP, "EDQUOT"},
	{10070, "the file of the network drive is gone", GroupTCPIP, "ESTALE"},
	{10071, "the file is on another machine", GroupTCPIP, "EREMOTE"},
	{10091, "the network subsystem is not ready", GroupTCPIP, forWinsock},
	{10092, "this version of Winsock is not supported", GroupTCPIP, forWinsock},
	{10093, "Winsock has not been started", GroupTCPIP, Never + "Go starts Winsock; as a " + forWinsock + " it would keep its code"},
	{CodeHostNotFound, "there is no such host", GroupTCPIP, "net.DNSError that is not found"},
	{CodeTryAgain, "the name server did not answer: try again", GroupTCPIP, "net.DNSError that is temporary or timed out"},
	{CodeNoRecovery, "the name server refused the question", GroupTCPIP, "any other net.DNSError"},
	{11004, "the name has no address", GroupTCPIP, forWinsock + "; Go's resolver takes it for 11001"},
}

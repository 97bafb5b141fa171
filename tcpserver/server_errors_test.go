package tcpserver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// errorTable are the codes that the component documents.
var errorTable = []int{
	100, 101, 102, 104, 106, 107, 108, 112, 116, 126, 135,
	270, 271, 272, 273, 274, 275, 276, 280, 281, 282, 283, 284,
	10004, 10009, 10013, 10014, 10022, 10024, 10035, 10036, 10037, 10038, 10039, 10040, 10041, 10042, 10043, 10044,
	10045, 10046, 10047, 10048, 10049, 10050, 10051, 10052, 10053, 10054, 10055, 10056, 10057, 10058, 10059, 10060,
	10061, 10062, 10063, 10064, 10065, 10066, 10067, 10068, 10069, 10070, 10071, 10091, 10092, 10093,
	11001, 11002, 11003, 11004,
}

// fromNetwork are causes that no test can bring about: connections that break
// in these ways are made up.
var fromNetwork = map[int][]error{
	275:   {x509.UnknownAuthorityError{}},
	10004: {syscall.EINTR},
	10009: {syscall.EBADF},
	10013: {syscall.EACCES, syscall.EPERM},
	10014: {syscall.EFAULT},
	10022: {syscall.EINVAL},
	10024: {syscall.EMFILE, syscall.ENFILE},
	10035: {syscall.EAGAIN},
	10036: {syscall.EINPROGRESS},
	10037: {syscall.EALREADY},
	10038: {syscall.ENOTSOCK},
	10039: {syscall.EDESTADDRREQ},
	10040: {syscall.EMSGSIZE},
	10041: {syscall.EPROTOTYPE},
	10042: {syscall.ENOPROTOOPT},
	10043: {syscall.EPROTONOSUPPORT},
	10044: {syscall.ESOCKTNOSUPPORT},
	10045: {syscall.EOPNOTSUPP, errors.ErrUnsupported},
	10046: {syscall.EPFNOSUPPORT},
	10047: {syscall.EAFNOSUPPORT},
	10048: {syscall.EADDRINUSE},
	10049: {syscall.EADDRNOTAVAIL},
	10050: {syscall.ENETDOWN},
	10051: {syscall.ENETUNREACH},
	10052: {syscall.ENETRESET},
	10053: {syscall.ECONNABORTED, io.ErrClosedPipe, errors.New("nobody knows")},
	10054: {syscall.ECONNRESET, syscall.EPIPE, io.ErrUnexpectedEOF},
	10055: {syscall.ENOBUFS, syscall.ENOMEM},
	10056: {syscall.EISCONN},
	10057: {syscall.ENOTCONN},
	10058: {syscall.ESHUTDOWN},
	10059: {syscall.ETOOMANYREFS},
	10060: {syscall.ETIMEDOUT},
	10061: {syscall.ECONNREFUSED},
	10062: {syscall.ELOOP},
	10063: {syscall.ENAMETOOLONG},
	10064: {syscall.EHOSTDOWN},
	10065: {syscall.EHOSTUNREACH},
	10066: {syscall.ENOTEMPTY},
	10067: {syscall.Errno(10067)},
	10068: {syscall.EUSERS},
	10069: {syscall.EDQUOT},
	10070: {syscall.ESTALE},
	10071: {syscall.EREMOTE},
	10091: {syscall.Errno(10091)},
	10092: {syscall.Errno(10092)},
	11001: {&net.DNSError{Err: "no such host", IsNotFound: true}},
	11002: {&net.DNSError{Err: "no answer", IsTimeout: true}},
	11003: {&net.DNSError{Err: "refused"}},
	11004: {syscall.Errno(11004)},
}

func TestServerErrorsAreAllCovered(t *testing.T) {
	t.Parallel()
	var codes []int
	for _, row := range trap.Codes() {
		codes = append(codes, row.Code)
		never := len(row.Occurs) >= len(trap.Never) && row.Occurs[:len(trap.Never)] == trap.Never
		_, network := fromNetwork[row.Code]
		_, caused := causes[row.Code]
		assert.Equal(t, !never, network || caused, "%d %s: %s", row.Code, row.Text, row.Occurs)
	}
	assert.Equal(t, errorTable, codes)
}

// A brokenConn fails when it is read.
type brokenConn struct {
	net.Conn
	err error
}

func (b brokenConn) Read([]byte) (int, error)        { return 0, b.err }
func (b brokenConn) SetReadDeadline(time.Time) error { return nil }

func TestServerErrorsOfConnections(t *testing.T) {
	t.Parallel()
	for code, errs := range fromNetwork {
		for _, err := range errs {
			t.Run(err.Error(), func(t *testing.T) {
				t.Parallel()
				srv := NewServer()
				j := record(srv)
				a, b := net.Pipe()
				defer b.Close()
				failed := srv.ServeConn(brokenConn{a, &net.OpError{Op: "read", Net: "tcp", Err: err}})
				assert.Equal(t, code, trap.Code(failed))
				assert.ErrorIs(t, failed, err)
				j.expect(t, "Connected", "ReadyToSend")
				e := j.next(t)
				assert.Equal(t, "Disconnected", e.name)
				assert.Equal(t, code, e.code)
				assert.Contains(t, e.text, err.Error())
				n, sending := e.conn.Send([]byte("x"))
				assert.Zero(t, n)
				assert.Equal(t, code, trap.Code(sending), "what is sent afterwards fails for the same reason")
				assert.ErrorIs(t, sending, err)
			})
		}
	}
}

// A failingListener fails when it accepts.
type failingListener struct {
	net.Listener
	err error
}

func (b failingListener) Accept() (net.Conn, error) { return nil, b.err }

func TestServerErrorsOfListeners(t *testing.T) {
	t.Parallel()
	for code, errs := range map[int]error{10009: syscall.EBADF, 10022: syscall.EINVAL, 10038: syscall.ENOTSOCK, 10045: syscall.EOPNOTSUPP} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		srv := NewServer()
		j := record(srv)
		err = srv.Serve(failingListener{l, errs})
		assert.ErrorIs(t, err, errs)
		e := j.next(t)
		assert.Equal(t, "Error", e.name)
		assert.Equal(t, code, e.code)
		assert.Empty(t, e.id)
		assert.Nil(t, e.conn)
	}
}

// causes bring about the codes that a test can, by the methods of a server.
var causes = map[int][]func(t *testing.T) error{
	104: {listenTwice},
	107: {settingOfAListener("UseIPv6=1")},
	108: {settingOfAListener("MaxConnections=7")},
	126: {unknownConnection},
	270: {unusableKeyLog},
	271: {certificateFrom(certstore.StorePEMKeyFile, "no/such/file.pem", "*")},
	272: {func(t *testing.T) error {
		return certificateFrom(certstore.StorePEMKeyBlob, ecPair().store(), "CN=nobody")(t)
	}},
	273:   {listening(func(t *testing.T, s *Server) { s.SSLEnabled, s.SSLCert = true, ecPair().publicOnly(t) })},
	276:   {plaintextToTLS, noCommonVersion},
	280:   {refusedClient},
	281:   {clientWithoutCertificate},
	282:   {listening(func(_ *testing.T, s *Server) { s.SSLEnabled = true }), listening(explicitWithoutCert)},
	283:   {garbled(true)},
	284:   {garbled(false)},
	10004: {interrupted},
	10013: {notAdmitted},
	10022: {badSetting("MaxConnections=0"), badSetting("NoSuchSetting"), noSuchCharacter, noSuchLength, badPort},
	10035: {noRoom},
	10036: {duringHandshake(func(c *Connection) error { _, err := c.Send([]byte("x")); return err })},
	10037: {duringHandshake((*Connection).StartSSL)},
	10045: {badSetting("OpenSSLCADir=/"), badSetting("CodePage=708"), listening(platformProvider), notExplicit},
	10048: {portTaken},
	10049: {listening(func(_ *testing.T, s *Server) { s.LocalHost = "192.0.2.1" }), otherFamily},
	10053: {panicking},
	10054: {resetByClient},
	10056: {startSSLTwice},
	10057: {sendAfterEnd, startSSLAfterEnd},
	10060: {sendTimeout, idleTooLong},
}

func TestServerErrorCodes(t *testing.T) {
	t.Parallel()
	for want, ways := range causes {
		for i, cause := range ways {
			t.Run(trap.Describe(want)+string(rune('a'+i)), func(t *testing.T) {
				t.Parallel()
				err := cause(t)
				assert.Equal(t, want, code(t, err), "%v", err)
				assert.ErrorIs(t, err, &Error{Code: want})
			})
		}
	}
}

func TestServerErrorsReachTheirCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cause func(*testing.T) error
		want  error
	}{
		{portTaken, syscall.EADDRINUSE},
		{listening(func(_ *testing.T, s *Server) { s.LocalHost = "192.0.2.1" }), syscall.EADDRNOTAVAIL},
		{noSuchFile, os.ErrNotExist},
		{sentAfterReset, syscall.ECONNRESET},
	} {
		assert.ErrorIs(t, c.cause(t), c.want)
	}
}

func listenTwice(t *testing.T) error {
	srv := NewServer()
	serve(t, srv)
	return srv.StartListening()
}

func settingOfAListener(text string) func(t *testing.T) error {
	return func(t *testing.T) error {
		srv := NewServer()
		serve(t, srv)
		_, err := srv.Config(text)
		srv.StopListening()
		set(t, srv, text)
		return err
	}
}

func badSetting(text string) func(*testing.T) error {
	return func(*testing.T) error {
		_, err := NewServer().Config(text)
		return err
	}
}

// unusableKeyLog names a file in a folder that there is, but with a name that
// no system takes.
func unusableKeyLog(t *testing.T) error {
	return badSetting("SSLKeyLogFile=" + filepath.Join(t.TempDir(), strings.Repeat("x", 4000)))(t)
}

// unknownConnection tries every method that takes a ConnectionID.
func unknownConnection(t *testing.T) error {
	srv := NewServer()
	_, err := srv.Send("1", nil)
	_, bytesErr := srv.SendBytes("", nil)
	_, textErr := srv.SendText("-1", "")
	_, lineErr := srv.SendLine("x", "")
	_, fileErr := srv.SendFile("1", "")
	_, configErr := srv.Config("IdleTimeout[1]")
	for _, other := range []error{
		bytesErr, textErr, lineErr, fileErr, configErr,
		srv.Interrupt("1"), srv.PauseData("1"), srv.ProcessData("1"), srv.ChangeRecordLength("1", 1), srv.StartSSL("1"), srv.Disconnect("1"),
	} {
		assert.Equal(t, 126, code(t, other))
	}
	return err
}

// listening is what StartListening says of a server.
func listening(change func(*testing.T, *Server)) func(*testing.T) error {
	return func(t *testing.T) error {
		srv := NewServer()
		srv.LocalHost = "127.0.0.1"
		change(t, srv)
		return srv.StartListening()
	}
}

func explicitWithoutCert(_ *testing.T, s *Server) { s.SSLStartMode = StartExplicit }
func platformProvider(_ *testing.T, s *Server)    { s.SSLProvider = ProviderPlatform }

func badPort(t *testing.T) error {
	for _, change := range []func(s *Server){
		func(s *Server) { s.ConnectionBacklog = -1 },
		func(s *Server) { s.DefaultTimeout = -1 },
		func(s *Server) { s.DefaultIdleTimeout = -1 },
		func(s *Server) { s.DefaultMaxLineLength = 255 },
		func(s *Server) { s.DefaultEOL = string(make([]byte, maxEOL+1)) },
		func(s *Server) { s.SSLStartMode = 4 },
		func(s *Server) { s.SSLStartMode = -1 },
	} {
		assert.Equal(t, 10022, code(t, listening(func(_ *testing.T, s *Server) { change(s) })(t)))
	}
	return listening(func(_ *testing.T, s *Server) { s.LocalPort = 65536 })(t)
}

func portTaken(t *testing.T) error {
	first := NewServer()
	serve(t, first)
	return listening(func(_ *testing.T, s *Server) { s.LocalPort = first.LocalPort })(t)
}

func otherFamily(t *testing.T) error {
	return listening(func(t *testing.T, s *Server) { set(t, s, "UseIPv6=1") })(t)
}

// disconnected is the end of a connection as an error.
func disconnected(t *testing.T, j *journal) error {
	t.Helper()
	e := j.until(t, "Disconnected")
	return trap.New(e.code, "%s", e.text)
}

// failedHandshake is what Connected says of the next connection, and
// Disconnected after it.
func failedHandshake(t *testing.T, j *journal, p *peer) error {
	t.Helper()
	e := j.until(t, "Connected")
	_ = p.socket().Close() // the server waits a little for that
	assert.Equal(t, e.code, j.next(t).code, "Disconnected says the same")
	return trap.New(e.code, "%s", e.text)
}

func secureServer() *Server {
	srv := NewServer()
	srv.SSLEnabled, srv.SSLCert = true, ecServer()
	return srv
}

func certificateFrom(kind certstore.StoreType, store, subject string) func(*testing.T) error {
	return func(t *testing.T) error {
		srv := secureServer()
		srv.OnSSLConnectionRequest = func(e *SSLConnectionRequestEvent) {
			e.CertStoreType, e.CertStore, e.CertSubject = kind, store, subject
		}
		j := serve(t, srv)
		p, err := tryTLS(t, srv.core, nil)
		require.Error(t, err)
		return failedHandshake(t, j, p)
	}
}

func plaintextToTLS(t *testing.T) error {
	srv := secureServer()
	j := serve(t, srv)
	p := dial(t, srv.core)
	p.say("GET / HTTP/1.1\r\n\r\n")
	return failedHandshake(t, j, p)
}

func noCommonVersion(t *testing.T) error {
	srv := secureServer()
	set(t, srv, "SSLEnabledProtocols=12288")
	j := serve(t, srv)
	p, err := tryTLS(t, srv.core, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	require.Error(t, err)
	return failedHandshake(t, j, p)
}

func clientWithoutCertificate(t *testing.T) error {
	srv := secureServer()
	srv.SSLAuthenticateClients = true
	j := serve(t, srv)
	p, _ := tryTLS(t, srv.core, nil)
	return failedHandshake(t, j, p)
}

func refusedClient(t *testing.T) error {
	srv := secureServer()
	srv.SSLAuthenticateClients = true
	srv.OnSSLClientAuthentication = func(e *SSLClientAuthenticationEvent) { e.Accept = false }
	j := serve(t, srv)
	p, _ := tryTLS(t, srv.core, func(c *tls.Config) { c.Certificates = []tls.Certificate{ecPair().tls()} })
	return failedHandshake(t, j, p)
}

// A garbler spoils one octet of each record that goes through it.
type garbler struct {
	net.Conn
	reading, writing bool
}

func (g *garbler) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if g.reading && n > 5 {
		p[n-1] ^= 1
	}
	return n, err
}

func (g *garbler) Write(p []byte) (int, error) {
	if g.writing {
		p = append([]byte(nil), p...)
		p[len(p)-1] ^= 1
	}
	return g.Conn.Write(p)
}

// garbled is what becomes of a TLS connection on whose way octets change.
func garbled(toClient bool) func(t *testing.T) error {
	return func(t *testing.T) error {
		srv := secureServer()
		srv.DefaultTimeout = patience
		srv.OnDataIn = func(e *DataInEvent) { _, _ = e.Connection.SendText("and back") }
		set(t, srv, "SSLEnabledProtocols=3072") // no tickets are on their way
		j := serve(t, srv)
		nc, err := net.Dial("tcp", srv.Addr().String())
		require.NoError(t, err)
		g := &garbler{Conn: nc}
		client := tls.Client(g, trusting())
		p := newPeer(t, client)
		require.NoError(t, client.Handshake())
		g.reading, g.writing = toClient, !toClient
		p.say("there")
		_, _ = client.Read(make([]byte, 100))
		return disconnected(t, j)
	}
}

func interrupted(t *testing.T) error {
	srv, failed := NewServer(), make(chan error, 1)
	srv.DefaultTimeout = patience
	set(t, srv, "OutBufferSize=4096")
	_, c, _ := serverWays["TCP"](t, srv)
	go func() {
		_, err := c.Send(make([]byte, 64<<20))
		failed <- err
	}()
	for !c.conn.Interrupt() { // nothing was being sent yet
		select {
		case err := <-failed:
			return err
		default:
		}
	}
	return receive(t, failed, "the end of Send")
}

func notAdmitted(t *testing.T) error {
	srv := NewServer()
	set(t, srv, "BlockedClients=*")
	a, b := net.Pipe()
	defer b.Close()
	return srv.ServeConn(a)
}

func noSuchCharacter(t *testing.T) error {
	srv := NewServer()
	set(t, srv, "CodePage=1252")
	_, c, _ := serverWays["TCP"](t, srv)
	_, err := c.SendText("кириллица")
	return err
}

func noSuchLength(t *testing.T) error {
	_, c, _ := serverWays["TCP"](t, NewServer())
	return c.ChangeRecordLength(-1)
}

func noRoom(t *testing.T) error {
	_, c, _ := serverWays["TCP"](t, NewServer())
	n, err := c.Send(make([]byte, 64<<20))
	assert.Equal(t, n, c.BytesSent())
	return err
}

func explicitServer() *Server {
	srv := NewServer()
	srv.SSLStartMode, srv.SSLCert = StartExplicit, ecServer()
	return srv
}

func duringHandshake(call func(*Connection) error) func(t *testing.T) error {
	return func(t *testing.T) error {
		_, c, _ := serverWays["TCP"](t, explicitServer())
		require.NoError(t, c.StartSSL())
		return call(c) // the client never answers
	}
}

func notExplicit(t *testing.T) error {
	_, c, _ := serverWays["TCP"](t, NewServer())
	return c.StartSSL()
}

func startSSLTwice(t *testing.T) error {
	p, c, j := serverWays["TCP"](t, explicitServer())
	require.NoError(t, c.StartSSL())
	require.NoError(t, tls.Client(p.Conn, trusting()).Handshake())
	j.expect(t, "Connected")
	return c.StartSSL()
}

func panicking(t *testing.T) error {
	srv := NewServer()
	srv.OnDataIn = func(*DataInEvent) { panic("as told") }
	p, c, j := serverWays["TCP"](t, srv)
	p.say("go")
	e := j.until(t, "Error")
	assert.Equal(t, 10053, e.code)
	assert.Same(t, c, e.conn)
	assert.Contains(t, e.text, "as told")
	return disconnected(t, j)
}

func resetByClient(t *testing.T) error {
	p, _, j := serverWays["TCP"](t, NewServer())
	p.reset()
	return disconnected(t, j)
}

func sentAfterReset(t *testing.T) error {
	p, c, j := serverWays["TCP"](t, NewServer())
	p.reset()
	j.until(t, "Disconnected")
	_, err := c.Send([]byte("x"))
	return err
}

func ended(t *testing.T, srv *Server) *Connection {
	p, c, j := serverWays["TCP"](t, srv)
	require.NoError(t, p.Close())
	j.expect(t, "Disconnected")
	return c
}

func sendAfterEnd(t *testing.T) error {
	_, err := ended(t, NewServer()).SendLine("x")
	return err
}

func startSSLAfterEnd(t *testing.T) error { return ended(t, explicitServer()).StartSSL() }

func sendTimeout(t *testing.T) error {
	srv := NewServer()
	srv.DefaultTimeout = 50 * time.Millisecond
	_, c, _ := serverWays["TCP"](t, srv)
	_, err := c.Send(make([]byte, 64<<20))
	return err
}

func idleTooLong(t *testing.T) error {
	srv := NewServer()
	srv.DefaultIdleTimeout = time.Millisecond
	_, _, j := serverWays["TCP"](t, srv)
	return disconnected(t, j)
}

func noSuchFile(t *testing.T) error {
	_, c, _ := serverWays["TCP"](t, NewServer())
	_, err := c.SendFile(filepath.Join(t.TempDir(), "none"))
	return err
}

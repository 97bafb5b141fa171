package oftp

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// A Client begins sessions with partners' servers: the same engine as [Server],
// in the other role. Make it with [NewClient], set its properties and hooks,
// and call [Client.Logon]; then SendFile and ReceiveFiles; then [Client.Logoff].
//
// A client has one session at a time. Its methods drive the session on their
// caller's goroutine and deliver there the events that they cause.
type Client struct {
	Events

	// OnSSLServerAuthentication decides about the server's TLS certificate.
	// Without it, what verifies is accepted.
	OnSSLServerAuthentication func(*SSLServerAuthenticationEvent)

	// RemoteHost and RemotePort are where the server listens. Default port 3305.
	RemoteHost string
	RemotePort int

	// Timeout limits the dialling, and each wait for the server; 0 is none.
	// Default 60 s.
	Timeout time.Duration

	// ClientSSIDCode, ClientSFIDCode and ClientPassword are this side's session
	// identity, file identity (default: the same as the session's) and password.
	ClientSSIDCode string
	ClientSFIDCode string
	ClientPassword string

	// ServerSSIDCode and ServerPassword are what the server must prove itself
	// with; "" is not looked at. ServerSFIDCode is the default destination of
	// files ("": the server's SSID code).
	ServerSSIDCode string
	ServerSFIDCode string
	ServerPassword string

	// Version is the newest version offered, default Version20; MinVersion the
	// oldest accepted, default Version12.
	Version    Version
	MinVersion Version

	// DownloadDirectory is the folder for received files; "" refuses them.
	DownloadDirectory string

	// UseSSL begins with a TLS handshake. SSLCert is shown to servers that ask
	// for a certificate; TrustedCerts are CAs besides the system's, and what
	// certificates that are loaded are checked against, as those of [Server].
	UseSSL       bool
	SSLCert      *certstore.Certificate
	TrustedCerts []*certstore.Certificate

	// Certificate is that of the CMS services, as [Server.Certificate].
	Certificate *certstore.Certificate

	house    *house
	defaults *settings.Store[connValues]

	beginning sync.Mutex // one Logon at a time

	mu   sync.Mutex // guards conn
	conn *Connection
}

// SSLServerAuthenticationEvent is a server's TLS certificate.
type SSLServerAuthenticationEvent struct {
	Certificate *x509.Certificate
	Status      string // "OK", or why the certificate does not verify
	Accept      bool   // true if Status is OK
}

// NewClient returns a client with its defaults.
func NewClient() *Client {
	return &Client{
		RemotePort: 3305,
		Timeout:    time.Minute,
		Version:    Version20,
		house:      newHouse(),
		defaults:   settings.NewStore(connTable),
	}
}

// Config reads or changes a setting, as [Server.Config] does; without a
// ConnectionID it changes what the next session starts with.
func (c *Client) Config(text string) (string, error) {
	return config(text, c.house.values, c.defaults, c.house.core, func(id string) (*Connection, bool) {
		conn := c.Connection()
		return conn, conn != nil && conn.ConnectionID() == id
	})
}

// Connection is the current session, or the last one; nil before the first.
func (c *Client) Connection() *Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// DoEvents delivers queued events, with ProcessIdleEvents=False.
func (c *Client) DoEvents() { c.house.core.DoEvents() }

// Logon connects and begins a session; from then on this side has the turn.
//
// Codes: 10061 and others of the TCP/IP table; 276 and others of the SSL table;
// 675 the server does not know ClientSSIDCode; 677 wrong password, on either
// side; 671 the session failed, see [SessionError]; 10036 there is a session;
// 275 FailOnUntrustedCert is True, and SSLCert or Certificate is not trusted.
func (c *Client) Logon(ctx context.Context) error {
	if !c.beginning.TryLock() {
		return trap.New(trap.CodeInProgress, "another Logon is under way: wait until it returns")
	}
	defer c.beginning.Unlock()
	if err := c.check(); err != nil {
		return err
	}
	if err := c.vet(); err != nil {
		return err
	}
	if err := c.free(ctx); err != nil {
		return err
	}
	nc, err := c.dial(ctx)
	if err != nil {
		return err
	}
	begun := make(chan error, 1)
	go func() {
		err := c.house.core.ServeConn(nc, c.options(begun))
		if err == nil {
			err = errOver
		}
		select {
		case begun <- err: // it ended before the session began
		default:
		}
	}()
	select {
	case err := <-begun:
		return public(err)
	case <-ctx.Done():
		nc.Close()
		<-begun
		return ended(ctx, "logging on")
	}
}

// free waits until a session that is over has closed its connection; one that
// is not over is in the way.
func (c *Client) free(ctx context.Context) error {
	conn := c.Connection()
	switch {
	case conn == nil:
		return nil
	case conn.Connected():
		return trap.New(trap.CodeInProgress, "there is a session already: end it with Logoff or Disconnect")
	}
	select {
	case <-conn.conn.Done():
		return nil
	case <-ctx.Done():
		return ended(ctx, "waiting for the end of the last session")
	}
}

// ended is the error for a context that has ended meanwhile: 10004 or 10060.
func ended(ctx context.Context, what string) error {
	return trap.Wrap(trap.Code(ctx.Err()), ctx.Err(), what)
}

func (c *Client) check() error {
	if c.ClientSSIDCode == "" {
		return trap.New(trap.CodeInvalidArgument, "ClientSSIDCode must be set before Logon")
	}
	if !c.Version.valid() || c.MinVersion > c.Version {
		return trap.New(trap.CodeInvalidArgument, "Version %v, MinVersion %v: use Version12 to Version20", c.Version, c.MinVersion)
	}
	for property, err := range map[string]error{
		"ClientSSIDCode": checkCode(c.ClientSSIDCode),
		"ClientSFIDCode": checkCode(c.ClientSFIDCode),
		"ClientPassword": checkPassword(c.ClientPassword),
	} {
		if err != nil {
			return invalid(property, err)
		}
	}
	return nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: c.Timeout}
	address := net.JoinHostPort(c.RemoteHost, strconv.Itoa(c.RemotePort))
	nc, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, trap.Wrap(trap.Code(err), err, "connecting to "+address)
	}
	if !c.UseSSL {
		return nc, nil
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	secure, err := c.house.core.ClientHandshake(ctx, nc, c.tls())
	if err == nil {
		return secure, nil
	}
	nc.Close()
	if ctx.Err() != nil {
		return nil, ended(ctx, "TLS handshake with "+address)
	}
	return nil, err
}

func (c *Client) tls() tcpserver.ClientTLS {
	o := tcpserver.ClientTLS{ServerName: c.RemoteHost, Certificate: c.SSLCert, TrustedCerts: c.TrustedCerts}
	if hook := c.OnSSLServerAuthentication; hook != nil {
		o.Accept = func(cert *x509.Certificate, status string) (accept bool) {
			defer c.survive(&accept)
			e := &SSLServerAuthenticationEvent{Certificate: cert, Status: status, Accept: status == "OK"}
			hook(e)
			return e.Accept
		}
	}
	return o
}

// survive, deferred, makes a panic of a handler that runs before there is a
// connection a refusal, and fires Error.
func (c *Client) survive(accept *bool) {
	value := recover()
	if value == nil {
		return
	}
	*accept = false
	if hook := c.OnError; hook != nil {
		hook(&ErrorEvent{ErrorCode: trap.CodeAborted, Description: fmt.Sprintf("the handler of SSLServerAuthentication panicked: %v", value)})
	}
}

// options are the properties as they are now. The outcome of Start Session goes
// to begun.
func (c *Client) options(begun chan error) tcpserver.Options {
	own := settings.From(c.defaults)
	own.Update(func(v *connValues) {
		v.ownSSID, v.ownSFID, v.ownPassword = c.ClientSSIDCode, c.ClientSFIDCode, c.ClientPassword
		if v.ownSFID == "" {
			v.ownSFID = v.ownSSID
		}
	})
	events := c.Events
	protocol := initiatorProtocol{
		want:  responder{ssid: c.ServerSSIDCode, password: c.ServerPassword, least: c.MinVersion},
		sfid:  c.ServerSFIDCode,
		begun: begun,
	}
	return tcpserver.Options{
		DefaultTimeout: c.Timeout,
		Stream:         protocol,
		Hooks: events.hooks(func(conn *tcpserver.Conn) any {
			attached := c.house.attach(conn, &events, own, c.Version, true)
			attached.SetDownloadDirectory(c.DownloadDirectory)
			c.mu.Lock()
			c.conn = attached
			c.mu.Unlock()
			return attached
		}),
	}
}

// An initiatorProtocol runs a session that this side begins.
type initiatorProtocol struct {
	want  responder
	sfid  string // ServerSFIDCode
	begun chan error
}

// Serve begins the session and leaves it to the application's methods.
func (p initiatorProtocol) Serve(conn *tcpserver.Conn) error {
	s := conn.Attached().(*Connection).session
	go s.reader.run(conn, conn.Done())
	err := s.initiate(p.want)
	if err == nil && p.sfid != "" {
		s.c.set(func(state *connState) { state.sfid = p.sfid })
	}
	if err == nil {
		s.c.set(func(state *connState) { state.ready = true })
		s.offer()
	}
	p.begun <- err
	for err == nil {
		s.park(0, func() verdict { return stay })
		if err = s.ended; err == nil {
			_, err = s.receive() // the peer has ended the session
		}
	}
	return s.leave(err)
}

// SendFile is [Connection.SendFile] of the session.
func (c *Client) SendFile(destination, fileName, virtualFileName string) error {
	conn := c.Connection()
	if conn == nil {
		return trap.New(trap.CodeNotConnected, "there is no session: call Logon first")
	}
	return conn.SendFile(destination, fileName, virtualFileName)
}

// ReceiveFiles hands the turn to the server and receives what it has, files and
// receipts, until it has nothing more and hands the turn back or ends the
// session. Receipts that this side owes go out meanwhile. It reports whether the
// session goes on. When the server has just handed the turn back it has nothing:
// ReceiveFiles then returns at once.
func (c *Client) ReceiveFiles() (open bool, err error) {
	conn := c.Connection()
	if conn == nil {
		return false, trap.New(trap.CodeNotConnected, "there is no session: call Logon first")
	}
	s := conn.session
	err = s.drive(func() error {
		err := s.receiveFiles()
		open = err == nil
		if err == errOver {
			return nil
		}
		return err
	})
	return open, err
}

// receiveFiles listens until the server hands the turn over unasked. When this
// side has asked for it, at the end of a file, it only sends the receipt.
func (s *session) receiveFiles() error {
	for {
		if err := s.listen(); err != nil { // returns at once when we have the turn
			return err
		}
		if err := s.sendReceipts(); err != nil || s.m.State() == oftpstate.IdleSpeakerCD {
			return err
		}
		if err := s.input(oftpstate.Input{Event: oftpstate.CDRQ}, nil); err != nil {
			return err
		}
	}
}

// Logoff ends the session: receipts that are owed go out, the server gets the
// turn as often as it uses it, and then the session ends normally. Without a
// session it does nothing.
func (c *Client) Logoff() error {
	conn := c.Connection()
	if conn == nil || !conn.Connected() {
		return nil
	}
	err := conn.Logoff()
	if trap.Code(err) == trap.CodeNotConnected {
		return nil // the server was faster
	}
	return err
}

// release ends a session that this side has begun.
func (s *session) release() error {
	for {
		err := s.listen() // returns at once when we have the turn
		if err == nil {
			err = s.sendReceipts()
		}
		if err == nil {
			err = s.yield()
		}
		switch err {
		case nil:
		case errOver:
			return nil
		default:
			return err
		}
	}
}

// Disconnect breaks the session, if there is one. It waits for nothing.
func (c *Client) Disconnect() {
	if conn := c.Connection(); conn != nil {
		conn.Disconnect()
	}
}

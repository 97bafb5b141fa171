package tcpserver

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/split"
	"github.com/ediport/ediport/internal/trap"
)

// A Connection is a client of a [Server]. Its methods may be called from any
// goroutine, also after it has ended: getters tell what was, and what would send
// fails.
type Connection struct {
	conn *Conn
	made *making
	mode atomic.Pointer[split.Mode] // how data is cut

	cutBy    *split.Mode // the mode that the splitter knows; both are the worker's
	splitter split.Splitter

	// guarded by conn.mu
	userData  any
	bytesSent int32
}

func newConnection(conn *Conn, made *making) *Connection {
	c := &Connection{conn: conn, made: made}
	c.mode.Store(&made.mode) // shared until it changes
	conn.SetKeep(made.mode.Need())
	return c
}

// attached is the Connection of a core's connection.
func attached(c *Conn) *Connection { return c.Attached().(*Connection) }

// ConnectionID is unique in its server.
func (c *Connection) ConnectionID() string { return c.conn.ID() }

// Connected reports whether the connection is open.
func (c *Connection) Connected() bool { return c.conn.Connected() }

// LocalAddress is the IP address that the client connected to.
func (c *Connection) LocalAddress() string { return c.conn.LocalAddress() }

// RemoteHost is the client's IP address.
func (c *Connection) RemoteHost() string { return c.conn.RemoteHost() }

// RemotePort is the client's TCP port.
func (c *Connection) RemotePort() int { return c.conn.RemotePort() }

// SSLEnabled reports whether the connection is protected by TLS.
func (c *Connection) SSLEnabled() bool { return c.conn.secure.Load() != nil }

// Timeout is how long a send may wait without any octet moving; then it fails
// with 10060. With 0 a send does not wait at all (10035), except under TLS, where
// it waits as long as it takes. It starts as DefaultTimeout.
func (c *Connection) Timeout() time.Duration { return c.conn.Timeout() }

// SetTimeout changes Timeout.
func (c *Connection) SetTimeout(d time.Duration) { c.conn.SetTimeout(max(d, 0)) }

// IdleTimeout is how long the client may neither send nor receive anything
// before it is disconnected; 0 is for ever. It starts as DefaultIdleTimeout.
func (c *Connection) IdleTimeout() time.Duration { return c.conn.IdleTimeout() }

// SetIdleTimeout changes IdleTimeout.
func (c *Connection) SetIdleTimeout(d time.Duration) { c.conn.SetIdleTimeout(max(d, 0)) }

// EOL is what ends a line: any octets. DataIn then brings one line after the
// other, without its end; with "" data comes as it came. It starts as DefaultEOL.
// RecordLength and SingleLineMode come first.
func (c *Connection) EOL() string { return c.mode.Load().EOL }

// SetEOL changes EOL, also for what has come and is not delivered yet. At most
// 1024 octets.
func (c *Connection) SetEOL(eol string) error {
	if err := checkEOL(eol); err != nil {
		return err
	}
	c.setMode(func(m *split.Mode) { m.EOL = eol })
	return nil
}

// SingleLineMode makes CR, LF and CRLF line ends, whatever EOL says. It starts as
// DefaultSingleLineMode. RecordLength comes first.
func (c *Connection) SingleLineMode() bool { return c.mode.Load().SingleLine }

// SetSingleLineMode changes SingleLineMode, also for what has come and is not
// delivered yet.
func (c *Connection) SetSingleLineMode(on bool) {
	c.setMode(func(m *split.Mode) { m.SingleLine = on })
}

// MaxLineLength is how many octets of a line DataIn brings at most at once; of a
// longer one EOL is false, and the rest follows. It starts as DefaultMaxLineLength.
func (c *Connection) MaxLineLength() int { return c.mode.Load().MaxLine }

// SetMaxLineLength changes MaxLineLength. At least 256 octets.
func (c *Connection) SetMaxLineLength(n int) error {
	if err := checkMaxLineLength(n); err != nil {
		return err
	}
	c.setMode(func(m *split.Mode) { m.MaxLine = n })
	return nil
}

// RecordLength is how many octets DataIn brings each time; 0, as it starts, is
// no fixed number.
func (c *Connection) RecordLength() int { return c.mode.Load().RecordLength }

// ChangeRecordLength changes RecordLength, also for what has come and is not
// delivered yet: it may be called from DataIn to read a header first, and then
// as many octets as it announces. It comes before SingleLineMode and EOL. A record that
// the end of the connection cuts off is not delivered; Error tells of it.
func (c *Connection) ChangeRecordLength(n int) error {
	if n < 0 || n > maxLineLength {
		return trap.New(trap.CodeInvalidArgument, "RecordLength: %d is none of 0 to %d octets", n, maxLineLength)
	}
	c.setMode(func(m *split.Mode) { m.RecordLength = n })
	return nil
}

func (c *Connection) setMode(change func(*split.Mode)) {
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	next := *c.mode.Load()
	change(&next)
	// It only grows, and first: whoever is at work may cut by any of the modes.
	c.conn.SetKeep(max(next.Need(), int(c.conn.keep.Load())))
	c.mode.Store(&next)
	c.conn.happen(dueAgain) // what is kept may be whole by the new mode
}

// AcceptData is false between PauseData and ProcessData.
func (c *Connection) AcceptData() bool { return !c.conn.Paused() }

// PauseData stops DataIn, also for data that has come already, until ProcessData.
// Nothing is read from the socket meanwhile, so that the client, in the end, has
// to wait. Nothing is lost.
func (c *Connection) PauseData() { c.conn.Pause() }

// ProcessData ends PauseData.
func (c *Connection) ProcessData() { c.conn.Resume() }

// UserData is what SetUserData has put there.
func (c *Connection) UserData() any {
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	return c.userData
}

// SetUserData ties something of the program's to the connection.
func (c *Connection) SetUserData(data any) {
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	c.userData = data
}

// BytesSent is how many octets the last send took that did not wait; 0 after one
// that may wait.
func (c *Connection) BytesSent() int {
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	return int(c.bytesSent)
}

func (c *Connection) setBytesSent(n int) {
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	c.bytesSent = int32(n) // a system takes no more at once
}

// ReadyToSend is false from a send that found no room at all until there is
// some, about which the event of that name tells then.
func (c *Connection) ReadyToSend() bool { return c.conn.opened.Load() && c.conn.ReadyToSend() }

// Send sends octets, and returns how many it has sent. Calls of several
// goroutines come one after the other, each as a whole.
//
// With a Timeout it waits until the system has taken all. Without, it does not
// wait: code 10035 says that there was not room for all of them. When there was
// none at all, OnReadyToSend comes as soon as there is some; after a part was
// sent it does not, and the program sends the rest until that fails too. Under TLS
// it always waits.
//
// Other codes: 10060 for Timeout nothing moved; 10004 [Connection.Interrupt];
// 10036 a TLS handshake is going on; 10057 and those of Disconnected: the
// connection has ended.
func (c *Connection) Send(data []byte) (int, error) {
	if c.Timeout() > 0 {
		c.setBytesSent(0)
		return c.conn.Write(data)
	}
	n, err := c.conn.TryWrite(data)
	c.setBytesSent(n)
	return n, err
}

// SendBytes is Send.
func (c *Connection) SendBytes(data []byte) (int, error) { return c.Send(data) }

// SendText sends text, as the setting CodePage turns it into octets. Code
// 10022: it has a character that the code page does not know, and nothing was
// sent.
func (c *Connection) SendText(text string) (int, error) {
	data, err := c.made.page().Encode(text)
	if err != nil {
		return 0, err
	}
	return c.Send(data)
}

// SendLine sends text with CRLF behind it, as SendText does.
func (c *Connection) SendLine(text string) (int, error) { return c.SendText(text + "\r\n") }

// SendFile sends the content of a file and waits until the system has taken it,
// also without a Timeout. Nothing is sent in between. It returns how many octets
// were sent.
func (c *Connection) SendFile(fileName string) (int64, error) {
	f, err := os.Open(fileName)
	if err != nil {
		return 0, trap.Wrap(trap.Code(err), err, "sending a file")
	}
	defer f.Close() // it was only read
	c.setBytesSent(0)
	return c.conn.SendFile(f)
}

// Interrupt ends the send that is waiting on this connection: it returns with
// code 10004 and how much it has sent, and the connection goes on. Under TLS it
// ends between two records; a record that does not move on for a second ends the
// connection, with that code. With no send waiting it does nothing.
func (c *Connection) Interrupt() { c.conn.Interrupt() }

// StartSSL begins the TLS handshake on a plaintext connection of a server whose
// SSLStartMode is StartExplicit. It returns at once; OnConnected comes again when
// the handshake is done or has failed. Called from DataIn, it begins when the
// handler returns, with what has come behind the data of that event. Codes: 10045
// SSLStartMode is another; 10037 a handshake is going on; 10056 there is TLS
// already; 10057 the connection has ended.
func (c *Connection) StartSSL() error {
	if !c.made.explicit {
		return trap.New(trap.CodeNotSupported, "StartSSL needs a server with SSLStartMode=StartExplicit")
	}
	return c.conn.StartTLS()
}

// Disconnect ends the connection; what was sent still goes out if Linger is set.
// It waits for nothing.
func (c *Connection) Disconnect() { c.conn.Close(nil) }

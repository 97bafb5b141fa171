package oftp

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// A Connection is one session with a partner. Its methods may be called from
// any goroutine, also after the connection has ended.
type Connection struct {
	conn     *tcpserver.Conn
	settings *settings.Store[connValues]
	session  *session

	mu    sync.Mutex // guards state
	state connState
}

// connState is what the application may see and change of a connection.
type connState struct {
	ssid, sfid     string
	version        Version
	peerType       ConnectionType
	agreed         bool // Start Session is over
	downloadDir    string
	downloadStream io.Writer
	uploadStream   io.Reader
	fileDate       *fileDate
	format         FileFormat
	maxRecordSize  int
	recipients     [useEnd]*certstore.Certificate
	received       oftpwire.SFID
	receiving      bool // from AcceptFile to EndTransfer of a received file
	ready          bool
	retry          bool
}

// A fileDate is a VirtualFileDate that the application has set.
type fileDate struct {
	time    time.Time
	counter int
}

// state operations: get and set go through these two.
func get[T any](c *Connection, field func(*connState) T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return field(&c.state)
}

func (c *Connection) set(change func(*connState)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.state)
}

// ConnectionID is the connection's name in its server.
func (c *Connection) ConnectionID() string { return c.conn.ID() }

// Connected reports whether the connection is open and its session not over.
func (c *Connection) Connected() bool { return c.conn.Connected() && !c.session.over.Load() }

// LocalAddress is the IP address of this end.
func (c *Connection) LocalAddress() string { return c.conn.LocalAddress() }

// RemoteHost is the IP address of the peer.
func (c *Connection) RemoteHost() string { return c.conn.RemoteHost() }

// RemotePort is the TCP port of the peer.
func (c *Connection) RemotePort() int { return c.conn.RemotePort() }

// Timeout is how long the session waits for the peer's next move before it
// ends, and how long after ReadyToSend for the application's; 0 means for ever.
// It starts as DefaultTimeout.
func (c *Connection) Timeout() time.Duration { return c.conn.Timeout() }

// SetTimeout changes Timeout.
func (c *Connection) SetTimeout(d time.Duration) { c.conn.SetTimeout(d) }

// Version is the protocol version of the session: the lower one of both sides,
// the peer's before they have agreed.
func (c *Connection) Version() Version {
	return get(c, func(s *connState) Version { return s.version })
}

// SSIDCode is the peer's session identity.
func (c *Connection) SSIDCode() string { return get(c, func(s *connState) string { return s.ssid }) }

// SFIDCode is the peer's file identity, the default destination of files that
// are sent. It starts as SSIDCode.
func (c *Connection) SFIDCode() string { return get(c, func(s *connState) string { return s.sfid }) }

// SetSFIDCode changes SFIDCode: at most 25 characters (10022).
func (c *Connection) SetSFIDCode(code string) error {
	if err := checkCode(code); err != nil {
		return invalid("SFIDCode", err)
	}
	c.set(func(s *connState) { s.sfid = code })
	return nil
}

// DownloadDirectory is the folder for received files; "" refuses them unless
// there is a DownloadStream.
func (c *Connection) DownloadDirectory() string {
	return get(c, func(s *connState) string { return s.downloadDir })
}

// SetDownloadDirectory changes DownloadDirectory for files to come.
func (c *Connection) SetDownloadDirectory(dir string) {
	c.set(func(s *connState) { s.downloadDir = dir })
}

// SetDownloadStream makes the next received file go to w instead of a folder.
// A file that breaks off leaves what was written: w must be ready for that.
// It is closed after the transfer if it can be, unless the setting
// CloseStreamAfterTransfer is off.
func (c *Connection) SetDownloadStream(w io.Writer) {
	c.set(func(s *connState) { s.downloadStream = w })
}

func (c *Connection) takeDownloadStream() (w io.Writer) {
	c.set(func(s *connState) { w, s.downloadStream = s.downloadStream, nil })
	return w
}

// SetUploadStream makes the next SendFile read from r; its file name is "" then.
func (c *Connection) SetUploadStream(r io.Reader) {
	c.set(func(s *connState) { s.uploadStream = r })
}

func (c *Connection) takeUploadStream() (r io.Reader) {
	c.set(func(s *connState) { r, s.uploadStream = s.uploadStream, nil })
	return r
}

// ReadyToSend reports whether the peer has handed over the turn, so that
// SendFile may be called.
func (c *Connection) ReadyToSend() bool { return get(c, func(s *connState) bool { return s.ready }) }

// VirtualFileFormat is the structure of files to be sent; while a file is
// received, from AcceptFile to EndTransfer, it is that of the received one.
func (c *Connection) VirtualFileFormat() FileFormat {
	return get(c, func(s *connState) FileFormat {
		if s.receiving {
			return formatOf(s.received.Format)
		}
		return s.format
	})
}

// SetVirtualFileFormat changes the structure of files to be sent.
func (c *Connection) SetVirtualFileFormat(f FileFormat) error {
	if !f.valid() {
		return trap.New(trap.CodeInvalidArgument, "VirtualFileFormat %d: use 0 to 3", f)
	}
	c.set(func(s *connState) { s.format = f })
	return nil
}

// MaxRecordSize is the length of records, of the same files as
// VirtualFileFormat: 0 for formats Unstructured and Text.
func (c *Connection) MaxRecordSize() int {
	return get(c, func(s *connState) int {
		if s.receiving {
			return s.received.RecordSize
		}
		return s.maxRecordSize
	})
}

// SetMaxRecordSize changes the length of records of files to be sent.
func (c *Connection) SetMaxRecordSize(n int) error {
	if n < 0 || n > 99999 {
		return trap.New(trap.CodeInvalidArgument, "MaxRecordSize %d: use 0 to 99999", n)
	}
	c.set(func(s *connState) { s.maxRecordSize = n })
	return nil
}

// VirtualFileDate is the date and time stamp of the next file to be sent, as
// MM/dd/yyyy HH:mm:ss; "" if it is to be the time of sending.
func (c *Connection) VirtualFileDate() string {
	d := get(c, func(s *connState) *fileDate { return s.fileDate })
	if d == nil {
		return ""
	}
	return datefmt.Format(datefmt.Default, d.time, d.counter)
}

// SetVirtualFileDate sets the stamp of the next file to be sent, in any of the
// documented formats; "" is the time of sending. Once the file has been sent
// the stamp is used up. A file that is sent with its old stamp after its
// transfer broke off goes on where it was, if both sides agreed to restart.
// Code 680: not a date in a known format.
func (c *Connection) SetVirtualFileDate(text string) error {
	if text == "" {
		c.set(func(s *connState) { s.fileDate = nil })
		return nil
	}
	t, counter, err := datefmt.Parse(text)
	if err != nil {
		return err
	}
	c.set(func(s *connState) { s.fileDate = &fileDate{t, counter} })
	return nil
}

// Compress reports whether files are compressed by CMS: never, yet.
func (c *Connection) Compress() bool { return false }

// SetCompress asks for file compression (OFTP 2.0): code 10045 for now.
func (c *Connection) SetCompress(on bool) error { return unless(!on, "Compress") }

// SignedReceipt reports whether signed receipts are asked for: never, yet.
func (c *Connection) SignedReceipt() bool { return false }

// SetSignedReceipt asks for signed receipts (OFTP 2.0): code 10045 for now.
func (c *Connection) SetSignedReceipt(on bool) error { return unless(!on, "SignedReceipt") }

// SecurityLevel is what protects a file, VirtualFileSecurityLevel.
type SecurityLevel int

// The levels of file security (RFC 5024, SFIDSEC).
const (
	SecurityNone SecurityLevel = iota
	SecurityEncrypted
	SecuritySigned
	SecurityEncryptedAndSigned
)

// VirtualFileSecurityLevel is the security of files: SecurityNone, for now.
func (c *Connection) VirtualFileSecurityLevel() SecurityLevel { return SecurityNone }

// SetVirtualFileSecurityLevel changes it: code 10045 for all but SecurityNone,
// for now.
func (c *Connection) SetVirtualFileSecurityLevel(level SecurityLevel) error {
	return unless(level == SecurityNone, "VirtualFileSecurityLevel")
}

// EncryptionAlgorithm is the cipher of encrypted files.
type EncryptionAlgorithm int

// The ciphers.
const (
	Encrypt3DES EncryptionAlgorithm = iota
	EncryptAES
)

// EncryptionAlgorithm is the cipher for files to be sent, which none uses yet.
func (c *Connection) EncryptionAlgorithm() EncryptionAlgorithm { return Encrypt3DES }

// SetEncryptionAlgorithm changes it: code 10045 for all but the default, for now.
func (c *Connection) SetEncryptionAlgorithm(a EncryptionAlgorithm) error {
	return unless(a == Encrypt3DES, "EncryptionAlgorithm")
}

func unless(ok bool, what string) error {
	if ok {
		return nil
	}
	return notYet(what)
}

func (c *Connection) peerType() ConnectionType {
	return get(c, func(s *connState) ConnectionType { return s.peerType })
}

func (c *Connection) agreed() bool { return get(c, func(s *connState) bool { return s.agreed }) }

func (c *Connection) received() oftpwire.SFID {
	return get(c, func(s *connState) oftpwire.SFID { return s.received })
}

func (c *Connection) retry() bool { return get(c, func(s *connState) bool { return s.retry }) }

// ours reports whether files for that destination are for this side.
func (c *Connection) ours(destination string) bool {
	v := c.settings.Load()
	if destination == v.ownSFID {
		return true
	}
	for code := range strings.SplitSeq(v.furtherSFIDs, ",") {
		if code = strings.TrimSpace(code); code != "" && code == destination {
			return true
		}
	}
	return false
}

// dateText shows a stamp by the setting VirtualFileDateFormat.
func (c *Connection) dateText(stamp oftpwire.Stamp) string {
	return formatStamp(c.session.values().dateFormat, stamp)
}

// formatStamp shows a stamp; one that is no date is shown as it is.
func formatStamp(layout string, stamp oftpwire.Stamp) string {
	if stamp.Date == "" {
		return ""
	}
	t, counter, err := datefmt.FromStamp(stamp.Date, stamp.Time)
	if err != nil {
		return stamp.String()
	}
	return datefmt.Format(layout, t, counter)
}

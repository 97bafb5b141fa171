package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/examples/internal/keypair"
	"github.com/ediport/ediport/examples/internal/trail"
	"github.com/ediport/ediport/oftp"
)

// settings are what the program asks of the library, before the flags.
var settings = []string{
	// Dates in events show the counter, too, which tells files apart.
	"VirtualFileDateFormat=yyyyMMddHHmmssffff",
	// Nothing that was received before is in the way of a file of the same name.
	"ReceivedFileNameFormat=%VirtualFileName%_%VirtualFileDate%_%GUID%",
	trail.Setting,
}

// A session is one run of the program.
type session struct {
	options
	client         *oftp.Client
	ledger         *ledger
	stdout, stderr io.Writer
	over           chan struct{} // closed by the last event
}

func newSession(o options, stdout, stderr io.Writer) *session {
	return &session{
		options: o,
		client:  oftp.NewClient(),
		ledger:  newLedger(),
		stdout:  stdout,
		stderr:  stderr,
		over:    make(chan struct{}),
	}
}

// configure makes the library's client out of the options.
func (s *session) configure() error {
	c := s.client
	c.RemoteHost, c.RemotePort, c.Timeout, c.Version = s.host, s.port, s.timeout, s.version
	c.ClientSSIDCode, c.ClientSFIDCode, c.ClientPassword = s.ssid, s.sfid, s.password
	c.ServerSSIDCode, c.ServerSFIDCode, c.ServerPassword = s.server.ssid, s.server.sfid, s.server.password
	c.DownloadDirectory = s.receive
	for _, setting := range slices.Concat(settings, s.settings) {
		if _, err := c.Config(setting); err != nil {
			return fmt.Errorf("-config %s: %w", setting, err)
		}
	}
	s.listenTo(&c.Events)
	return s.secure()
}

// secure reads what TLS needs.
func (s *session) secure() (err error) {
	c := s.client
	c.UseSSL = s.tls
	if s.insecure {
		c.OnSSLServerAuthentication = func(e *oftp.SSLServerAuthenticationEvent) { e.Accept = true }
	}
	if s.ca != "" {
		if c.TrustedCerts, err = certstore.List(certstore.StorePublicKeyFile, s.ca, ""); err != nil {
			return fmt.Errorf("-ca %s: %w", s.ca, err)
		}
	}
	if s.cert == "" {
		return nil
	}
	if c.SSLCert, err = keypair.Load(s.cert, s.key); err != nil {
		return fmt.Errorf("-cert and -key: %w", err)
	}
	return nil
}

// exchange is the session from Logon to its end. Its error is one of the
// session; what is wrong with single files is in the ledger.
func (s *session) exchange(ctx context.Context) error {
	if err := s.client.Logon(ctx); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.client.Disconnect)()
	err := s.transfer()
	if err != nil {
		s.client.Disconnect()
	}
	<-s.over // the last events
	return err
}

// transfer sends the files, and logs off: that gives the turn to the server, who
// sends its receipts and files, as often as the server uses it. ReceiveFiles
// would be for a client that wants to send more afterwards.
func (s *session) transfer() error {
	if err := s.sendAll(); err != nil {
		return err
	}
	return s.client.Logoff()
}

func (s *session) sendAll() error {
	c := s.client.Connection()
	if err := errors.Join(c.SetVirtualFileFormat(s.format), c.SetMaxRecordSize(s.recordSize)); err != nil {
		return err
	}
	stamps := newStamps(c.Version())
	for _, f := range s.send {
		err := s.sendFile(c, f, stamps)
		if err != nil && !c.Connected() {
			return err // the session is over; else the fault is the file's alone
		}
		if err != nil {
			s.ledger.failed++
			fmt.Fprintf(s.stderr, "oftpclient: %s was not sent: %v\n", f.path, err)
		}
	}
	return nil
}

func (s *session) sendFile(c *oftp.Connection, f file, stamps *stamps) error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if err := c.SetVirtualFileDate(stamps.of(f, info.ModTime())); err != nil {
		return err
	}
	return s.client.SendFile("", f.path, f.name)
}

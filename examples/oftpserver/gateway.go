package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/examples/internal/trail"
	"github.com/ediport/ediport/oftp"
)

// settings are what the program asks of the library, before -config.
var settings = []string{
	// Names come from partners, and some send every file under the same one.
	"ReceivedFileNameFormat=%VirtualFileName%_%VirtualFileDate:yyyyMMddHHmmssffff%_%GUID%",
	// Dates in events show the counter, too, which tells files apart.
	"VirtualFileDateFormat=yyyyMMddHHmmssffff",
	// The log shows the receipts that are sent, too.
	"FireEndResponseOnSend=True",
	trail.Setting,
}

// A gateway answers the events of the server.
type gateway struct {
	log      *slog.Logger
	partners partners
	outbox   *outbox
	download string
}

// newServer returns a server with everything that the options say.
func newServer(o options, log *slog.Logger, stderr io.Writer) (*oftp.Server, error) {
	srv := oftp.NewServer()
	srv.ServerSSIDCode, srv.ServerSFIDCode, srv.ServerPassword = o.ssid, o.sfid, o.password
	all := slices.Clone(settings)
	if o.temp != "" {
		all = append(all, "TempPath="+o.temp)
	}
	for _, setting := range append(all, o.settings...) {
		if _, err := srv.Config(setting); err != nil {
			return nil, fmt.Errorf("-config %s: %w", setting, err)
		}
	}
	if o.cert != "" {
		cert, err := certificate(o.cert, o.key)
		if err != nil {
			return nil, err
		}
		srv.SSLCert = cert
	}
	g := &gateway{log: log, partners: o.partners, outbox: newOutbox(o.outbound), download: o.download}
	srv.OnAcceptConnection = g.acceptConnection
	srv.OnReadyToSend = g.readyToSend
	srv.OnStartTransfer = g.startTransfer
	srv.OnEndTransfer = g.endTransfer
	srv.OnEndResponse = g.endResponse
	srv.OnDisconnected = g.disconnected
	srv.OnError = g.error
	if o.trace {
		printer := trail.New(stderr)
		printer.ShowConnection = true
		srv.OnPITrail = printer.Event
		srv.OnDisconnected = func(e *oftp.DisconnectedEvent) {
			printer.Flush(e.ConnectionID)
			g.disconnected(e)
		}
	}
	return srv, nil
}

// certificate reads a certificate and its key from two PEM files.
func certificate(cert, key string) (*certstore.Certificate, error) {
	certPEM, err := os.ReadFile(cert)
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(key)
	if err != nil {
		return nil, err
	}
	store := slices.Concat(certPEM, []byte("\n"), keyPEM)
	c, err := certstore.OpenBytes(certstore.StorePEMKeyBlob, store, "", "")
	if err != nil {
		return nil, fmt.Errorf("-cert %s -key %s: %w", cert, key, err)
	}
	if !c.PrivateKeyAvailable() {
		return nil, fmt.Errorf("-cert %s -key %s: the key does not belong to the certificate", cert, key)
	}
	return c, nil
}

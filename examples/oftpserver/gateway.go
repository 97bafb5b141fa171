package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/ediport/ediport/examples/internal/keypair"
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
	trail    *trail.Printer // nil without -trace
}

// newServer returns a server with everything that the options say.
func newServer(o options, log *slog.Logger, stderr io.Writer) (*oftp.Server, error) {
	srv := oftp.NewServer()
	srv.ServerSSIDCode, srv.ServerSFIDCode, srv.ServerPassword = o.ssid, o.sfid, o.password
	for _, setting := range slices.Concat(settings, []string{"TempPath=" + o.temp}, o.settings) {
		if _, err := srv.Config(setting); err != nil {
			return nil, fmt.Errorf("-config %s: %w", setting, err)
		}
	}
	if o.cert != "" {
		cert, err := keypair.Load(o.cert, o.key)
		if err != nil {
			return nil, fmt.Errorf("-cert and -key: %w", err)
		}
		srv.SSLCert = cert
	}
	g := &gateway{log: log, partners: o.partners, outbox: newOutbox(o.outbound), download: o.download}
	g.listenTo(&srv.Events)
	if o.trace {
		g.trail = trail.New(stderr)
		g.trail.ShowConnection = true
		srv.OnPITrail = g.trail.Event
	}
	return srv, nil
}

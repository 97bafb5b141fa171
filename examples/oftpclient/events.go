package main

import (
	"fmt"

	"github.com/ediport/ediport/examples/internal/trail"
	"github.com/ediport/ediport/oftp"
)

// listenTo answers the events of the client.
func (s *session) listenTo(events *oftp.Events) {
	printer := trail.New(s.stderr)
	switch {
	case s.trace:
		events.OnPITrail = printer.Event
	case isTerminal(s.stderr):
		events.OnTransfer = newBar(s.stderr).transfer
	}
	events.OnEndTransfer = s.endTransfer
	events.OnEndResponse = s.endResponse
	events.OnError = func(e *oftp.ErrorEvent) { fmt.Fprintln(s.stderr, "oftpclient:", e.Description) }
	events.OnDisconnected = func(e *oftp.DisconnectedEvent) {
		printer.Flush(e.ConnectionID)
		close(s.over)
	}
}

// endTransfer tells of files that have gone or come. Why one has not gone, its
// SendFile says.
func (s *session) endTransfer(e *oftp.EndTransferEvent) {
	switch {
	case e.ReasonCode == 0 && e.Direction == oftp.FromClient:
		s.ledger.accepted(virtualFile{e.VirtualFileName, e.VirtualFileDate})
		fmt.Fprintf(s.stdout, "sent %s %s %d octets: %s\n", e.VirtualFileName, e.VirtualFileDate, e.FileSize, e.LocalFile)
	case e.ReasonCode == 0:
		fmt.Fprintf(s.stdout, "received %s %s %d octets: %s\n", e.VirtualFileName, e.VirtualFileDate, e.FileSize, e.LocalFile)
	case e.Direction == oftp.FromServer:
		s.ledger.failed++
		fmt.Fprintf(s.stderr, "oftpclient: %s was not received: %s\n", e.VirtualFileName, e.ReasonText)
	}
}

func (s *session) endResponse(e *oftp.EndResponseEvent) {
	f := virtualFile{e.VirtualFileName, e.VirtualFileDate}
	note := ""
	if !s.ledger.settle(f, e.ReasonCode == 0) {
		note = " (of an earlier session)"
	}
	if e.ReasonCode != 0 {
		fmt.Fprintf(s.stderr, "oftpclient: %s %s was not delivered: %s%s\n", f.name, f.stamp, e.ReasonText, note)
		return
	}
	fmt.Fprintf(s.stdout, "receipt %s %s%s\n", f.name, f.stamp, note)
}

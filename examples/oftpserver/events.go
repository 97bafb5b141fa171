package main

import (
	"log/slog"

	"github.com/ediport/ediport/oftp"
)

// listenTo answers the events of the server.
func (g *gateway) listenTo(events *oftp.Events) {
	events.OnAcceptConnection = g.acceptConnection
	events.OnReadyToSend = g.readyToSend
	events.OnStartTransfer = g.startTransfer
	events.OnEndTransfer = g.endTransfer
	events.OnEndResponse = g.endResponse
	events.OnDisconnected = g.disconnected
	events.OnError = g.error
}

// acceptConnection decides who may log in, and where its files go.
func (g *gateway) acceptConnection(e *oftp.AcceptConnectionEvent) {
	log := g.of(e.Connection)
	p, reason := g.partners.admit(e.ClientSSIDCode, e.ClientPassword)
	if reason != reasonNone {
		e.Accept, e.ErrorCode = false, reason
		log.Warn("login refused", "reason", reason)
		return
	}
	e.Connection.SetDownloadDirectory(g.download)
	if p.sfid != "" {
		if err := e.Connection.SetSFIDCode(p.sfid); err != nil {
			log.Error("the SFID code of -partner is not valid", "error", err)
		}
	}
	log.Info("login", "version", e.ServerVersion)
}

// readyToSend sends what waits for the partner. A file whose SendFile has
// returned nil is on the partner's disk; any other stays queued.
func (g *gateway) readyToSend(e *oftp.ReadyToSendEvent) {
	partner := e.Connection.SSIDCode()
	var failed []string
	for _, path := range g.outbox.take(partner) {
		if err := e.Connection.SendFile("", path, ""); err != nil {
			failed = append(failed, path)
			g.of(e.Connection).Error("file not sent, it stays queued", "path", path, "error", err)
		}
	}
	g.outbox.add(partner, failed...)
	if err := e.Connection.Logoff(); err != nil {
		g.of(e.Connection).Error("handing the turn back", "error", err)
	}
}

func (g *gateway) startTransfer(e *oftp.StartTransferEvent) {
	g.of(e.Connection).Info("transfer begins", "name", e.VirtualFileName, "path", e.LocalFile)
}

// endTransfer tells of files that have come or gone. A received file is on disk
// by now, under its final name.
func (g *gateway) endTransfer(e *oftp.EndTransferEvent) {
	log := g.of(e.Connection).With("name", e.VirtualFileName, "stamp", e.VirtualFileDate, "size", e.FileSize, "path", e.LocalFile)
	switch {
	case e.ReasonCode != 0:
		log.Warn("transfer failed", "reason", e.ReasonCode, "text", e.ReasonText)
	case e.Direction == oftp.FromClient:
		log.Info("file received")
	default:
		log.Info("file sent")
	}
}

func (g *gateway) endResponse(e *oftp.EndResponseEvent) {
	log := g.of(e.Connection).With("name", e.VirtualFileName, "stamp", e.VirtualFileDate)
	message := "receipt received"
	if e.Direction == oftp.ResponseSent {
		message = "receipt sent"
	}
	if e.ReasonCode != 0 {
		log.Warn("negative "+message, "reason", e.ReasonCode, "text", e.ReasonText)
		return
	}
	log.Info(message)
}

func (g *gateway) disconnected(e *oftp.DisconnectedEvent) {
	if g.trail != nil {
		g.trail.Flush(e.ConnectionID)
	}
	log := g.of(e.Connection)
	if e.StatusCode != 0 {
		log.Warn("session failed", "code", e.StatusCode, "error", e.Description)
		return
	}
	log.Info("session ended")
}

func (g *gateway) error(e *oftp.ErrorEvent) {
	g.of(e.Connection).Error("error", "code", e.ErrorCode, "error", e.Description)
}

// of is the log of a connection; nil is none in particular.
func (g *gateway) of(c *oftp.Connection) *slog.Logger {
	if c == nil {
		return g.log
	}
	log := g.log.With("connection", c.ConnectionID(), "remote", c.RemoteHost())
	if partner := c.SSIDCode(); partner != "" {
		log = log.With("partner", partner)
	}
	return log
}

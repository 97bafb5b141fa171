package oftp

import (
	"time"

	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// parameters is what a connection's settings offer to the peer.
func (v *connValues) parameters(version Version) oftpstate.Parameters {
	return oftpstate.Parameters{
		Level:       int(version.level()),
		BufferSize:  v.exchangeBufferSize,
		Credit:      v.creditCount,
		Mode:        ConnectionType(v.connectionType).mode(),
		Compression: v.bufferCompression,
		Restart:     v.restart,
	}
}

// respond is the responder's side of Start Session (RFC 5024, section 4.2).
func (s *session) respond() error {
	if err := s.input(oftpstate.Input{Event: oftpstate.NetConIND}, nil); err != nil {
		return err
	}
	got, err := s.receive()
	if err != nil {
		return err
	}
	ssid := got.cmd.(oftpwire.SSID) // the machine lets nothing else through here
	s.meet(ssid)
	s.level = versionOf(ssid.Level).level() // a refusal must be in the peer's words
	if err := s.holdBack(s.conn.LoginDelay(ssid.Code)); err != nil {
		return err
	}
	decision := s.acceptConnection(ssid)
	if !decision.Accept {
		return s.refuse(decision)
	}
	s.reader.trust() // before the peer learns that it is in, and sends
	s.m.Limit(s.c.settings.Load().parameters(decision.ServerVersion))
	if err := s.input(oftpstate.Input{Event: oftpstate.ConnectRS}, nil); err != nil {
		return err
	}
	s.agree()
	return nil
}

// initiate is the initiator's side of Start Session. What the responder says of
// itself must be what the application expects, where it expects something.
func (s *session) initiate(want responder) error {
	for _, event := range []oftpstate.Event{oftpstate.ConnectRQ, oftpstate.NetConCF} {
		if err := s.input(oftpstate.Input{Event: event}, nil); err != nil {
			return err
		}
	}
	if _, err := s.receive(); err != nil { // SSRM, which the machine answers with SSID
		return err
	}
	got, err := s.receive()
	if err != nil {
		return err
	}
	ssid := got.cmd.(oftpwire.SSID) // the machine lets nothing else through here
	s.meet(ssid)
	s.reader.trust()
	if reason, text := want.mismatch(ssid); reason != reasonNormal {
		return s.abort(reason, text)
	}
	s.agree()
	return nil
}

// A responder is what a client expects of the server; empty fields are not
// looked at.
type responder struct {
	ssid, password string
	least          Version
}

func (r responder) mismatch(ssid oftpwire.SSID) (reason int, text string) {
	switch {
	case r.ssid != "" && r.ssid != ssid.Code:
		return reasonUnknownUser, "the server is not the one expected"
	case r.password != "" && r.password != ssid.Password:
		return reasonPassword, "the server's password is not the one expected"
	case versionOf(ssid.Level) < r.least:
		return reasonMode, "OFTP " + r.least.String() + " is required"
	}
	return reasonNormal, ""
}

// meet notes who the peer says it is.
func (s *session) meet(ssid oftpwire.SSID) {
	s.c.set(func(state *connState) {
		state.ssid, state.sfid = ssid.Code, ssid.Code
		state.version = versionOf(ssid.Level)
		state.peerType = connectionTypeOf(ssid.Direction)
	})
}

// agree notes what both sides have in common.
func (s *session) agree() {
	p := s.m.Agreed()
	s.level = oftpwire.Level(p.Level)
	s.conn.LoggedIn()
	s.c.set(func(state *connState) { state.version, state.agreed = versionOf(s.level), true })
	s.c.settings.Update(func(v *connValues) {
		v.exchangeBufferSize, v.creditCount = p.BufferSize, p.Credit
		v.bufferCompression, v.restart = p.Compression, p.Restart
	})
	s.logf(LogVerbose, "session with %s at OFTP %v: buffers of %d octets, credit %d, compression %v, restart %v",
		s.c.SSIDCode(), s.level, p.BufferSize, p.Credit, p.Compression, p.Restart)
}

// acceptConnection asks the application whether the peer may log in.
func (s *session) acceptConnection(ssid oftpwire.SSID) *AcceptConnectionEvent {
	version := versionOf(ssid.Level)
	e := &AcceptConnectionEvent{
		ConnectionID:   s.conn.ID(),
		Connection:     s.c,
		ClientSSIDCode: ssid.Code,
		ClientPassword: ssid.Password,
		ClientVersion:  version,
		ServerVersion:  version,
	}
	hook := s.events.OnAcceptConnection
	if hook == nil {
		s.report(trap.New(CodeProtocol, "%s was refused: a server without OnAcceptConnection lets nobody in", s.conn.RemoteHost()))
		return e
	}
	e.Accept = true
	if !s.ask(func() { hook(e) }) {
		e.Accept, e.ErrorCode = false, reasonUnspecified
	}
	if !e.ServerVersion.valid() || e.ServerVersion > version {
		e.ServerVersion = version
	}
	return e
}

// refuse tells the peer why it may not log in.
func (s *session) refuse(e *AcceptConnectionEvent) error {
	reason := e.ErrorCode
	if reason <= reasonNormal || reason > reasonUnspecified {
		reason = reasonUnknownUser
	}
	if reason == reasonUnknownUser || reason == reasonPassword {
		s.conn.LoginFailed(e.ClientSSIDCode)
	}
	return s.abort(reason, e.ErrorDescription)
}

// holdBack delays the answer to a login. A peer that does not wait for it, or
// only closes its direction, gets none.
func (s *session) holdBack(delay time.Duration) error {
	if delay <= 0 {
		return nil
	}
	select {
	case <-time.After(delay):
		return nil
	case <-s.conn.Draining():
		return s.input(oftpstate.Input{Event: oftpstate.ReleaseRQ, Reason: reasonEmergency}, nil)
	case <-s.reader.last:
	}
	for { // up to the peer's last
		if _, err := s.receive(); err != nil {
			return err
		}
	}
}

// abort ends the session for a reason of ours.
func (s *session) abort(reason int, text string) error {
	s.finishAs((&SessionError{Reason: reason, Text: text}).coded())
	return s.input(oftpstate.Input{Event: oftpstate.ReleaseRQ, Reason: reason}, oftpwire.ESID{Reason: reason, Text: text})
}

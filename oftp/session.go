package oftp

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// A house is what all sessions of one server or client share.
type house struct {
	core     *tcpserver.Core
	values   *settings.Store[values]
	anchors  *anchors
	inbox    *oftpfile.Inbox
	receipts *receiptBook
}

func newHouse() *house {
	return &house{
		core:     tcpserver.NewCore(),
		values:   settings.NewStore(serverTable),
		anchors:  new(anchors),
		inbox:    oftpfile.NewInbox(),
		receipts: newReceiptBook(),
	}
}

// A session is the user monitor of RFC 5024 section 3: it drives the state
// machine by what comes from the peer and by what the application asks for.
//
// One goroutine at a time drives it. On a server that is the connection's own,
// which leaves the session to the application's methods while it waits in
// [session.park]; a client's methods always drive it themselves. All fields
// without a word to the contrary belong to whoever drives.
type session struct {
	house  *house
	c      *Connection
	conn   *tcpserver.Conn
	events *Events
	caller bool // we are the initiator

	m       *oftpstate.Machine
	level   oftpwire.Level // of the commands exchanged
	ended   error          // why the session is over; errOver after a normal end
	esid    string         // text of the peer's ESID
	out     []byte         // the command being sent
	current *[]byte        // the exchange buffer being looked at, to be given back
	timer   *time.Timer
	here    bool // a method drives: events are delivered to its caller
	turns   int  // how often the turn has come back while a method was driving

	reader reader
	turn   turn

	over        atomic.Bool // ended is set; any goroutine
	interrupted atomic.Bool // Interrupt was called; any goroutine
	sending     atomic.Bool // SendFile is under way; any goroutine
	logoff      atomic.Bool // Logoff was called while the peer had the turn; any goroutine
}

// errOver is the end of a session by ESID 00, in either direction.
var errOver = errors.New("the session has ended")

// attach makes the Connection of a new connection, with a session that has not
// begun.
func (h *house) attach(conn *tcpserver.Conn, events *Events, start *settings.Store[connValues], version Version, caller bool) *Connection {
	c := &Connection{conn: conn, settings: settings.From(start)}
	c.session = &session{
		house:  h,
		c:      c,
		conn:   conn,
		events: events,
		caller: caller,
		m:      oftpstate.New(start.Load().parameters(version), caller),
		level:  version.level(),
		timer:  time.NewTimer(0),
	}
	c.session.timer.Stop()
	c.session.turn.changed = make(chan struct{}, 1)
	c.session.reader.init()
	return c
}

func (s *session) values() *values { return s.house.values.Load() }

// received is one exchange buffer of the peer. For DATA there is a payload and
// no command, which saves an allocation for each.
type received struct {
	cmd     oftpwire.Command
	payload []byte // valid until the next receive
	isData  bool
}

// receive takes the peer's next command through the state machine. Its error
// means that the session is over.
func (s *session) receive() (received, error) {
	buf, err := s.next()
	if err != nil {
		return received{}, err
	}
	if len(buf) > 0 && oftpwire.ID(buf[0]) == oftpwire.IDDATA {
		s.trail(oftpwire.IDDATA, nil, buf, s.fromPeer())
		// A little more than agreed is let pass: peers count the header in.
		if len(buf) > s.m.Agreed().BufferSize+oftpwire.HeaderSize {
			return received{}, s.input(oftpstate.Input{Event: oftpstate.InvalidBuffer, Reason: 7}, nil)
		}
		return received{payload: buf[1:], isData: true}, s.input(oftpstate.Input{Event: oftpstate.DATA}, nil)
	}
	cmd, err := oftpwire.Parse(s.level, buf)
	if err != nil {
		var fault *oftpwire.Error
		errors.As(err, &fault)
		s.logf(LogInfo, "received an invalid command: %v", err)
		return received{}, s.input(oftpstate.Input{Event: oftpstate.InvalidBuffer, Reason: fault.Reason}, nil)
	}
	s.trail(cmd.ID(), cmd, buf, s.fromPeer())
	if esid, ok := cmd.(oftpwire.ESID); ok {
		s.esid = esid.Text
	}
	return received{cmd: cmd}, s.input(peerInput(cmd), nil)
}

// peerEvents are the machine's names for the peer's commands.
var peerEvents = map[oftpwire.ID]oftpstate.Event{
	oftpwire.IDSSRM: oftpstate.SSRM,
	oftpwire.IDSSID: oftpstate.SSID,
	oftpwire.IDSFID: oftpstate.SFID,
	oftpwire.IDSFPA: oftpstate.SFPA,
	oftpwire.IDSFNA: oftpstate.SFNA,
	oftpwire.IDCDT:  oftpstate.CDT,
	oftpwire.IDEFID: oftpstate.EFID,
	oftpwire.IDEFPA: oftpstate.EFPA,
	oftpwire.IDEFNA: oftpstate.EFNA,
	oftpwire.IDESID: oftpstate.ESID,
	oftpwire.IDCD:   oftpstate.CD,
	oftpwire.IDEERP: oftpstate.EERP,
	oftpwire.IDNERP: oftpstate.NERP,
	oftpwire.IDRTR:  oftpstate.RTR,
	oftpwire.IDSECD: oftpstate.SECD,
	oftpwire.IDAUCH: oftpstate.AUCH,
	oftpwire.IDAURP: oftpstate.AURP,
}

func peerInput(cmd oftpwire.Command) oftpstate.Input {
	in := oftpstate.Input{Event: peerEvents[cmd.ID()]}
	switch cmd := cmd.(type) {
	case oftpwire.SSID:
		in.Session = oftpstate.Parameters{
			Level:          int(cmd.Level),
			BufferSize:     cmd.BufferSize,
			Credit:         cmd.Credit,
			Mode:           connectionTypeOf(cmd.Direction).mode(),
			Compression:    cmd.Compression,
			Restart:        cmd.Restart,
			SpecialLogic:   cmd.SpecialLogic,
			Authentication: cmd.Authentication,
		}
	case oftpwire.SFID:
		in.Restart = cmd.Restart
	case oftpwire.SFPA:
		in.Restart = cmd.Restart
	case oftpwire.EFPA:
		in.Speaker = cmd.ChangeDirection
	case oftpwire.ESID:
		in.Reason = cmd.Reason
	}
	return in
}

// next waits for the peer's next exchange buffer, which is valid until the next
// call. Its error means that the session is over.
func (s *session) next() ([]byte, error) {
	if s.current != nil {
		giveBack(s.current)
		s.current = nil
	}
	buf, what := s.await()
	switch what {
	case expired:
		return nil, s.input(oftpstate.Input{Event: oftpstate.TimeOut}, nil)
	case draining:
		return nil, s.input(oftpstate.Input{Event: oftpstate.ReleaseRQ, Reason: reasonEmergency}, nil)
	case streamEnded:
		return nil, s.lost(s.reader.err)
	}
	s.current = buf
	return *buf, nil
}

// arrival is what waiting for the peer has led to.
type arrival int

const (
	arrived     arrival = iota // an exchange buffer
	streamEnded                // no other will come
	expired                    // for the Timeout, no octet has moved
	draining                   // the server is being shut down and nothing is under way
)

func (s *session) await() (*[]byte, arrival) {
	if s.drained() {
		return nil, draining
	}
	select { // most of the time a file is coming, and the next buffer is there
	case buf := <-s.reader.buffers:
		return taken(buf)
	default:
		return s.block()
	}
}

func taken(buf *[]byte) (*[]byte, arrival) {
	if buf == nil {
		return nil, streamEnded
	}
	return buf, arrived
}

func (s *session) block() (*[]byte, arrival) {
	var drain <-chan struct{}
	if s.mayLeave() {
		drain = s.conn.Draining()
	}
	var timer <-chan time.Time
	limit := s.conn.Timeout()
	if limit > 0 {
		s.timer.Reset(limit)
		defer s.timer.Stop()
		timer = s.timer.C
	}
	for {
		select {
		case buf := <-s.reader.buffers:
			return taken(buf)
		case <-drain:
			return nil, draining
		case <-timer:
			idle := s.conn.Idle()
			if idle >= limit {
				return nil, expired
			}
			s.timer.Reset(limit - idle)
		}
	}
}

// mayLeave reports whether nothing is under way. A peer that we have asked for
// the turn is waited for: it is to get the receipt of its file.
func (s *session) mayLeave() bool {
	return s.m.Listening() && s.m.State() != oftpstate.WaitCD
}

// drained reports whether the session is to end because the server is being
// shut down and nothing is under way.
func (s *session) drained() bool {
	if !s.mayLeave() {
		return false
	}
	select {
	case <-s.conn.Draining():
		return true
	default:
		return false
	}
}

// lost ends the session because the connection has.
func (s *session) lost(err error) error {
	var fault *oftpwire.Error
	switch {
	case errors.As(err, &fault):
		return s.input(oftpstate.Input{Event: oftpstate.InvalidBuffer, Reason: fault.Reason}, nil)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = trap.New(trap.CodeReset, "the peer closed the connection without ending the session")
	case err == nil:
		err = trap.ErrAborted
	}
	s.finishAs(err)
	_ = s.input(oftpstate.Input{Event: oftpstate.NetDiscIND}, nil) // the machine learns; the reason stands
	return s.ended
}

// input gives the machine an event and does what it answers. body is the
// command to be sent where the machine says only which. An error means that
// the session is over, or, if the application asked for what the state does
// not allow, that nothing has happened.
func (s *session) input(in oftpstate.Input, body oftpwire.Command) error {
	step, err := s.m.Input(in)
	if err != nil {
		return trap.New(CodeProtocol, "%w", err)
	}
	for _, action := range step.Actions {
		if err := s.perform(action, step, body); err != nil {
			s.finishAs(err)
			return s.ended
		}
	}
	if s.m.Ended() {
		s.finishAs(errOver)
	}
	return s.ended
}

// finishAs notes why the session is over; the first reason stands.
func (s *session) finishAs(err error) {
	if s.ended == nil {
		s.ended = err
		s.over.Store(true)
	}
}

// plain are the commands without content.
var plain = map[oftpstate.Action]oftpwire.Command{
	oftpstate.SendSSRM: oftpwire.SSRM{},
	oftpstate.SendCDT:  oftpwire.CDT{},
	oftpstate.SendCD:   oftpwire.CD{},
	oftpstate.SendRTR:  oftpwire.RTR{},
	oftpstate.SendSECD: oftpwire.SECD{},
}

func (s *session) perform(action oftpstate.Action, step oftpstate.Step, body oftpwire.Command) error {
	switch action {
	case oftpstate.SendSSID:
		return s.send(s.ssid())
	case oftpstate.SendESID:
		return s.send(oftpwire.ESID{Reason: step.Reason, Text: s.esidText(step.Reason, body)})
	case oftpstate.SendSFID, oftpstate.SendSFPA, oftpstate.SendSFNA,
		oftpstate.SendEFID, oftpstate.SendEFPA, oftpstate.SendEFNA,
		oftpstate.SendEERP, oftpstate.SendNERP:
		return s.send(body)
	case oftpstate.AbortIND:
		end := &SessionError{Reason: step.Reason, ByPeer: step.ByPeer}
		if step.ByPeer {
			end.Text = s.esid
		}
		s.finishAs(end.coded())
	}
	if cmd, ok := plain[action]; ok {
		return s.send(cmd)
	}
	return nil
}

// esidText is what ESID says in words: the application's words if it has any.
func (s *session) esidText(reason int, body oftpwire.Command) string {
	if esid, ok := body.(oftpwire.ESID); ok && esid.Text != "" {
		return esid.Text
	}
	if reason == reasonNormal {
		return ""
	}
	return esidTexts[reason]
}

// ssid is what this side says of itself: an offer, or the answer to one.
func (s *session) ssid() oftpwire.SSID {
	p, v := s.m.Agreed(), s.c.settings.Load()
	return oftpwire.SSID{
		Level:          oftpwire.Level(p.Level),
		Code:           v.ownSSID,
		Password:       v.ownPassword,
		BufferSize:     p.BufferSize,
		Direction:      wireDirections[p.Mode],
		Compression:    p.Compression,
		Restart:        p.Restart,
		Credit:         p.Credit,
		Authentication: p.Authentication,
	}
}

// send writes one command.
func (s *session) send(cmd oftpwire.Command) error {
	b, err := cmd.Append(append(s.out[:0], 0, 0, 0, 0), s.level)
	if err != nil {
		return trap.New(CodeBuild, "building %v: %w", cmd.ID(), err)
	}
	s.out = b
	oftpwire.PutHeader(b, len(b)-oftpwire.HeaderSize)
	s.trail(cmd.ID(), cmd, b[oftpwire.HeaderSize:], s.fromUs())
	_, err = s.conn.Write(b)
	return err
}

// fromUs and fromPeer are the component's directions, which speak of client
// and server.
func (s *session) fromUs() Direction {
	if s.caller {
		return FromClient
	}
	return FromServer
}

func (s *session) fromPeer() Direction { return FromServer - s.fromUs() }

// tell and ask deliver events; see tcpserver.Conn.
func (s *session) tell(event func()) {
	if s.here {
		s.conn.Here(event)
		return
	}
	s.conn.Tell(event)
}

func (s *session) ask(event func()) bool {
	if s.here {
		return s.conn.Here(event)
	}
	return s.conn.Ask(event)
}

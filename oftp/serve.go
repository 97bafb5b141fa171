package oftp

import (
	"errors"
	"time"

	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/tcpserver"
)

// farewell is how long the peer has for closing the connection after our ESID.
const farewell = 5 * time.Second

// A responderProtocol serves sessions that partners begin.
type responderProtocol struct{}

// Serve runs one session on the connection's goroutine.
func (responderProtocol) Serve(conn *tcpserver.Conn) error {
	s := conn.Attached().(*Connection).session
	go s.reader.run(conn, conn.Done())
	err := s.respond()
	for err == nil {
		if err = s.listen(); err == nil {
			err = s.speak()
		}
	}
	return s.leave(err)
}

// speak is the server's turn: receipts that are owed, then whatever the
// application wants, then it is the client's turn again.
func (s *session) speak() error {
	if err := s.sendReceipts(); err != nil {
		return err
	}
	hook := s.events.OnReadyToSend
	if hook == nil || s.logoff.Swap(false) || s.isOver() {
		return s.yield()
	}
	s.leaveToApplication(hook)
	switch {
	case s.ended != nil:
		return s.ended
	case !s.m.Speaking():
		return nil // what the client has sent since is for listen
	case s.reader.over() || s.reader.waiting():
		_, err := s.receive() // ESID, the end, or what has no place here
		return err
	}
	// The application has had its time, or the server is shutting down.
	if err := s.sendReceipts(); err != nil {
		return err
	}
	return s.yield()
}

// leaveToApplication offers the session to the application's methods, and tells
// it so, until the connection's goroutine has something to do. When the client
// has taken the turn meanwhile, at the end of a file, and given it back to the
// method that sent the file, that is news, too.
func (s *session) leaveToApplication(hook func(*ReadyToSendEvent)) {
	told := s.turns
	s.c.set(func(state *connState) { state.ready = true })
	s.offer()
	for v := again; v == again; {
		// Not s.tell: from offer on, the session may be somebody else's.
		s.conn.Tell(func() { hook(&ReadyToSendEvent{ConnectionID: s.conn.ID(), Connection: s.c}) })
		v = s.park(s.conn.Timeout(), func() verdict {
			switch {
			case !s.m.Speaking(), s.logoff.Swap(false):
				return resume
			case s.turns != told:
				told = s.turns
				return again
			}
			return stay
		})
	}
	s.c.set(func(state *connState) { state.ready = false })
}

// leave ends the connection of a session that is over: the result is what
// Disconnected tells.
func (s *session) leave(err error) error {
	if s.current != nil {
		giveBack(s.current)
		s.current = nil
	}
	if s.m.State() == oftpstate.WaitDisconnect && !s.values().disconnectAfterEndSession {
		s.awaitClose()
	}
	s.offer() // methods called from now on learn that it is over
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// awaitClose gives the peer time to read our ESID and close the connection.
func (s *session) awaitClose() {
	s.timer.Reset(farewell)
	buffers := s.reader.buffers
	for {
		select {
		case buf := <-buffers:
			if buf == nil {
				buffers = nil
				continue
			}
			crossed := oftpwire.ID((*buf)[0]) == oftpwire.IDESID
			giveBack(buf)
			if crossed {
				return // the peer has ended the session, too, and waits likewise
			}
		case <-s.reader.gone:
			return
		case <-s.timer.C:
			return
		}
	}
}

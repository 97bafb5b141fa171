package oftp

import (
	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// SendFile sends a file to the partner; nil means that the partner has confirmed
// it (EFPA). Its receipt is an event, EndResponse, now or in another session.
// SendFile may be called once ReadyToSend has fired, from its handler or any
// other goroutine, as often as there are files, until Logoff or
// ChangeDirection.
//
// If the partner asks for the turn at the end of the file, to send the receipt
// or files of its own, it gets it, and SendFile returns when it has given it
// back or ended the session; on a server ReadyToSend fires again then.
//
// Destination is the SFID code that the file is for, "" for the partner's own.
// FileName is the file's path, "" to read the connection's UploadStream.
// VirtualFileName is what the partner sees, at most 26 characters, "" for one
// made of the file's name.
//
// Codes: 679 the file cannot be read; 678 a name or code does not fit; 687 the
// partner refuses the file, see [FileError], or has the turn: wait for
// ReadyToSend; 10004 Interrupt; 10036 another method is using the session;
// 10057, 10054, 10060, 671 the session has ended.
func (c *Connection) SendFile(destination, fileName, virtualFileName string) error {
	s := c.session
	return s.drive(func() error {
		return s.speaking(func() error { return s.sendFile(destination, fileName, virtualFileName) })
	})
}

// SendEndResponse sends, for a received file whose EndTransfer had
// SendEndResponse false, the receipt (ReasonCode 0) or its opposite: at once if
// this side has the turn and nothing else is under way, else at the next
// occasion, in this session or another one with the partner.
//
// Codes: 680 nothing is owed for such a file, or more than one file matches;
// 678 a name or code does not fit; 688 the partner's version has no negative
// responses; 10045 signed responses.
func (c *Connection) SendEndResponse(e EndResponse) error {
	s := c.session
	if e.ReasonCode != 0 && c.Version() < Version14 {
		return trap.New(CodeNeeds20, "OFTP %v has no negative end responses: they came with 1.4", c.Version())
	}
	r, err := s.house.receiptFor(c.SSIDCode(), c.settings.Load().ownSFID, e)
	if err != nil {
		return err
	}
	s.house.receipts.owe(r)
	// That it cannot go out now is no failure: it will.
	_ = s.drive(func() error {
		if !s.m.Speaking() {
			return nil
		}
		if err := s.sendReceipts(); err != nil {
			return err
		}
		if c.settings.Load().cdAfterSendEndResponse && s.m.State() == oftpstate.IdleSpeaker {
			return s.input(oftpstate.Input{Event: oftpstate.CDRQ}, nil)
		}
		return nil
	})
	return nil
}

// ChangeDirection hands the turn over by hand (CD), after the receipts that are
// owed. Code 671: nothing was sent since the partner handed the turn over; the
// RFC then knows Logoff only.
func (c *Connection) ChangeDirection() error {
	s := c.session
	return s.drive(func() error {
		if !s.m.Speaking() {
			return nil // the partner has taken the turn itself
		}
		if err := s.sendReceipts(); err != nil {
			return err
		}
		return s.input(oftpstate.Input{Event: oftpstate.CDRQ}, nil)
	})
}

// Logoff says that there is nothing more to send. Receipts that are owed go
// out; then the session ends, or, if something was sent since the partner
// handed the turn over, the turn goes back and the partner ends it. Called
// while the partner has the turn, it does so when the turn comes. On a client's
// connection it is [Client.Logoff].
func (c *Connection) Logoff() error {
	s := c.session
	if s.caller {
		return s.drive(s.release)
	}
	err := s.drive(func() error {
		if !s.m.Speaking() {
			s.logoff.Store(true)
			return nil
		}
		if err := s.sendReceipts(); err != nil {
			return err
		}
		if err := s.yield(); err != errOver {
			return err
		}
		return nil
	})
	if trap.Code(err) == CodeSend {
		s.logoff.Store(true)
		s.turn.notify() // the turn may have come this moment
		return nil
	}
	return err
}

// Interrupt makes a running SendFile stop at the next exchange buffer and fail
// with code 10004. The session goes on; the partner sees counts that cannot be
// right and rejects what it has. Without a running SendFile it does nothing.
func (c *Connection) Interrupt() {
	if c.session.sending.Load() {
		c.session.interrupted.Store(true)
	}
}

// Disconnect closes the connection at once. It waits for nothing.
func (c *Connection) Disconnect() { c.conn.Close(nil) }

// ExchangeCertificate sends a certificate to the partner: it needs CMS and
// answers with code 10045 for now.
func (c *Connection) ExchangeCertificate(string, string, CertificateExchangeType) error {
	return notYet("ExchangeCertificate")
}

// The component's methods that take a ConnectionID. Each fails with code 126 if
// there is no such connection.

// SendFile is [Connection.SendFile] of the connection.
func (s *Server) SendFile(connectionID, destination, fileName, virtualFileName string) error {
	return s.on(connectionID, func(c *Connection) error {
		return c.SendFile(destination, fileName, virtualFileName)
	})
}

// SendEndResponse is [Connection.SendEndResponse] of the connection.
func (s *Server) SendEndResponse(connectionID string, e EndResponse) error {
	return s.on(connectionID, func(c *Connection) error { return c.SendEndResponse(e) })
}

// QueueEndResponse is SendEndResponse to a partner that may not be connected:
// the response goes out in its next session.
func (s *Server) QueueEndResponse(partnerSSIDCode string, e EndResponse) error {
	r, err := s.house.receiptFor(partnerSSIDCode, s.ServerSFIDCode, e)
	if err != nil {
		return err
	}
	s.house.receipts.owe(r)
	return nil
}

// ChangeDirection is [Connection.ChangeDirection] of the connection.
func (s *Server) ChangeDirection(connectionID string) error {
	return s.on(connectionID, (*Connection).ChangeDirection)
}

// Logoff is [Connection.Logoff] of the connection.
func (s *Server) Logoff(connectionID string) error { return s.on(connectionID, (*Connection).Logoff) }

// Interrupt is [Connection.Interrupt] of the connection.
func (s *Server) Interrupt(connectionID string) error {
	return s.on(connectionID, func(c *Connection) error { c.Interrupt(); return nil })
}

// Disconnect is [Connection.Disconnect] of the connection.
func (s *Server) Disconnect(connectionID string) error {
	return s.on(connectionID, func(c *Connection) error { c.Disconnect(); return nil })
}

// ExchangeCertificate is [Connection.ExchangeCertificate] of the connection.
func (s *Server) ExchangeCertificate(connectionID, clientSFIDCode, certificateStore string, t CertificateExchangeType) error {
	return s.on(connectionID, func(c *Connection) error {
		return c.ExchangeCertificate(clientSFIDCode, certificateStore, t)
	})
}

func (s *Server) on(connectionID string, do func(*Connection) error) error {
	c, ok := s.Connection(connectionID)
	if !ok {
		return tcpserver.NoConnection(connectionID)
	}
	return do(c)
}

package tcpserver

import (
	"time"

	"github.com/ediport/ediport/internal/split"
	"github.com/ediport/ediport/internal/trap"
)

// delivery is the push protocol of a [Server]: it speaks nothing, and delivers
// data as the connection's mode cuts it.
type delivery struct{}

// Open implements [PushProtocol]. There is no login.
func (delivery) Open(conn *Conn) error {
	conn.LoggedIn()
	return nil
}

// Data implements [PushProtocol].
func (delivery) Data(conn *Conn, p []byte) (used int, err error) {
	c := attached(conn)
	for used < len(p) && !conn.held() {
		piece, n, whole := c.current().Next(*c.cutBy, p[used:])
		used += n
		if !whole {
			break
		}
		c.deliver(piece)
	}
	return used, nil
}

// Writable implements [PushProtocol].
func (delivery) Writable(conn *Conn) {
	c := attached(conn)
	if hook := c.made.events.OnReadyToSend; hook != nil {
		hook(&ReadyToSendEvent{ConnectionID: conn.ID(), Connection: c})
	}
}

// Tick implements [PushProtocol].
func (delivery) Tick(*Conn, time.Time) {}

// Closed implements [PushProtocol]. The rest of a line is delivered, for the
// program has no other chance to get it; the rest of a record is no record.
func (delivery) Closed(conn *Conn, rest []byte, _ error) {
	c := attached(conn)
	for len(rest) > 0 {
		piece, n, whole := c.current().Rest(*c.cutBy, rest)
		if !whole {
			conn.run.reportHere(conn, trap.New(trap.CodeReset, "%v ended after %d of the %d octets of a record", conn.remote, len(rest), c.RecordLength()))
			return
		}
		rest = rest[n:]
		c.deliver(piece)
	}
}

// current is the splitter, ready for the mode as it is now.
func (c *Connection) current() *split.Splitter {
	if mode := c.mode.Load(); mode != c.cutBy {
		c.cutBy = mode
		c.splitter.Reset()
	}
	return &c.splitter
}

func (c *Connection) deliver(piece split.Piece) {
	if hook := c.made.events.OnDataIn; hook != nil {
		hook(&DataInEvent{ConnectionID: c.conn.ID(), Connection: c, TextB: piece.Data, EOL: piece.EOL})
	}
}

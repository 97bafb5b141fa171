package oftp

import (
	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/oftpwire"
)

// A transfer is one file on its way, as the events show it.
type transfer struct {
	direction Direction
	sfid      oftpwire.SFID
	date      string // by VirtualFileDateFormat
	localFile string
	size      int64
	scratch   []byte // octets for the Transfer event
}

func (s *session) newTransfer(d Direction, sfid oftpwire.SFID) *transfer {
	return &transfer{direction: d, sfid: sfid, date: formatStamp(s.values().dateFormat, sfid.Stamp)}
}

// started fires StartTransfer.
func (t *transfer) started(s *session) {
	hook := s.events.OnStartTransfer
	if hook == nil {
		return
	}
	e := &StartTransferEvent{
		ConnectionID:    s.conn.ID(),
		Connection:      s.c,
		Direction:       t.direction,
		LocalFile:       t.localFile,
		VirtualFileName: t.sfid.Name,
		VirtualFileDate: formatStamp(datefmt.Default, t.sfid.Stamp),
		Destination:     t.sfid.Destination,
		Originator:      t.sfid.Originator,
	}
	s.tell(func() { hook(e) })
}

// moved fires Transfer; payload is that of a DATA buffer received, nil when
// sending. The session waits for the handler, so that it cannot be overrun.
func (t *transfer) moved(s *session, total int64, payload []byte) {
	hook := s.events.OnTransfer
	if hook == nil {
		return
	}
	e := &TransferEvent{
		ConnectionID:     s.conn.ID(),
		Connection:       s.c,
		Direction:        t.direction,
		LocalFile:        t.localFile,
		VirtualFileName:  t.sfid.Name,
		VirtualFileDate:  t.date,
		Destination:      t.sfid.Destination,
		Originator:       t.sfid.Originator,
		BytesTransferred: total,
	}
	if payload != nil {
		e.Text = t.decode(payload)
	}
	s.ask(func() { hook(e) })
}

// decode returns the octets of the file that a payload stands for. A payload
// that is broken has been found out before.
func (t *transfer) decode(payload []byte) []byte {
	t.scratch = t.scratch[:0]
	records := oftpwire.Split(payload)
	for {
		sub, ok, err := records.Next()
		if !ok || err != nil {
			return t.scratch
		}
		t.scratch = sub.Append(t.scratch)
	}
}

// ended fires EndTransfer, with a reason of NERP, 0 for success. It reports whether the end response of a received file is to be sent at once.
func (t *transfer) ended(s *session, reason int, text string) bool {
	e := &EndTransferEvent{
		ConnectionID:    s.conn.ID(),
		Connection:      s.c,
		Direction:       t.direction,
		LocalFile:       t.localFile,
		VirtualFileName: t.sfid.Name,
		VirtualFileDate: t.date,
		Destination:     t.sfid.Destination,
		Originator:      t.sfid.Originator,
		ReasonCode:      reason,
		ReasonText:      text,
		FileSize:        t.size,
		// An intermediary forwards the receipt of the final recipient.
		SendEndResponse: t.direction == s.fromPeer() && s.c.ours(t.sfid.Destination),
	}
	hook := s.events.OnEndTransfer
	if hook == nil {
		return e.SendEndResponse
	}
	heard := false
	s.ask(func() { heard = true; hook(e) })
	if !heard { // the connection ended while the event was queued: what became of the file is told all the same
		later := *e
		s.tell(func() { hook(&later) })
	}
	return e.SendEndResponse
}

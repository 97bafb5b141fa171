package oftp

import (
	"slices"
	"sync"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// A receipt is an end response that this side owes: EERP with reason 0, else
// NERP. It repeats the identity of the file octet for octet.
type receipt struct {
	partner     string // SSID code of the session partner it goes to
	name        string
	stamp       oftpwire.Stamp
	destination string // the originator of the file
	originator  string // the destination of the file
	creator     string
	reason      int
	text        string
}

// A receiptBook holds the receipts that are owed to partners until one of
// their sessions takes them. Any goroutine may use it.
type receiptBook struct {
	mu       sync.Mutex
	due      map[string][]*receipt // to be sent, by partner, oldest first
	deferred map[string][]*receipt // to be completed by SendEndResponse, by partner
}

func newReceiptBook() *receiptBook {
	return &receiptBook{due: make(map[string][]*receipt), deferred: make(map[string][]*receipt)}
}

// owe notes a receipt that is to be sent at the next occasion.
func (b *receiptBook) owe(r *receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due[r.partner] = append(b.due[r.partner], r)
}

// keep notes a receipt that the application will decide about.
func (b *receiptBook) keep(r *receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deferred[r.partner] = append(b.deferred[r.partner], r)
}

// release makes a kept receipt one that is to be sent, unless the application
// has completed it.
func (b *receiptBook) release(r *receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if remove(b.deferred, r.partner, func(kept *receipt) bool { return kept == r }) != nil {
		b.due[r.partner] = append(b.due[r.partner], r)
	}
}

// take removes the oldest receipt that can be sent at a level; nil if there is
// none.
func (b *receiptBook) take(partner string, l oftpwire.Level) *receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return remove(b.due, partner, func(r *receipt) bool { return r.fits(l) })
}

// putBack returns a receipt whose sending failed to the head of the queue.
func (b *receiptBook) putBack(r *receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due[r.partner] = slices.Insert(b.due[r.partner], 0, r)
}

// fits reports whether a receipt exists at a level: NERP came with 1.4.
func (r *receipt) fits(l oftpwire.Level) bool { return r.reason == 0 || l >= oftpwire.Level14 }

// complete removes the deferred receipt that matches. More than one match is an
// error, because the wrong file might be acknowledged.
func (b *receiptBook) complete(partner string, matches func(*receipt) bool) (*receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count := 0
	for _, r := range b.deferred[partner] {
		if matches(r) {
			count++
		}
	}
	if count > 1 {
		return nil, trap.New(CodeDate, "%d files match: set VirtualFileDateFormat=yyyyMMddHHmmssffff, which tells them apart", count)
	}
	return remove(b.deferred, partner, matches), nil
}

func remove(m map[string][]*receipt, partner string, matches func(*receipt) bool) *receipt {
	list := m[partner]
	i := slices.IndexFunc(list, matches)
	if i < 0 {
		return nil
	}
	r := list[i]
	switch {
	case len(list) == 1:
		delete(m, partner) // partners come and go; the book does not grow with them
	case i == 0: // the usual one: however many a partner has left, it costs nothing
		list[0] = nil
		m[partner] = list[1:]
	default:
		m[partner] = slices.Delete(list, i, i+1)
	}
	return r
}

// receipt is what this side owes for a received file.
func (t *transfer) receipt(s *session) *receipt {
	return &receipt{
		partner:     s.c.SSIDCode(),
		name:        t.sfid.Name,
		stamp:       t.sfid.Stamp,
		destination: t.sfid.Originator,
		originator:  t.sfid.Destination,
		creator:     s.c.settings.Load().ownSFID,
	}
}

// sendReceipts sends what is owed to the partner. The session is the Speaker.
func (s *session) sendReceipts() error {
	for {
		r := s.house.receipts.take(s.c.SSIDCode(), s.level)
		if r == nil {
			return nil
		}
		if err := s.sendReceipt(r); err != nil {
			return err
		}
	}
}

// sendReceipt sends one end response and waits until the peer is ready again.
// If that fails the receipt stays owed: to get it twice harms nobody.
func (s *session) sendReceipt(r *receipt) error {
	event, cmd := r.command(s.level)
	if err := s.input(oftpstate.Input{Event: event}, cmd); err != nil {
		s.house.receipts.putBack(r)
		return err
	}
	for s.m.State() == oftpstate.WaitRTR {
		if _, err := s.receive(); err != nil {
			s.house.receipts.putBack(r)
			return err
		}
	}
	if s.values().fireEndResponseOnSend {
		s.endResponse(r, ResponseSent)
	}
	return nil
}

func (r *receipt) command(l oftpwire.Level) (oftpstate.Event, oftpwire.Command) {
	if r.reason == 0 {
		return oftpstate.EERPRQ, oftpwire.EERP{
			Name: r.name, Stamp: r.stamp.At(l), Destination: r.destination, Originator: r.originator,
		}
	}
	return oftpstate.NERPRQ, oftpwire.NERP{
		Name: r.name, Stamp: r.stamp.At(l), Destination: r.destination, Originator: r.originator,
		Creator: r.creator, Reason: r.reason, Text: r.text,
	}
}

// receiveEERP and receiveNERP tell the application of an end response, and the
// peer that we are ready for the next command.
func (s *session) receiveEERP(cmd oftpwire.EERP) error {
	s.endResponse(&receipt{
		name: cmd.Name, stamp: cmd.Stamp, destination: cmd.Destination, originator: cmd.Originator,
	}, ResponseReceived)
	return s.input(oftpstate.Input{Event: oftpstate.RTRRS}, nil)
}

func (s *session) receiveNERP(cmd oftpwire.NERP) error {
	s.endResponse(&receipt{
		name: cmd.Name, stamp: cmd.Stamp, destination: cmd.Destination, originator: cmd.Originator,
		creator: cmd.Creator, reason: max(cmd.Reason, 1), text: cmd.Text,
	}, ResponseReceived)
	return s.input(oftpstate.Input{Event: oftpstate.RTRRS}, nil)
}

func (s *session) endResponse(r *receipt, d ResponseDirection) {
	hook := s.events.OnEndResponse
	if hook == nil {
		return
	}
	e := &EndResponseEvent{
		ConnectionID:    s.conn.ID(),
		Connection:      s.c,
		VirtualFileName: r.name,
		VirtualFileDate: s.c.dateText(r.stamp),
		Destination:     r.destination,
		Originator:      r.originator,
		ReasonCode:      r.reason,
		Direction:       d,
	}
	if r.reason != 0 {
		e.Creator, e.ReasonText = r.creator, r.text
		if e.ReasonText == "" {
			e.ReasonText = endText(r.reason)
		}
	}
	s.tell(func() { hook(e) })
}

// An EndResponse says of a received file, after EndTransfer with
// SendEndResponse false, what became of it.
type EndResponse struct {
	VirtualFileName string // as in EndTransfer
	VirtualFileDate string // as in EndTransfer
	Destination     string // the file's originator, at the partner; "" matches any
	Originator      string // the file's destination, usually ServerSFIDCode; "" matches any
	Creator         string // of a negative response; "" is Originator
	ReasonCode      int    // 0 acknowledges (EERP); else a reason of NERP, from OFTP 1.4
	ReasonText      string // OFTP 2.0; "" is the text of the code

	// FileHash and Signature belong to signed responses, which need CMS: they
	// must be empty for now (10045).
	FileHash  string
	Signature string
}

// receiptFor finds what is owed, or makes a receipt out of what the response
// says itself, for an intermediary that forwards one. Such a response must have
// a date that loses nothing.
func (h *house) receiptFor(partner, own string, e EndResponse) (*receipt, error) {
	if e.FileHash != "" || e.Signature != "" {
		return nil, notYet("a signed end response")
	}
	if e.ReasonCode < 0 || e.ReasonCode > 99 {
		return nil, trap.New(trap.CodeInvalidArgument, "ReasonCode %d: use 0, or a reason of RFC 5024 section 5.3.14", e.ReasonCode)
	}
	if err := checkCode(e.Creator); err != nil {
		return nil, trap.New(CodeBuild, "Creator: %w", err)
	}
	layout := h.values.Load().dateFormat
	r, err := h.receipts.complete(partner, func(r *receipt) bool {
		return r.name == e.VirtualFileName &&
			(e.Destination == "" || r.destination == e.Destination) &&
			(e.Originator == "" || r.originator == e.Originator) &&
			formatStamp(layout, r.stamp) == e.VirtualFileDate
	})
	if err != nil {
		return nil, err
	}
	if r == nil {
		if r, err = forwarded(partner, own, layout, e); err != nil {
			return nil, err
		}
	}
	r.reason, r.text = e.ReasonCode, e.ReasonText
	if e.Creator != "" {
		r.creator = e.Creator
	}
	if r.text == "" {
		r.text = endText(r.reason)
	}
	return r, nil
}

func forwarded(partner, own, layout string, e EndResponse) (*receipt, error) {
	t, counter, err := datefmt.ParseLayout(layout, e.VirtualFileDate)
	if err != nil || counter == 0 || e.Destination == "" {
		return nil, trap.New(CodeDate, "no response is owed to %s for %q of %q; to forward one, give Destination and set VirtualFileDateFormat=yyyyMMddHHmmssffff",
			partner, e.VirtualFileName, e.VirtualFileDate)
	}
	date, clock := datefmt.ToStamp(t, counter)
	r := &receipt{
		partner:     partner,
		name:        e.VirtualFileName,
		stamp:       oftpwire.Stamp{Date: date, Time: clock},
		destination: e.Destination,
		originator:  e.Originator,
		creator:     own,
	}
	if r.originator == "" {
		r.originator = own
	}
	// What cannot be built would end each session with the partner.
	_, cmd := r.command(oftpwire.Level20)
	if _, err := cmd.Append(nil, oftpwire.Level20); err != nil {
		return nil, trap.New(CodeBuild, "building the end response for %q: %w", e.VirtualFileName, err)
	}
	return r, nil
}

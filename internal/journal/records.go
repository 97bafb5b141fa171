package journal

import "time"

// A FileID is the identity of a virtual file, octet for octet as in its SFID
// (RFC 5024, section 5.3.3). A receipt repeats it with originator and
// destination exchanged; here they keep the meaning they have for the file.
//
// Levels below 1.4 have shorter stamps. Whoever wants one file to have one
// identity at all levels gives every stamp the form of level 2.0.
type FileID struct {
	Name        string // SFIDDSN
	Date        string // SFIDDATE: CCYYMMDD
	Time        string // SFIDTIME: HHMMSScccc, with the counter
	Originator  string // SFIDORIG
	Destination string // SFIDDEST
}

// A Receipt is an end response that this side owes to a partner: EERP if Reason
// is 0, else NERP (RFC 5024, sections 5.3.13 and 5.3.14). As a change it joins
// the end of the partner's queue.
type Receipt struct {
	Partner    string // SSID code of the session partner it goes to
	File       FileID
	User       string // EERPUSER
	Reason     int    // NERPREAS, 0 to 99
	ReasonText string // NERPREAST
	Creator    string // NERPCREA
	Hash       []byte // EERPHSH or NERPHSH
	Signature  []byte // EERPSIG or NERPSIG

	// Held says that the application will decide about the file later. The
	// receipt waits for that: Take passes it over unless it is asked for. To
	// complete it, take it, and commit in one call that it is settled and
	// that another one is owed.
	Held bool
	Owed time.Time // since when
}

// Owed is a receipt in its queue.
type Owed struct {
	Receipt
	Number uint64 // tells the receipts of a partner apart, rising with age
}

// Settled is the change that removes the receipt: it was delivered, or another
// one takes its place.
func (o Owed) Settled() Settled { return Settled{Partner: o.Partner, Number: o.Number} }

// Settled is the change that removes a receipt from its queue. One that is gone
// already is no error.
type Settled struct {
	Partner string
	Number  uint64
}

// Received is a file that is safe at its place. As a change it notes the file;
// if it is known already, that fails with [ErrKnown].
type Received struct {
	File    FileID
	Partner string // SSID code of the session partner it came from
	Path    string // where it is
	At      time.Time

	// Again, in a change, lets a known file be received once more: what was
	// noted before is replaced. It is false in what the journal returns.
	Again bool
}

// A State tells how far a file that was sent has come. It only rises.
type State int

// The states of a file that was sent.
const (
	Offered      State = iota + 1 // sent up to EFID; the partner has not said yet that it has the file
	Accepted                      // EFPA has come: the partner has the file
	Acknowledged                  // EERP has come: the destination has the file
	Refused                       // NERP has come: the file will not reach its destination
)

// String returns the state in one word.
func (s State) String() string {
	if s > 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return stateNames[0]
}

var stateNames = [...]string{"unknown", "offered", "accepted", "acknowledged", "refused"}

// Sent is a file that was sent. As a change it notes the file, and replaces what
// an earlier attempt has left.
type Sent struct {
	File    FileID
	Partner string // SSID code of the session partner it went to
	Path    string // where it came from
	State   State
	At      time.Time // when it was sent

	// What the partner has said, as the [Answer] had it.
	AnsweredAt time.Time
	Reason     int
	ReasonText string
	Creator    string
}

// An Answer is the change that says how far a file has come. It raises the
// state of a file that was sent. The first EERP or NERP counts, and files that
// the journal does not know stay unknown: neither is an error.
type Answer struct {
	File       FileID
	State      State // Accepted, Acknowledged or Refused
	At         time.Time
	Reason     int    // NERPREAS
	ReasonText string // NERPREAST
	Creator    string // NERPCREA
}

// answered returns the file after an answer, and whether that changes it.
func (s Sent) answered(a Answer) (Sent, bool) {
	if s.State >= Acknowledged || a.State <= s.State {
		return s, false
	}
	s.State, s.AnsweredAt = a.State, a.At
	s.Reason, s.ReasonText, s.Creator = a.Reason, a.ReasonText, a.Creator
	return s, true
}

// A RestartKey is the identity of a transfer that may go on in a later session.
type RestartKey struct {
	Partner  string // SSID code of the session partner
	File     FileID
	Outgoing bool // this side is the one that sends
}

// A RestartPoint says where a broken transfer can go on. It also tells what was
// under way when the process died. As a change it replaces the point that the
// transfer had before.
type RestartPoint struct {
	RestartKey
	Path     string // the file that is sent, or the place where the received one goes
	Stored   string // what is on its way: the partial file, or the envelope made for sending
	Position int64  // SFPAACNT: records of formats F and V, else blocks of 1,024 octets
	At       time.Time
}

// RestartDone is the change that removes a restart point. One that is gone
// already is no error.
type RestartDone struct {
	RestartKey
}

// old reports whether a time lies beyond the horizon that concerns it.
func old(at, horizon time.Time) bool { return at.Before(horizon) }

func (h Horizon) hidesReceived(r Received) bool    { return old(r.At, h.Received) }
func (h Horizon) hidesRestart(p RestartPoint) bool { return old(p.At, h.Restarts) }

func (h Horizon) hidesSent(s Sent) bool {
	if s.State >= Acknowledged {
		return old(s.AnsweredAt, h.Answered)
	}
	return old(s.At, h.Unanswered)
}

package journal

import "bytes"

// A ticket names a receipt.
type ticket struct {
	partner string
	number  uint64
}

func (o Owed) ticket() ticket    { return ticket{o.Partner, o.Number} }
func (s Settled) ticket() ticket { return ticket{s.Partner, s.Number} }

// loans are the receipts that sessions have taken. They live in memory, so that
// the end of the process gives all of them back.
type loans map[ticket]bool

// take lends a receipt, unless it is lent already or not wanted.
func (l loans) take(o Owed, wanted func(Receipt) bool) bool {
	switch {
	case l[o.ticket()], wanted == nil && o.Held:
		return false
	case wanted != nil && !wanted(o.Receipt):
		return false
	}
	l[o.ticket()] = true
	return true
}

func (l loans) giveBack(receipts []Owed) {
	for _, o := range receipts {
		delete(l, o.ticket())
	}
}

// settle ends the loans of receipts that are gone.
func (l loans) settle(changes []Change) {
	for _, c := range changes {
		if s, ok := c.(Settled); ok {
			delete(l, s.ticket())
		}
	}
}

// clone returns a receipt that shares nothing with r.
func (r Receipt) clone() Receipt {
	r.Hash, r.Signature = bytes.Clone(r.Hash), bytes.Clone(r.Signature)
	return r
}

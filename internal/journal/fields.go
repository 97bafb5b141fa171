package journal

import "time"

// fields goes through the fields of a record. One list of them serves for
// writing, reading and checking, so that these cannot differ.
type fields interface {
	text(name string, s *string)
	octets(name string, b *[]byte)
	number(name string, n *int)
	count(name string, n *int64)
	ordinal(n *uint64) // of fixed size, sorts as its octets do
	flag(b *bool)
	moment(t *time.Time)
}

// A record is what the journal keeps: what it is found by, and the rest. The
// order of the fields is part of the file's format, see [version].
type record interface {
	key(f fields)
	rest(f fields)
	valid() error
}

func (id *FileID) all(f fields) {
	f.text("file name", &id.Name)
	f.text("date", &id.Date)
	f.text("time", &id.Time)
	f.text("originator", &id.Originator)
	f.text("destination", &id.Destination)
}

func (o *Owed) key(f fields) {
	f.text("partner", &o.Partner)
	f.ordinal(&o.Number)
}

func (o *Owed) rest(f fields) { o.Receipt.rest(f) }

func (r *Receipt) rest(f fields) {
	r.File.all(f)
	f.text("user data", &r.User)
	f.number("reason", &r.Reason)
	f.text("reason text", &r.ReasonText)
	f.text("creator", &r.Creator)
	f.octets("hash", &r.Hash)
	f.octets("signature", &r.Signature)
	f.flag(&r.Held)
	f.moment(&r.Owed)
}

func (r *Received) key(f fields) { r.File.all(f) }

func (r *Received) rest(f fields) {
	f.text("partner", &r.Partner)
	f.text("path", &r.Path)
	f.moment(&r.At)
}

func (s *Sent) key(f fields) { s.File.all(f) }

func (s *Sent) rest(f fields) {
	f.text("partner", &s.Partner)
	f.text("path", &s.Path)
	f.number("state", (*int)(&s.State))
	f.moment(&s.At)
	f.moment(&s.AnsweredAt)
	f.number("reason", &s.Reason)
	f.text("reason text", &s.ReasonText)
	f.text("creator", &s.Creator)
}

func (k *RestartKey) key(f fields) {
	f.text("partner", &k.Partner)
	k.File.all(f)
	f.flag(&k.Outgoing)
}

func (p *RestartPoint) rest(f fields) {
	f.text("path", &p.Path)
	f.text("stored file", &p.Stored)
	f.count("position", &p.Position)
	f.moment(&p.At)
}

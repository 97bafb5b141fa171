package journal

import (
	"math"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// Limits of what a record may hold. The longest field of the protocol is a
// signature, whose length has 16 bits. Keys of the file store are limited, too.
const (
	maxOctets = math.MaxUint16
	maxInKey  = 255
	maxReason = 99
)

func invalid(format string, args ...any) error {
	return trap.New(trap.CodeInvalidArgument, "the journal cannot note that: "+format, args...)
}

// checker is the visitor of fields that finds the first one out of its limits.
type checker struct {
	most int // octets of a text
	err  error
}

func (c *checker) length(name string, n int) {
	if n > c.most {
		c.fail("%s of %d octets, where %d are the most", name, n, c.most)
	}
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = invalid(format, args...)
	}
}

func (c *checker) text(name string, s *string)   { c.length(name, len(*s)) }
func (c *checker) octets(name string, b *[]byte) { c.length(name, len(*b)) }

func (c *checker) number(name string, n *int) {
	if *n < 0 || *n > math.MaxInt32 {
		c.fail("%s %d", name, *n)
	}
}

func (c *checker) count(name string, n *int64) {
	if *n < 0 {
		c.fail("%s %d", name, *n)
	}
}

func (c *checker) ordinal(*uint64)   {}
func (c *checker) flag(*bool)        {}
func (c *checker) moment(*time.Time) {}

// inLimits checks every field of a record, and the parts that each must have.
func inLimits(r record, partner string, id FileID) error {
	key, rest := checker{most: maxInKey}, checker{most: maxOctets}
	r.key(&key)
	r.rest(&rest)
	switch {
	case key.err != nil:
		return key.err
	case rest.err != nil:
		return rest.err
	case partner == "":
		return invalid("there is no partner for %q", id.Name)
	}
	return named(id)
}

func named(id FileID) error {
	c := checker{most: maxInKey}
	id.all(&c)
	if c.err == nil && id.Name == "" {
		return invalid("the file has no name")
	}
	return c.err
}

func reasonFits(reason int) error {
	if reason < 0 || reason > maxReason {
		return invalid("reason %d: use 0, or a reason of RFC 5024, section 5.3.14", reason)
	}
	return nil
}

func (o *Owed) valid() error { return o.Receipt.valid() }

func (r Receipt) valid() error {
	if err := reasonFits(r.Reason); err != nil {
		return err
	}
	return inLimits(&Owed{Receipt: r}, r.Partner, r.File)
}

func (s Settled) valid() error {
	if s.Partner == "" || len(s.Partner) > maxInKey {
		return invalid("a settled receipt of partner %.30q", s.Partner)
	}
	return nil
}

func (r Received) valid() error { return inLimits(&r, r.Partner, r.File) }

func (s Sent) valid() error {
	if s.State < Offered || s.State > Refused {
		return invalid("%q was sent with state %d", s.File.Name, int(s.State))
	}
	if err := reasonFits(s.Reason); err != nil {
		return err
	}
	return inLimits(&s, s.Partner, s.File)
}

func (a Answer) valid() error {
	if a.State < Accepted || a.State > Refused {
		return invalid("%q was answered with state %d", a.File.Name, int(a.State))
	}
	return Sent{
		File: a.File, Partner: "any", State: a.State,
		Reason: a.Reason, ReasonText: a.ReasonText, Creator: a.Creator,
	}.valid()
}

func (p RestartPoint) valid() error { return inLimits(&p, p.Partner, p.File) }
func (d RestartDone) valid() error  { return RestartPoint{RestartKey: d.RestartKey}.valid() }

package oftpwire

import "slices"

// The subrecord header (RFC 5024 section 7.2).
const (
	flagEnd   = 0x80 // last subrecord of the record
	flagRun   = 0x40 // one octet follows that stands for many
	countMask = 0x3F
	maxCount  = 63
)

// Subrecord is a part of a record within a data exchange buffer.
type Subrecord struct {
	Data   []byte // Count octets, or one if Repeat is set; part of the payload
	Count  int    // octets of the file that the subrecord stands for, 0 to 63
	Repeat bool   // Data[0] stands Count times
	End    bool   // the record ends here
}

// Append adds the octets of the file that the subrecord stands for.
func (s Subrecord) Append(b []byte) []byte {
	if !s.Repeat {
		return append(b, s.Data...)
	}
	return repeat(b, s.Data[0], s.Count)
}

func repeat(b []byte, octet byte, count int) []byte {
	for range count {
		b = append(b, octet)
	}
	return b
}

// Subrecords walks over the payload of a data exchange buffer without
// allocating.
type Subrecords struct {
	payload []byte
	pos     int
}

// Split returns the subrecords of a payload. It does no work; the payload must
// not change until the walk is over.
func Split(payload []byte) Subrecords { return Subrecords{payload: payload} }

// Subrecords never cross exchange buffers (RFC 5024 section 7.3), so one that
// does not fit means that the length of the buffer is wrong.
var errSubrecord = &Error{
	Reason:  reasonBufferSize,
	Command: IDDATA,
	Field:   "DATABUF",
	Detail:  "the buffer ends inside a subrecord",
}

// Next returns the next subrecord; ok is false at the end of the payload and on
// an error, which is an [*Error] with reason 7 and comes again if Next is called
// again. Subrecords of length zero are legal anywhere.
func (s *Subrecords) Next() (sub Subrecord, ok bool, err error) {
	if s.pos >= len(s.payload) {
		return Subrecord{}, false, nil
	}
	h, data := s.next()
	if data == nil {
		return Subrecord{}, false, errSubrecord
	}
	return Subrecord{
		Data:   data,
		Count:  int(h & countMask),
		Repeat: h&flagRun != 0,
		End:    h&flagEnd != 0,
	}, true, nil
}

// Record appends to b what is left of the current record: the octets up to the
// next end of a record, or to the end of the payload. The two are told apart by
// end. It does what a loop over [Subrecords.Next] does, but several times faster.
// An error is the one of Next; the octets before the fault are appended.
func (s *Subrecords) Record(b []byte) (out []byte, end bool, err error) {
	for s.pos < len(s.payload) {
		h, data := s.next()
		switch {
		case data == nil:
			return b, false, errSubrecord
		case h&flagRun != 0:
			b = repeat(b, data[0], int(h&countMask))
		default:
			b = append(b, data...)
		}
		if h&flagEnd != 0 {
			return b, true, nil
		}
	}
	return b, false, nil
}

// next returns the header and the data of the subrecord at pos, nil data if it
// does not fit. There must be an octet left.
func (s *Subrecords) next() (h byte, data []byte) {
	h = s.payload[s.pos]
	size := int(h & countMask)
	if h&flagRun != 0 {
		size = 1
	}
	from := s.pos + 1
	if size > len(s.payload)-from {
		return h, nil
	}
	s.pos = from + size
	return h, s.payload[from:s.pos:s.pos]
}

// AppendRecord adds the octets of p as subrecords to b for as long as the
// result is at most limit octets long; limit is the size of the exchange buffer
// plus what b holds before it. It returns n, the octets of p that found room,
// and done: that all of p is written, and with end set also the end of the
// record. If done is false, the buffer is full and the caller continues with
// p[n:] in the next.
//
// With compress set, runs of an octet become compressed subrecords. Both sides
// must have agreed to that in Start Session.
//
// AppendRecord does not allocate if b has the capacity.
func AppendRecord(b []byte, limit int, p []byte, end, compress bool) (out []byte, n int, done bool) {
	if len(p) == 0 {
		return appendEmpty(b, limit, end)
	}
	f := filler{b: b, limit: limit}
	if compress {
		n = f.compressed(p)
	} else {
		n = f.literal(p)
	}
	done = n == len(p)
	if done && end {
		f.b[f.last] |= flagEnd
	}
	return f.b, n, done
}

// appendEmpty ends a record that has no octets left.
func appendEmpty(b []byte, limit int, end bool) (out []byte, n int, done bool) {
	if !end {
		return b, 0, true
	}
	if len(b) >= limit {
		return b, 0, false
	}
	return append(b, flagEnd), 0, true
}

// filler appends subrecords to b up to limit octets.
type filler struct {
	b     []byte
	limit int
	last  int // index of the last subrecord header
}

// literal appends p in plain subrecords and returns how much of it found room.
func (f *filler) literal(p []byte) (n int) {
	n = f.full(p)
	k := min(len(p)-n, maxCount, f.limit-len(f.b)-1)
	if k <= 0 {
		return n
	}
	f.last = len(f.b)
	f.b = append(f.b, byte(k))
	f.b = append(f.b, p[n:n+k]...)
	return n + k
}

// full appends subrecords of 63 octets only, as many as p has and as have room.
// Copies of constant size compile to a handful of instructions; this loop is
// where a sender without compression spends its time.
func (f *filler) full(p []byte) (n int) {
	count := min(len(p)/maxCount, (f.limit-len(f.b))/(1+maxCount))
	if count <= 0 {
		return 0
	}
	start := len(f.b)
	f.b = slices.Grow(f.b, count*(1+maxCount))[:start+count*(1+maxCount)]
	dst := f.b[start:]
	for range count {
		d := (*[1 + maxCount]byte)(dst)
		d[0] = maxCount
		copy(d[1:], p[n:n+maxCount])
		dst = dst[1+maxCount:]
		n += maxCount
	}
	f.last = len(f.b) - 1 - maxCount
	return n
}

// compressed is literal with runs compressed.
func (f *filler) compressed(p []byte) (n int) {
	for n < len(p) {
		// p may be far longer than the buffer. What cannot fit is not searched,
		// but for the two octets that tell a run which starts at the end.
		room := max(f.limit-len(f.b), 0)
		plain := beforeRun(p[n:min(n+room+2, len(p))])
		took := f.literal(p[n : n+plain])
		n += took
		run := runLength(p[n:])
		if took < plain || run == 0 || f.limit-len(f.b) < 2 {
			return n
		}
		f.last = len(f.b)
		f.b = append(f.b, flagRun|byte(run), p[n])
		n += run
	}
	return n
}

// beforeRun returns how many octets stand before the first run that is worth
// compressing, which is one of three. Inside other octets it only breaks even, as
// it costs the header of what follows, but next to another run or at the edge of
// a subrecord it saves an octet; a run of two never does. Measured, the limit of
// three beats that of four on texts and programs alike.
func beforeRun(p []byte) int {
	for i := 0; i+2 < len(p); {
		switch {
		case p[i+1] != p[i+2]:
			i += 2 // no run starts at either of the two
		case p[i] != p[i+1]:
			i++
		default:
			return i
		}
	}
	return len(p)
}

// runLength returns how often p begins with the same octet, at most as often as
// a subrecord can say, and 0 if p is empty.
func runLength(p []byte) int {
	n := 0
	for n < min(len(p), maxCount) && p[n] == p[0] {
		n++
	}
	return n
}

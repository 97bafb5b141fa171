package oftpfile

import (
	"bytes"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

const (
	fixed    = oftpwire.Fixed
	variable = oftpwire.Variable
)

// Write takes the payload of one DATA buffer. It keeps nothing of it.
//
// The octets of U and T files are stored as they come; ends of records mean
// nothing there. Records of F and V get their separator. Some senders end no
// record of an F file but the last: one that is longer than RecordSize is cut
// into records of that length. Reason 5: a record of a V file is longer than
// RecordSize, or what is left over of an F record is shorter. Reason 6: see
// [Incoming.SetLimit]. Reason 12: the system cannot write, with the cause.
func (f *Incoming) Write(payload []byte) error {
	if f.err != nil {
		return f.err
	}
	if f.buffer == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	subs := oftpwire.Split(payload)
	records := f.layout.records()
	for {
		sub, ok, err := subs.Next()
		if err != nil {
			return f.fail(trap.Wrap(CodeReceive, err, "receiving "+f.name()))
		}
		if !ok {
			return nil
		}
		f.octets += int64(sub.Count)
		if !records {
			err = f.putData(sub)
		} else {
			err = f.putRecord(sub)
		}
		if err == nil && f.limit > 0 && f.disk+int64(f.filled) > f.limit {
			err = refuse(ReasonTooBig, CodeReceive, "receiving %s: it has more than the %d octets allowed", f.name(), f.limit)
		}
		if err != nil {
			return f.fail(err)
		}
	}
}

func (f *Incoming) begin() error {
	if !f.started {
		if err := f.Start(0); err != nil {
			return err
		}
	}
	f.buffer = getBuffer()
	return nil
}

// putData stores a subrecord in the buffer. One always fits after a flush.
func (f *Incoming) putData(sub oftpwire.Subrecord) error {
	if f.filled+sub.Count > bufferSize {
		if err := f.flush(); err != nil {
			return err
		}
	}
	to := f.buffer[f.filled : f.filled+sub.Count]
	if !sub.Repeat {
		copy(to, sub.Data)
	} else {
		for i := range to {
			to[i] = sub.Data[0]
		}
	}
	f.filled += sub.Count
	return nil
}

// putRecord stores a subrecord of an F or V file.
func (f *Incoming) putRecord(sub oftpwire.Subrecord) error {
	size := f.layout.RecordSize
	if f.layout.Format == fixed {
		for f.record+sub.Count > size {
			head, tail := divide(sub, size-f.record)
			if err := f.put(head); err != nil {
				return err
			}
			if err := f.endRecord(); err != nil {
				return err
			}
			f.split, sub = true, tail
		}
	}
	if f.record+sub.Count > size {
		return refuse(ReasonRecordLength, CodeReceive, "receiving %s: record %d has more than %d octets", f.name(), f.records+1, size)
	}
	if err := f.put(sub); err != nil || !sub.End {
		return err
	}
	if f.record == 0 && f.layout.Format == fixed {
		return nil // some senders end an empty file so
	}
	return f.endRecord()
}

// divide cuts a subrecord after n octets; the end stays with the tail.
func divide(sub oftpwire.Subrecord, n int) (head, tail oftpwire.Subrecord) {
	head, tail = sub, sub
	head.Count, head.End = n, false
	tail.Count -= n
	if !sub.Repeat {
		head.Data, tail.Data = sub.Data[:n], sub.Data[n:]
	}
	return head, tail
}

// put stores octets of the open record. A line feed within a record makes lines
// and records differ, so that the partial file cannot be counted any more.
func (f *Incoming) put(sub oftpwire.Subrecord) error {
	if f.layout.Format == variable && bytes.IndexByte(sub.Data, '\n') >= 0 {
		f.journal.disable()
	}
	f.record += sub.Count
	return f.putData(sub)
}

// endRecord puts the separator behind the open record.
func (f *Incoming) endRecord() error {
	if f.layout.Format == fixed && f.record < f.layout.RecordSize {
		if f.split || f.separator == "" {
			return refuse(ReasonRecordLength, CodeReceive,
				"receiving %s: record %d of an F file has %d octets instead of %d", f.name(), f.records+1, f.record, f.layout.RecordSize)
		}
		f.short++
		f.journal.disable()
	}
	if f.filled+len(f.separator) > bufferSize {
		if err := f.flush(); err != nil {
			return err
		}
	}
	f.filled += copy(f.buffer[f.filled:], f.separator)
	f.records++
	f.record, f.split = 0, false
	f.journal.mark = mark{f.records, f.disk + int64(f.filled)}
	return nil
}

// finish ends a record that the peer left open at the end of the file.
func (f *Incoming) finish() error {
	if f.err == nil && f.record > 0 {
		if err := f.endRecord(); err != nil {
			return f.fail(err)
		}
	}
	return f.err
}

// flush writes the buffer out and, now and then, notes how far the file is.
func (f *Incoming) flush() error {
	if f.filled == 0 {
		return nil
	}
	n, err := f.out.Write(f.buffer[:f.filled])
	f.disk += int64(n)
	f.filled = 0
	if err == nil && f.file != nil {
		err = f.journal.checkpoint(f.file, f.disk)
	}
	if err != nil {
		return access(CodeReceive, err, "writing "+f.name())
	}
	return nil
}

// spoilt is the largest octet count of an EFID before level 2.0.
const spoilt = 999_999_999_999

// Verify compares the counts of an EFID (RFC 5024, section 5.3.8) with what was
// received; a record that the peer left open is ended before. Reason 11: the
// octets differ. Reason 10: the records differ; U and T have none.
//
// Such an error is final: Commit refuses the file.
//
// Without strict the counts that known senders get wrong may differ: the
// records of every format, and the octets of T. The largest count that an EFID
// can hold is never a mistake: it says that the sender has given the file up.
func (f *Incoming) Verify(records, octets int64, strict bool) error {
	if err := f.finish(); err != nil {
		return err
	}
	switch {
	case octets != f.octets && (strict || f.layout.Format != oftpwire.Text || octets >= spoilt):
		return f.fail(refuse(ReasonOctetCount, CodeReceive, "%s has %d octets, the sender counts %d", f.name(), f.octets, octets))
	case strict && f.short > 0:
		return f.fail(refuse(ReasonOctetCount, CodeReceive, "%s has %d records shorter than %d octets", f.name(), f.short, f.layout.RecordSize))
	case strict && records != f.records:
		return f.fail(refuse(ReasonRecordCount, CodeReceive, "%s has %d records, the sender counts %d", f.name(), f.records, records))
	}
	return nil
}

func (f *Incoming) name() string {
	if f.file == nil {
		return "the stream"
	}
	return f.target.Path
}

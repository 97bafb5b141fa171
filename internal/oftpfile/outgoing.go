package oftpfile

import (
	"errors"
	"io"
	"math"
	"os"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// Outgoing is a virtual file on its way out. One goroutine at a time may use
// it. The file may change while it is sent: what was read is what counts.
type Outgoing struct {
	layout    Layout
	separator string
	name      string

	in     io.Reader
	file   *os.File // nil for a stream
	size   int64    // when it was opened, 0 for a stream
	buffer *[bufferSize]byte
	window []byte // what is read and not sent yet, a part of buffer
	ended  bool   // in has no more than window

	line    []byte // the rest of the record that is being sent
	open    bool   // such a record exists; line may be empty
	records int64
	octets  int64
	done    bool
	err     error
}

// OpenFile opens a file for sending. Errors have code 679, with the cause; a
// layout that cannot be has that of [Layout.Check].
func OpenFile(path string, l Layout) (*Outgoing, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	// The look before opening is for named pipes, where opening would wait.
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, access(CodeRead, err, "opening "+path+" for sending")
	}
	return &Outgoing{layout: l, separator: separators[l.Separator], name: path, in: file, file: file, size: info.Size()}, nil
}

// OpenStream sends what r gives until io.EOF. Its size is not known, so Blocks
// and End are 0. Close does not close r. A Layout that fails [Layout.Check]
// makes the first Fill fail.
func OpenStream(r io.Reader, l Layout) *Outgoing {
	return &Outgoing{layout: l, separator: separators[l.Separator], name: "the stream", in: r, err: l.Check()}
}

// Blocks returns the size in blocks of 1024 octets, rounded up, for SFIDFSIZ and
// SFIDOSIZ (RFC 5024, section 5.3.3). Separators count, being part of the file
// that is stored here.
func (f *Outgoing) Blocks() int64 { return f.size/block + min(f.size%block, 1) }

// End returns the last position that a restart can be at, in the units of
// [Incoming.Have]. For a V file it reads the file to count its records; 0 when
// that fails, or for a stream.
func (f *Outgoing) End() int64 {
	switch {
	case f.file == nil:
		return 0
	case !f.layout.records():
		return f.size / block
	case f.layout.Format == fixed:
		// The last record may lack its separator.
		return (f.size + int64(len(f.separator))) / f.layout.stride()
	}
	lines := OpenStream(io.NewSectionReader(f.file, 0, f.size), f.layout)
	defer lines.Close()
	for lines.nextRecord() {
	}
	if lines.err != nil {
		return 0
	}
	return lines.records
}

// Start skips what the peer has already: blocks of 1024 octets for U and T,
// records for F and V. What is skipped counts as sent. It must come before the
// first Fill. Code 687: the file is shorter. Code 679: it cannot be read.
func (f *Outgoing) Start(position int64) error {
	if f.err != nil || position == 0 {
		return f.err
	}
	if position < 0 || position > math.MaxInt64/block {
		return f.shorter(position)
	}
	if f.layout.records() {
		return f.skipRecords(position)
	}
	return f.skipOctets(position, position*block)
}

func (f *Outgoing) skipRecords(position int64) error {
	for f.records < position {
		if !f.nextRecord() {
			if f.err != nil {
				return f.err
			}
			return f.shorter(position)
		}
		f.octets += int64(len(f.line))
		f.open = false
	}
	return nil
}

func (f *Outgoing) skipOctets(position, octets int64) error {
	var n int64
	var err error
	if f.file == nil {
		n, err = io.CopyN(io.Discard, f.in, octets)
	} else if octets <= f.size {
		n, err = f.file.Seek(octets, io.SeekStart)
	}
	if err != nil && err != io.EOF {
		return f.fail(access(CodeRead, err, "reading "+f.name))
	}
	if n < octets {
		return f.shorter(position)
	}
	f.octets = octets
	return nil
}

func (f *Outgoing) shorter(position int64) error {
	return f.fail(trap.New(CodeSend, "%s ends before the restart position %d", f.name, position))
}

// Fill adds subrecords to b, which holds what stands before them in the
// exchange buffer already, until it has limit octets or the file ends. done
// means that b has the end of the last record and no further call is needed. For
// an empty file that comes at once, with nothing added: no DATA is sent then.
// Runs of octets become compressed subrecords if compress is set, to which the
// peer must have agreed. A limit that has no room for a subrecord behind what b
// holds adds nothing for ever.
//
// Code 687: a line of an F or V file does not fit the layout; the message has
// its number. Code 679: the file cannot be read.
func (f *Outgoing) Fill(b []byte, limit int, compress bool) (out []byte, done bool, err error) {
	if f.err != nil || f.done {
		return b, f.done, f.err
	}
	if f.layout.records() {
		out = f.fillRecords(b, limit, compress)
	} else {
		out = f.fillData(b, limit, compress)
	}
	return out, f.done, f.err
}

// fillData sends the file as one record.
func (f *Outgoing) fillData(b []byte, limit int, compress bool) []byte {
	for {
		if !f.top(max(limit-len(b), 1)) {
			return b
		}
		if len(f.window) == 0 {
			f.done = true
			return b
		}
		data := f.window
		if !f.ended {
			// One octet stays back, so that the end of the record never has to
			// go out alone.
			data = data[:len(data)-1]
		}
		out, n, done := oftpwire.AppendRecord(b, limit, data, f.ended, compress)
		f.window = f.window[n:]
		f.octets += int64(n)
		f.done = done && f.ended
		if f.done || !done {
			return out
		}
		b = out
	}
}

// fillRecords sends every line as a record.
func (f *Outgoing) fillRecords(b []byte, limit int, compress bool) []byte {
	for {
		if !f.open && !f.nextRecord() {
			f.done = f.err == nil
			return b
		}
		out, n, done := oftpwire.AppendRecord(b, limit, f.line, true, compress)
		f.line = f.line[n:]
		f.octets += int64(n)
		if !done {
			return out
		}
		f.open, b = false, out
	}
}

// Records returns how many records of an F or V file have been begun, those
// that Start skipped included: after the last Fill, the record count of the EFID.
// It is 0 for U and T.
func (f *Outgoing) Records() int64 { return f.records }

// Octets returns the user octets sent, those that Start skipped included: after
// the last Fill, the unit count of the EFID.
func (f *Outgoing) Octets() int64 { return f.octets }

// Close closes the file, but no stream, and gives the memory back.
func (f *Outgoing) Close() error {
	putBuffer(f.buffer)
	f.buffer, f.window, f.line, f.open = nil, nil, nil, false
	if f.err == nil {
		f.err = trap.New(CodeSend, "%s is closed", f.name)
	}
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.Close()
}

func (f *Outgoing) fail(err error) error {
	f.err = err
	return err
}

package oftpfile

import (
	"io"
	"os"
	"path/filepath"
)

// Incoming is a virtual file on its way in. One goroutine at a time may use it.
// A fault in Write is final: later calls return it again.
type Incoming struct {
	layout    Layout
	separator string
	limit     int64 // octets on disk, 0 for none

	out    io.Writer
	buffer *[bufferSize]byte // nil until something is written
	filled int
	disk   int64 // octets written to out, and kept from the partial file

	records, octets int64
	record          int  // octets in the record that is open
	split           bool // the open record continues one that had no end
	short           int64
	err             error

	// The rest is for files only.
	inbox   *Inbox
	target  Target
	partial string
	file    *os.File
	have    mark
	started bool
	closed  bool
	journal journal
}

func newIncoming(l Layout) *Incoming {
	return &Incoming{layout: l, separator: separators[l.Separator]}
}

// open finds or creates the hidden file.
func (f *Incoming) open() error {
	for _, dir := range []string{filepath.Dir(f.target.Path), filepath.Dir(f.partial)} {
		if err := os.MkdirAll(dir, folderMode); err != nil {
			return access(CodeReceive, err, "receiving "+f.target.Path)
		}
	}
	if err := checkFinal(f.target); err != nil {
		return err
	}
	if f.target.Keep {
		f.file, f.have = openPartial(f.partial, f.layout)
	}
	if f.file == nil {
		err := ignoreMissing(os.Remove(sidecar(f.partial)))
		if err == nil {
			f.file, err = createHidden(f.partial)
		}
		if err != nil {
			return access(CodeReceive, err, "receiving "+f.target.Path)
		}
	}
	f.out = f.file
	f.journal = journal{path: sidecar(f.partial), on: f.target.Keep && f.layout.records()}
	return nil
}

// SetLimit makes Write fail, reason 6, when the file gets more octets than this,
// as it lies on disk; 0 is no limit. Separators count: they are all that there
// is of empty records, which cost the sender one octet each.
func (f *Incoming) SetLimit(octets int64) { f.limit = octets }

// Have returns the position that a restart can be offered at, at most: blocks
// of 1024 octets for U and T, records for F and V, 0 when nothing is there.
func (f *Incoming) Have() int64 {
	if f.layout.records() {
		return f.have.records
	}
	return f.have.size / block
}

// Start sets the position, 0 to Have, that was agreed on in SFID and SFPA, and
// drops what the hidden file has behind it. It must come before the first
// Write; without it the file starts at 0.
func (f *Incoming) Start(position int64) error {
	if f.err != nil {
		return f.err
	}
	if f.started || position < 0 || position > f.Have() {
		return f.fail(refuse(ReasonUnspecified, CodeReceive,
			"receiving %s: restart at %d, but only %d is there", f.name(), position, f.Have()))
	}
	f.started = true
	if f.file == nil {
		return nil
	}
	at, err := f.locate(position)
	if err == nil {
		err = f.rewind(at)
	}
	if err != nil {
		return f.fail(access(CodeReceive, err, "restarting "+f.target.Path))
	}
	f.disk, f.records = at.size, at.records
	f.octets = at.size - at.records*int64(len(f.separator))
	return nil
}

// rewind makes the hidden file end at a mark. The journal goes first, so that
// it is never ahead of the file.
func (f *Incoming) rewind(at mark) error {
	f.journal.drop()
	if err := f.file.Truncate(at.size); err != nil {
		return err
	}
	if _, err := f.file.Seek(at.size, io.SeekStart); err != nil {
		return err
	}
	f.journal.mark, f.journal.synced = at, at.size
	if at.size == 0 {
		return nil
	}
	return f.journal.write()
}

// locate finds a position in the partial file.
func (f *Incoming) locate(position int64) (mark, error) {
	switch {
	case !f.layout.records():
		return mark{size: position * block}, nil
	case position == f.have.records:
		return f.have, nil
	case f.layout.Format == fixed:
		return mark{records: position, size: position * f.layout.stride()}, nil
	}
	return f.scan(position)
}

// scan counts the records of a V file. No record in a partial file that is
// offered holds a line feed, see [Incoming.put].
func (f *Incoming) scan(position int64) (mark, error) {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return mark{}, err
	}
	lines := OpenStream(f.file, f.layout)
	defer lines.Close()
	if err := lines.Start(position); err != nil {
		return mark{}, err
	}
	return mark{position, lines.octets + position*int64(len(f.separator))}, nil
}

// Records returns the records of an F or V file that have ended, those that a
// restart skipped included; 0 for U and T.
func (f *Incoming) Records() int64 { return f.records }

// Octets returns the user octets received, without separators, those that a
// restart skipped included.
func (f *Incoming) Octets() int64 { return f.octets }

func (f *Incoming) fail(err error) error {
	f.err = err
	return err
}

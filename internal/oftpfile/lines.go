package oftpfile

import (
	"bytes"
	"io"

	"github.com/ediport/ediport/internal/trap"
)

// maxEmptyReads is how often a reader may return nothing without an error.
const maxEmptyReads = 100

// top reads on unless the window has want octets or the input has ended. What
// window held moves to the front of the buffer. It is false after an error.
func (f *Outgoing) top(want int) bool {
	if f.ended || len(f.window) > want {
		return true
	}
	if f.buffer == nil {
		f.buffer = getBuffer()
	}
	n := copy(f.buffer[:], f.window)
	for empty := 0; n < bufferSize && !f.ended; {
		read, err := f.in.Read(f.buffer[n:])
		n += read
		if empty++; read > 0 {
			empty = 0
		}
		if err == nil && empty == maxEmptyReads {
			err = io.ErrNoProgress
		}
		if err != nil && err != io.EOF {
			f.fail(access(CodeRead, err, "reading "+f.name))
			return false
		}
		f.ended = err == io.EOF
	}
	f.window = f.buffer[:n]
	return true
}

// nextRecord makes the next line the record to be sent. It is false at the end
// of the file and after an error.
func (f *Outgoing) nextRecord() bool {
	size := f.layout.RecordSize
	if f.err != nil || !f.top(size+len(f.separator)) || len(f.window) == 0 {
		return false
	}
	length := f.lineLength(size)
	if length > size || (f.layout.Format == fixed && length != size) {
		f.fail(f.misfit(length))
		return false
	}
	f.line, f.open = f.window[:length], true
	f.window = f.window[min(length+len(f.separator), len(f.window)):]
	f.records++
	return true
}

// lineLength returns the length of the first line in the window; for a line
// that is longer than size, some number above size.
func (f *Outgoing) lineLength(size int) int {
	near := f.window[:min(size+len(f.separator), len(f.window))]
	if f.separator == "" {
		return len(near)
	}
	if i := bytes.Index(near, []byte(f.separator)); i >= 0 {
		return i
	}
	return len(near) // the last line without a separator, or too long
}

// misfit is the error for a line that does not fit the layout.
func (f *Outgoing) misfit(length int) error {
	if length > f.layout.RecordSize {
		return trap.New(CodeSend, "line %d of %s has more than the %d octets of a record; are RecordSize and RecordSeparator right?",
			f.records+1, f.name, f.layout.RecordSize)
	}
	return trap.New(CodeSend, "line %d of %s has %d octets; every record of an F file must have %d",
		f.records+1, f.name, length, f.layout.RecordSize)
}

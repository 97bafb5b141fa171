package oftpfile

import (
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// Values of the setting RecordSeparator: what stands behind each record of an F
// or V file on disk.
const (
	SeparatorCRLF = "CRLF"
	SeparatorLF   = "LF"
	SeparatorNone = "None" // for F only: the length tells the records apart
)

var separators = map[string]string{"": "\r\n", SeparatorCRLF: "\r\n", SeparatorLF: "\n", SeparatorNone: ""}

// maxRecord is the longest record that SFIDLRECL can announce.
const maxRecord = 99_999

// Layout says how the records of a virtual file lie on disk.
type Layout struct {
	// Format is SFIDFMT. The zero value stands for U.
	Format oftpwire.Format

	// RecordSize is SFIDLRECL: the length of every record for F, of the longest
	// for V, 1 to 99999 octets without separator; 0 for U and T.
	RecordSize int

	// Separator is one of the Separator constants; "" stands for CRLF. U and T
	// ignore it.
	Separator string
}

// Check reports whether files of this layout can exist. An unknown format has
// reason 4, a record size out of range 5, both with code 671; an unknown
// separator has code 10022.
func (l Layout) Check() error {
	separator, known := separators[l.Separator]
	if !known {
		return trap.New(trap.CodeInvalidArgument, "record separator %q: want CRLF, LF or None", l.Separator)
	}
	switch l.Format {
	case 0, oftpwire.Unstructured, oftpwire.Text:
		return nil
	case oftpwire.Fixed, oftpwire.Variable:
	default:
		return refuse(ReasonFormat, CodeReceive, "file format %q is none of U, T, F, V", byte(l.Format))
	}
	if l.RecordSize < 1 || l.RecordSize > maxRecord {
		return refuse(ReasonRecordLength, CodeReceive, "record size %d of a %v file: want 1 to %d", l.RecordSize, l.Format, maxRecord)
	}
	if separator == "" && l.Format == oftpwire.Variable {
		return trap.New(trap.CodeInvalidArgument, "records of a V file need a separator; None is for F")
	}
	return nil
}

// records reports whether the file has records that count.
func (l Layout) records() bool {
	return l.Format == oftpwire.Fixed || l.Format == oftpwire.Variable
}

// stride is the space that a record of an F file takes on disk.
func (l Layout) stride() int64 { return int64(l.RecordSize + len(separators[l.Separator])) }

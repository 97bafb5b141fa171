package oftp

import (
	"fmt"
	"slices"

	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
)

// Version is a version of the protocol, as the component numbers them.
type Version int

// The versions.
const (
	Version12 Version = iota // OFTP 1.2
	Version13                // OFTP 1.3, RFC 2204
	Version14                // OFTP 1.4
	Version20                // OFTP 2.0, RFC 5024
)

var versionLevels = [...]oftpwire.Level{
	Version12: oftpwire.Level12,
	Version13: oftpwire.Level13,
	Version14: oftpwire.Level14,
	Version20: oftpwire.Level20,
}

// String returns "1.2" to "2.0".
func (v Version) String() string {
	if !v.valid() {
		return fmt.Sprintf("Version(%d)", int(v))
	}
	return v.level().String()
}

func (v Version) valid() bool { return v >= Version12 && v <= Version20 }

func (v Version) level() oftpwire.Level { return versionLevels[v] }

// versionOf is the version whose level the peer names; levels between and above
// those that exist count as the next lower one.
func versionOf(l oftpwire.Level) Version {
	l = oftpwire.Lower(l, oftpwire.Level20)
	for v, level := range versionLevels {
		if level == l {
			return Version(v)
		}
	}
	return Version12
}

// FileFormat is the structure of a virtual file (RFC 5024, section 1.5.3).
type FileFormat int

// The formats.
const (
	Unstructured FileFormat = iota // octets without records
	Text                           // lines of at most 2048 characters, ended by CRLF, sent as they are
	Fixed                          // records of MaxRecordSize octets each
	Variable                       // records of at most MaxRecordSize octets
)

var wireFormats = [...]oftpwire.Format{
	Unstructured: oftpwire.Unstructured,
	Text:         oftpwire.Text,
	Fixed:        oftpwire.Fixed,
	Variable:     oftpwire.Variable,
}

func (f FileFormat) wire() oftpwire.Format { return wireFormats[f] }

func (f FileFormat) valid() bool { return f >= Unstructured && f <= Variable }

func formatOf(w oftpwire.Format) FileFormat {
	return FileFormat(max(0, slices.Index(wireFormats[:], w)))
}

// ConnectionType is the direction that files may take in a session, from the
// point of view of the side that announces it.
type ConnectionType int

// The directions.
const (
	SendAndReceive ConnectionType = iota
	SendOnly
	ReceiveOnly
)

var wireDirections = [...]oftpwire.Direction{
	SendAndReceive: oftpwire.Both,
	SendOnly:       oftpwire.SendOnly,
	ReceiveOnly:    oftpwire.ReceiveOnly,
}

// mode is the same in the machine's words, which numbers modes alike.
func (t ConnectionType) mode() oftpstate.Mode { return oftpstate.Mode(t) }

func connectionTypeOf(d oftpwire.Direction) ConnectionType {
	return ConnectionType(max(0, slices.Index(wireDirections[:], d)))
}

package oftpwire

import "fmt"

// ID is the first octet of an exchange buffer, which says what command it holds.
type ID byte

// The command identifiers of RFC 5024 section 5.3.
const (
	IDSSRM ID = 'I'
	IDSSID ID = 'X'
	IDSFID ID = 'H'
	IDSFPA ID = '2'
	IDSFNA ID = '3'
	IDDATA ID = 'D'
	IDCDT  ID = 'C'
	IDEFID ID = 'T'
	IDEFPA ID = '4'
	IDEFNA ID = '5'
	IDESID ID = 'F'
	IDCD   ID = 'R'
	IDEERP ID = 'E'
	IDNERP ID = 'N'
	IDRTR  ID = 'P'
	IDSECD ID = 'J'
	IDAUCH ID = 'A'
	IDAURP ID = 'S'
)

// since is the first level that knows the command.
var commandNames = map[ID]struct {
	name, long string
	since      Level
}{
	IDSSRM: {"SSRM", "Start Session Ready Message", Level12},
	IDSSID: {"SSID", "Start Session", Level12},
	IDSFID: {"SFID", "Start File", Level12},
	IDSFPA: {"SFPA", "Start File Positive Answer", Level12},
	IDSFNA: {"SFNA", "Start File Negative Answer", Level12},
	IDDATA: {"DATA", "Data Exchange Buffer", Level12},
	IDCDT:  {"CDT", "Set Credit", Level12},
	IDEFID: {"EFID", "End File", Level12},
	IDEFPA: {"EFPA", "End File Positive Answer", Level12},
	IDEFNA: {"EFNA", "End File Negative Answer", Level12},
	IDESID: {"ESID", "End Session", Level12},
	IDCD:   {"CD", "Change Direction", Level12},
	IDEERP: {"EERP", "End to End Response", Level12},
	IDNERP: {"NERP", "Negative End Response", Level14},
	IDRTR:  {"RTR", "Ready To Receive", Level12},
	IDSECD: {"SECD", "Security Change Direction", Level20},
	IDAUCH: {"AUCH", "Authentication Challenge", Level20},
	IDAURP: {"AURP", "Authentication Response", Level20},
}

// String returns the RFC's abbreviation, such as "SSID", and "0x7A" for an
// octet that is no command identifier.
func (id ID) String() string {
	if c, ok := commandNames[id]; ok {
		return c.name
	}
	return fmt.Sprintf("0x%02X", byte(id))
}

// Description returns the abbreviation with the RFC's long form, such as
// "SSID (Start Session)".
func (id ID) Description() string {
	if c, ok := commandNames[id]; ok {
		return c.name + " (" + c.long + ")"
	}
	return id.String() + " (unknown command)"
}

// knownAt reports whether level l has the command.
func (id ID) knownAt(l Level) bool {
	c, ok := commandNames[id]
	return ok && max(l, Level12) >= c.since
}

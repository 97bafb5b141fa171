package oftpfile

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/trap"
)

// Macros are the values that [Expand] puts into a pattern.
type Macros struct {
	VirtualFileName string

	// VirtualFileDate and Counter are the file's stamp.
	VirtualFileDate time.Time
	Counter         int

	// DateFormat is for dates whose macro names no format; "" stands for
	// [datefmt.Default].
	DateFormat string

	Originator, Destination, UserData string

	// CurrentTime is the time to show; the zero value stands for now.
	CurrentTime time.Time
}

// macros holds the values of the macros by name in lower case. The argument is
// the date format, "" unless the macro has one.
var macros = map[string]func(m *Macros, format string) string{
	"virtualfilename": func(m *Macros, _ string) string { return m.VirtualFileName },
	"virtualfiledate": func(m *Macros, format string) string { return datefmt.Format(format, m.VirtualFileDate, m.Counter) },
	"originator":      func(m *Macros, _ string) string { return m.Originator },
	"destination":     func(m *Macros, _ string) string { return m.Destination },
	"userdata":        func(m *Macros, _ string) string { return m.UserData },
	"currenttime":     func(m *Macros, format string) string { return datefmt.Format(format, m.CurrentTime, 0) },
	"guid":            func(*Macros, string) string { return newGUID() },
}

// dated are the macros that take a format after a colon.
var dated = map[string]bool{"virtualfiledate": true, "currenttime": true}

// CheckPattern reports whether [Expand] knows every macro of the pattern. The
// error has code 10022 and names the first that is not known; a date format at
// fault has code 680, see [datefmt.Check].
func CheckPattern(pattern string) error {
	if pattern == "" {
		return trap.New(trap.CodeInvalidArgument, "the pattern for file names is empty; the default is %%VirtualFileName%%")
	}
	return walk(pattern, func(string) {}, func(inner string) error {
		name, format := splitMacro(inner)
		_, known := macros[name]
		switch {
		case !known:
			return trap.New(trap.CodeInvalidArgument, "pattern %q: %%%s%% is no macro (a percent sign is written %%%%)", pattern, name)
		case format != "" && !dated[name]:
			return trap.New(trap.CodeInvalidArgument, "pattern %q: %%%s%% takes no format", pattern, name)
		case format != "":
			return datefmt.Check(format)
		}
		return nil
	})
}

// Expand fills the macros of a pattern for names of received files:
// %VirtualFileName%, %VirtualFileDate%, %Originator%, %Destination%,
// %UserData%, %CurrentTime%, %GUID%, in letters of any case; a date's macro may
// have a format, as in %CurrentTime:yyyyMMdd%. %% is a percent sign.
//
// Every value goes through [Clean], so none can leave its place in the path.
// The rest of the pattern is the operator's and may name folders. What
// [CheckPattern] refuses stays in the text.
func Expand(pattern string, m Macros) string {
	if m.DateFormat == "" {
		m.DateFormat = datefmt.Default
	}
	if m.CurrentTime.IsZero() {
		m.CurrentTime = time.Now()
	}
	var b strings.Builder
	literal := func(text string) { b.WriteString(text) }
	_ = walk(pattern, literal, func(inner string) error {
		name, format := splitMacro(inner)
		value, known := macros[name]
		if !known {
			b.WriteString("%" + inner + "%")
			return nil
		}
		if format == "" {
			format = m.DateFormat
		}
		b.WriteString(Clean(value(&m, format)))
		return nil
	})
	return disarm(b.String())
}

// walk calls literal for the text of a pattern, and macro for what stands between
// percent signs, in turn. It goes on to the end unless macro returns an error.
func walk(pattern string, literal func(text string), macro func(inner string) error) error {
	for rest := pattern; rest != ""; {
		text, after, found := strings.Cut(rest, "%")
		literal(text)
		if !found {
			return nil
		}
		inner, after, closed := strings.Cut(after, "%")
		if !closed {
			literal("%" + inner)
			return trap.New(trap.CodeInvalidArgument, "pattern %q: a macro is not closed (a percent sign is written %%%%)", pattern)
		}
		rest = after
		if inner == "" {
			literal("%")
			continue
		}
		if err := macro(inner); err != nil {
			return err
		}
	}
	return nil
}

func splitMacro(inner string) (name, format string) {
	name, format, _ = strings.Cut(inner, ":")
	return strings.ToLower(name), format
}

// disarm looks at the elements of the path once more: two harmless values, or a
// value and a literal, can make a device's name together.
func disarm(path string) string {
	var b strings.Builder
	for rest := path; rest != ""; {
		end := strings.IndexAny(rest, `/\`) + 1
		if end == 0 {
			end = len(rest)
		}
		if reserved(strings.TrimRight(rest[:end], `/\`)) {
			b.WriteByte('_')
		}
		b.WriteString(rest[:end])
		rest = rest[end:]
	}
	return b.String()
}

// newGUID returns a random UUID of version 4 (RFC 9562, section 5.4).
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, see its documentation
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

package datefmt

import (
	"fmt"
	"strings"

	"github.com/ediport/ediport/internal/trap"
)

// element is one piece of a layout: a verb of the table, or literal text.
type element struct {
	verb *verb
	text string // the literal, or the verb as written
	utc  bool   // a literal that says the time is in UTC: Z, or quoted GMT
}

// scanLayout cuts a layout into elements. Faulty pieces become literals, so
// that formatting always gives something, and the first of them is the error.
func scanLayout(layout string) ([]element, error) {
	var (
		elements []element
		fault    error
	)
	for rest := layout; rest != ""; {
		e, n, err := nextElement(rest)
		if err != nil && fault == nil {
			fault = trap.Wrap(CodeInvalidDate, err, fmt.Sprintf("date format %q", layout))
		}
		elements = append(elements, e)
		rest = rest[n:]
	}
	return elements, fault
}

// nextElement returns the first element of a layout that is not empty, and how
// many octets it takes.
func nextElement(s string) (e element, n int, err error) {
	switch c := s[0]; {
	case c == '\'' || c == '"':
		return quoted(s)
	case c == '\\':
		if len(s) == 1 {
			return element{text: s}, 1, trap.New(CodeInvalidDate, `nothing follows the \ at its end`)
		}
		return element{text: s[1:2]}, 2, nil
	case !isLetter(c) || c == 'T':
		return element{text: s[:1]}, 1, nil
	case c == 'Z':
		return element{text: s[:1], utc: true}, 1, nil
	}
	n = 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	word := s[:n]
	v, ok := verbs[word]
	if !ok {
		return element{text: word}, n, trap.New(CodeInvalidDate, "%q is no element of a date; text goes in quotes", word)
	}
	return element{verb: v, text: word}, n, nil
}

func quoted(s string) (e element, n int, err error) {
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return element{text: s[1:]}, len(s), trap.New(CodeInvalidDate, "the quote %q is not closed", s)
	}
	text := s[1 : 1+end]
	return element{text: text, utc: text == "GMT"}, end + 2, nil
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func inUTC(elements []element) bool {
	for _, e := range elements {
		if e.utc {
			return true
		}
	}
	return false
}

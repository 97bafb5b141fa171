package datefmt

import (
	"strings"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// CodeInvalidDate is the component's code for a date that cannot be read.
const CodeInvalidDate = 680

// Default is the layout of the component's dates when nothing else is set.
const Default = "MM/dd/yyyy HH:mm:ss"

// maxText bounds the texts that are taken: the longest form has 45 octets.
const maxText = 200

// accepted lists the forms that [Parse] takes: those of the component's
// document, then those of ISO 8601.
var accepted = []string{
	Default,
	"ddd, d MMM yy HH:mm:ss zzz",
	"ddd, d MMM yyyy HH:mm:ss zzz",
	"d MMM yy HH:mm:ss zzz",
	"d MMM yyyy HH:mm:ss zzz",
	"dd-MMM-yyyy HH:mm:ss",
	"ddd, d MMM yy HH:mm:ss z",
	"ddd, d MMM yyyy HH:mm:ss z",
	"ddd, dd MMM yyyy HH:mm:ss 'GMT'",
	"dddd, MMMM dd, yyyy h:mm:ss tt",
	"dddd, MMMM dd yyyy h:mm tt",
	"yyMMddHHmmssZ",
	"yyyyMMddHHmmssZ",
	"yyMMddHHmmsszzzz",
	"yyyyMMddHHmmsszzzz",
	"yyyyMMddHHmmssffff",
	"yyyy-MM-dd",
	"yyyy-MM-dd HH:mm:ss",
	"yyyy-MM-ddTHH:mm:ss",
	"yyyy-MM-ddTHH:mm:ssZ",
	"yyyy-MM-ddTHH:mm:sszzz",
}

var acceptedElements = func() [][]element {
	var all [][]element
	for _, layout := range accepted {
		elements, _ := scanLayout(layout)
		all = append(all, elements)
	}
	return all
}()

// Check reports whether layout is made of known elements only. The error has
// code 680 and names the first that is not.
func Check(layout string) error {
	if layout == "" {
		return trap.New(CodeInvalidDate, "the date format is empty; the default is %q", Default)
	}
	_, err := scanLayout(layout)
	return err
}

// Format writes t by the layout. The elements f to ffff show the counter, 1 to
// 9999; any other counter stands for none, and they show the fraction of the
// second. A layout that says the time is in UTC, by Z or 'GMT', gets it in UTC;
// any other shows the clock of t's own zone. Faulty elements are copied.
func Format(layout string, t time.Time, counter int) string {
	elements, _ := scanLayout(layout)
	if inUTC(elements) {
		t = t.UTC()
	}
	v := value{Time: t, fraction: counter}
	if counter < 1 || counter > 9999 {
		v.fraction = t.Nanosecond() / 100_000
	}
	var b []byte
	for _, e := range elements {
		if e.verb == nil {
			b = append(b, e.text...)
		} else {
			b = e.verb.append(b, v)
		}
	}
	return string(b)
}

// Parse reads a date in any of the forms that the component documents, or in an
// ISO 8601 form that begins with yyyy-MM-dd. Names are English, in letters of
// any case. A text with an offset or a mark for UTC becomes local time; one
// without is the wall clock of this machine. The counter is 0 unless the text
// has one. The error, code 680, lists the forms.
func Parse(text string) (t time.Time, counter int, err error) {
	text = strings.TrimSpace(text)
	if len(text) <= maxText {
		for _, elements := range acceptedElements {
			if t, counter, ok := parse(elements, text); ok {
				return t, counter, nil
			}
		}
	}
	return time.Time{}, 0, trap.New(CodeInvalidDate, "%q is no date in a form that is accepted; the forms are: %s",
		shorten(text), strings.Join(accepted, " | "))
}

// ParseLayout reads a date in the form of one layout. See [Parse] for zones and
// the counter. Parts that the layout lacks are 1 January 1, 00:00:00. The error
// has code 680.
func ParseLayout(layout, text string) (t time.Time, counter int, err error) {
	elements, err := scanLayout(layout)
	if err != nil {
		return time.Time{}, 0, err
	}
	t, counter, ok := parse(elements, text)
	if !ok {
		return time.Time{}, 0, trap.New(CodeInvalidDate, "%q is no date in the form %q", shorten(text), layout)
	}
	return t, counter, nil
}

func parse(elements []element, text string) (t time.Time, counter int, ok bool) {
	s := scanner{rest: text, year: 1, month: 1, day: 1}
	if !s.run(elements) {
		return time.Time{}, 0, false
	}
	t, ok = s.time()
	return t, s.fraction, ok
}

// shorten keeps a hostile text from filling a log.
func shorten(text string) string {
	if len(text) > maxText {
		return text[:maxText] + "..."
	}
	return text
}

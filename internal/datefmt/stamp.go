package datefmt

import (
	"fmt"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// stampLayouts gives the layout of a stamp by the length of its two fields.
var stampLayouts = map[[2]int]string{
	{8, 10}: "yyyyMMddHHmmssffff", // RFC 5024, SFIDDATE and SFIDTIME
	{8, 6}:  "yyyyMMddHHmmss",
}

// FromStamp reads the date and time fields of an SFID, EERP or NERP: CCYYMMDD
// or YYMMDD, and HHMMSScccc or HHMMSS. They are the wall clock of whoever made
// the file, taken as local time. Years of two digits (RFC 2204) begin with 1980,
// as oftpwire has it. The counter is that of the peer, 0 to 9999; 0 when the
// field has none. The error has code 680.
func FromStamp(date, clock string) (t time.Time, counter int, err error) {
	if len(date) == 6 {
		date = century(date) + date
	}
	layout, ok := stampLayouts[[2]int{len(date), len(clock)}]
	if ok {
		elements, _ := scanLayout(layout)
		t, counter, ok = parse(elements, date+clock)
	}
	if !ok {
		return time.Time{}, 0, trap.New(CodeInvalidDate,
			"date %q with time %q is no ODETTE-FTP stamp (CCYYMMDD or YYMMDD, HHMMSScccc or HHMMSS)",
			shorten(date), shorten(clock))
	}
	return t, counter, nil
}

// ToStamp returns the date (CCYYMMDD) and time (HHMMSScccc) fields for the wall
// clock of t's zone. The counter is forced into the RFC's range, 1 to 9999.
// ODETTE-FTP 1.x has the last six digits of the one and the first six of the
// other.
func ToStamp(t time.Time, counter int) (date8, time10 string) {
	counter = min(max(counter, 1), 9999)
	year := min(max(t.Year(), 0), 9999)
	date8 = fmt.Sprintf("%04d%02d%02d", year, t.Month(), t.Day())
	return date8, fmt.Sprintf("%02d%02d%02d%04d", t.Hour(), t.Minute(), t.Second(), counter)
}

func century(year string) string {
	if year[0] >= '8' {
		return "19"
	}
	return "20"
}

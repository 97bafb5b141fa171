package datefmt

import (
	"fmt"
	"time"
)

// verb is what one element of a layout means in both directions.
type verb struct {
	append func(b []byte, v value) []byte
	parse  func(s *scanner) bool
}

// value is what a layout is filled with.
type value struct {
	time.Time
	fraction int // 0-9999: the counter, or ten-thousandths of the second
}

// verbs holds every element that stands for a part of a date.
var verbs = map[string]*verb{
	"yyyy": {number("%04d", value.Year), digits(4, 4, func(s *scanner, n int) { s.year = n })},
	"yy":   {number("%02d", value.shortYear), digits(2, 2, func(s *scanner, n int) { s.year = fullYear(n) })},
	"MMMM": {name(value.monthName, 0), names(monthNames(0), setMonth)},
	"MMM":  {name(value.monthName, 3), names(monthNames(3), setMonth)},
	"MM":   {number("%02d", value.monthNumber), digits(2, 2, setMonth)},
	"M":    {number("%d", value.monthNumber), digits(1, 2, setMonth)},
	"dddd": {name(value.dayName, 0), names(dayNames(0), setWeekday)},
	"ddd":  {name(value.dayName, 3), names(dayNames(3), setWeekday)},
	"dd":   {number("%02d", value.Day), digits(2, 2, setDay)},
	"d":    {number("%d", value.Day), digits(1, 2, setDay)},
	"HH":   {number("%02d", value.Hour), digits(2, 2, setHour)},
	"H":    {number("%d", value.Hour), digits(1, 2, setHour)},
	"hh":   {number("%02d", value.hour12), digits(2, 2, setHour12)},
	"h":    {number("%d", value.hour12), digits(1, 2, setHour12)},
	"mm":   {number("%02d", value.Minute), digits(2, 2, setMinute)},
	"m":    {number("%d", value.Minute), digits(1, 2, setMinute)},
	"ss":   {number("%02d", value.Second), digits(2, 2, setSecond)},
	"s":    {number("%d", value.Second), digits(1, 2, setSecond)},
	"tt":   {name(value.half, 0), names([]string{"AM", "PM"}, setHalf)},
	"ffff": {fraction(4), digits(4, 4, setFraction(1))},
	"fff":  {fraction(3), digits(3, 3, setFraction(10))},
	"ff":   {fraction(2), digits(2, 2, setFraction(100))},
	"f":    {fraction(1), digits(1, 1, setFraction(1000))},
	"z":    {offset("%c%d"), (*scanner).hours},
	"zz":   {offset("%c%02d"), (*scanner).hours},
	"zzz":  {offset("%c%02d:%02d"), (*scanner).hoursAndMinutes},
	"zzzz": {offset("%c%02d:%02d"), (*scanner).hoursAndMinutes},
}

func setMonth(s *scanner, n int)   { s.month = n }
func setDay(s *scanner, n int)     { s.day = n }
func setWeekday(s *scanner, n int) { s.weekday = n }
func setHour(s *scanner, n int)    { s.hour = n }
func setMinute(s *scanner, n int)  { s.minute = n }
func setSecond(s *scanner, n int)  { s.second = n }
func setHalf(s *scanner, n int)    { s.half = n }

func setHour12(s *scanner, n int) {
	s.hour, s.twelve = n, true
	if s.half == 0 {
		s.half = 1 // AM until tt says otherwise
	}
}

func setFraction(unit int) func(*scanner, int) {
	return func(s *scanner, n int) { s.fraction = n * unit }
}

// fullYear widens a year of two digits by the rule of X.509's UTCTime.
func fullYear(n int) int {
	if n < 50 {
		return 2000 + n
	}
	return 1900 + n
}

func (v value) shortYear() int    { return v.Year() % 100 }
func (v value) monthNumber() int  { return int(v.Month()) }
func (v value) monthName() string { return v.Month().String() }
func (v value) dayName() string   { return v.Weekday().String() }
func (v value) hour12() int       { return (v.Hour()+11)%12 + 1 }
func (v value) half() string      { return v.Time.Format("PM") }

func number(format string, of func(value) int) func([]byte, value) []byte {
	return func(b []byte, v value) []byte { return fmt.Appendf(b, format, of(v)) }
}

// name appends a name, its first cut letters when cut is not 0.
func name(of func(value) string, cut int) func([]byte, value) []byte {
	return func(b []byte, v value) []byte {
		s := of(v)
		if cut > 0 {
			s = s[:cut]
		}
		return append(b, s...)
	}
}

func fraction(n int) func([]byte, value) []byte {
	return func(b []byte, v value) []byte {
		return append(b, fmt.Sprintf("%04d", v.fraction)[:n]...)
	}
}

func offset(format string) func([]byte, value) []byte {
	withMinutes := len(format) > len("%c%02d")
	return func(b []byte, v value) []byte {
		_, seconds := v.Zone()
		sign := '+'
		if seconds < 0 {
			sign, seconds = '-', -seconds
		}
		if withMinutes {
			return fmt.Appendf(b, format, sign, seconds/3600, seconds/60%60)
		}
		return fmt.Appendf(b, format, sign, seconds/3600)
	}
}

func monthNames(cut int) []string {
	var list []string
	for m := time.January; m <= time.December; m++ {
		list = append(list, string(name(value.monthName, cut)(nil, value{Time: time.Date(2000, m, 1, 0, 0, 0, 0, time.UTC)})))
	}
	return list
}

func dayNames(cut int) []string {
	var list []string
	for d := 2; d <= 8; d++ { // 2 January 2000 was a Sunday
		list = append(list, string(name(value.dayName, cut)(nil, value{Time: time.Date(2000, 1, d, 0, 0, 0, 0, time.UTC)})))
	}
	return list
}

package datefmt

import (
	"strings"
	"time"
)

// scanner takes a text apart by the elements of a layout. It collects what the
// text says; [scanner.time] judges it at the end.
type scanner struct {
	rest string

	year, month, day     int
	weekday, half        int // counted from 1; 0 when the text has none
	hour, minute, second int
	twelve               bool // hour counts 1 to 12
	fraction             int

	zoned bool
	east  int // seconds east of UTC when zoned
}

// run takes the whole text by the elements; false when it does not fit.
func (s *scanner) run(elements []element) bool {
	for _, e := range elements {
		if e.verb == nil {
			if !strings.HasPrefix(s.rest, e.text) {
				return false
			}
			s.rest = s.rest[len(e.text):]
			s.zoned = s.zoned || e.utc
			continue
		}
		if !e.verb.parse(s) {
			return false
		}
	}
	return s.rest == ""
}

// number takes between least and most digits.
func (s *scanner) number(least, most int) (n int, ok bool) {
	taken := 0
	for taken < most && taken < len(s.rest) && '0' <= s.rest[taken] && s.rest[taken] <= '9' {
		n = n*10 + int(s.rest[taken]-'0')
		taken++
	}
	s.rest = s.rest[taken:]
	return n, taken >= least
}

func digits(least, most int, set func(*scanner, int)) func(*scanner) bool {
	return func(s *scanner) bool {
		n, ok := s.number(least, most)
		if ok {
			set(s, n)
		}
		return ok
	}
}

// names takes one of the names, in letters of any case, and sets its number
// counted from 1.
func names(list []string, set func(*scanner, int)) func(*scanner) bool {
	return func(s *scanner) bool {
		for i, name := range list {
			if len(s.rest) >= len(name) && strings.EqualFold(s.rest[:len(name)], name) {
				s.rest = s.rest[len(name):]
				set(s, i+1)
				return true
			}
		}
		return false
	}
}

func (s *scanner) sign() (factor int, ok bool) {
	if s.rest == "" || (s.rest[0] != '+' && s.rest[0] != '-') {
		return 0, false
	}
	factor = 1
	if s.rest[0] == '-' {
		factor = -1
	}
	s.rest = s.rest[1:]
	return factor, true
}

func (s *scanner) hours() bool {
	factor, ok := s.sign()
	if !ok {
		return false
	}
	h, ok := s.number(1, 2)
	return ok && s.setOffset(factor, h, 0)
}

// hoursAndMinutes takes +02:00 and, as RFC 822 and ASN.1 write it, +0200.
func (s *scanner) hoursAndMinutes() bool {
	factor, ok := s.sign()
	if !ok {
		return false
	}
	h, ok := s.number(2, 2)
	if !ok {
		return false
	}
	s.rest = strings.TrimPrefix(s.rest, ":")
	m, ok := s.number(2, 2)
	return ok && s.setOffset(factor, h, m)
}

func (s *scanner) setOffset(factor, hours, minutes int) bool {
	s.zoned, s.east = true, factor*(hours*3600+minutes*60)
	return hours <= 14 && minutes <= 59
}

// time returns the moment that was read: in the zone given, turned to local
// time, else that wall clock in the local zone. ok is false for a date that no
// calendar has, and for a day of the week that does not belong to the date.
func (s *scanner) time() (t time.Time, ok bool) {
	if s.twelve && (s.hour < 1 || s.hour > 12) {
		return time.Time{}, false
	}
	hour := s.hour
	if s.half > 0 && hour <= 12 {
		hour = hour%12 + 12*(s.half-1)
	}
	if hour > 23 || s.minute > 59 || s.second > 59 {
		return time.Time{}, false
	}
	date := time.Date(s.year, time.Month(s.month), s.day, hour, s.minute, s.second, 0, time.UTC)
	if s.year < 1 || date.Month() != time.Month(s.month) || date.Day() != s.day {
		return time.Time{}, false
	}
	if s.weekday > 0 && int(date.Weekday()) != s.weekday-1 {
		return time.Time{}, false
	}
	if s.zoned {
		return date.Add(-time.Duration(s.east) * time.Second).In(time.Local), true
	}
	return wallClock(date, time.Local), true
}

// wallClock is the moment at which clocks of the zone show what date, in UTC,
// shows. In the hour that daylight saving time leaves out no clock shows it;
// a fixed zone stands in then, so that the text of the date stays as it was.
func wallClock(date time.Time, zone *time.Location) time.Time {
	y, mon, d := date.Date()
	h, min, sec := date.Clock()
	t := time.Date(y, mon, d, h, min, sec, 0, zone)
	if t.Hour() == h && t.Minute() == min {
		return t
	}
	label, east := t.Zone()
	return time.Date(y, mon, d, h, min, sec, 0, time.FixedZone(label, east))
}

package oftpwire

// Stamp is the date and time that belong to a virtual file's name: the two with
// originator and destination tell one file from all others, and an end response
// must repeat them octet for octet. So they stay the digits that were received
// and never become a time.
type Stamp struct {
	// Date is YYMMDD at 1.2 and 1.3, CCYYMMDD at 1.4 and 2.0.
	Date string

	// Time is HHMMSS at 1.2 and 1.3, HHMMSScccc at 1.4 and 2.0, where cccc
	// counts files of the same second.
	Time string
}

// String returns date and time without anything between.
func (s Stamp) String() string { return s.Date + s.Time }

// At returns the stamp in the form of level l. Going up, the years 80 to 99 are
// of the 20th century, when the protocol was first used, and 00 to 79 of the
// 21st; the counter becomes 0000. Going down, century and counter are lost. What
// has the right form already, or no known form, stays as it is.
func (s Stamp) At(l Level) Stamp {
	if l < Level14 {
		if len(s.Date) == 8 {
			s.Date = s.Date[2:]
		}
		if len(s.Time) == 10 {
			s.Time = s.Time[:6]
		}
		return s
	}
	if len(s.Date) == 6 {
		century := "20"
		if s.Date[0] >= '8' {
			century = "19"
		}
		s.Date = century + s.Date
	}
	if len(s.Time) == 6 {
		s.Time += "0000"
	}
	return s
}

// layoutStamp is the reserved field, the date and the time of SFID and EERP,
// which share out the same 21 octets differently.
func layoutStamp(f form, reserved, date, time string, s *Stamp) {
	if f.level() < Level14 {
		f.reserved(reserved, 9)
		f.digits(date, 6, &s.Date)
		f.digits(time, 6, &s.Time)
		return
	}
	f.reserved(reserved, 3)
	f.digits(date, 8, &s.Date)
	f.digits(time, 10, &s.Time)
}

package oftpwire

import "fmt"

// form is what a layout function fills in: field after field in the order of
// the RFC's table. A reader takes each value from the exchange buffer, a writer
// appends it. Both remember their first error and do nothing after it, so that a
// layout runs straight through.
//
// The names of the methods follow the RFC's formats: number 9(n), text and
// octets X(n), utf8 T(n), binary U(n).
type form interface {
	level() Level
	fixed(field, value string)                              // a constant
	letter(field, set string, v *byte)                      // one octet out of set
	number(field string, width int, lo, hi int64, v *int64) // padded with zeros
	digits(field string, width int, v *string)              // exactly width digits, kept as a string
	text(field string, width int, v *string)                // padded with spaces, no control characters
	octets(field string, width int, v *string)              // padded with spaces, anything goes
	secret(field string, width int, v *string)              // octets for the reader, text for the writer
	utf8(lengthField, field string, v *string)              // three digits of length, then the text
	binary(lengthField, field string, v *[]byte)            // two octets of length, then the value
	raw(field string, v []byte)                             // exactly len(v) octets
	rest(v *[]byte)                                         // all that is left, not copied
	reserved(field string, width int)                       // spaces
	carriageReturn()                                        // at the end of a command
	optional(present bool) bool                             // whether more fields follow: present for the writer
	absent(field string, set bool)                          // refuses to write a value that the level cannot carry
}

// sheet is what readers and writers have in common.
type sheet struct {
	id  ID
	lvl Level
	err *Error // the first one
}

func (s *sheet) level() Level { return s.lvl }

func (s *sheet) fail(reason int, field, format string, args ...any) {
	if s.err == nil {
		s.err = &Error{Reason: reason, Command: s.id, Field: field, Detail: fmt.Sprintf(format, args...)}
	}
}

// letter is the method of that name for types made of a byte.
func letter[T ~byte](f form, field, set string, v *T) {
	b := byte(*v)
	f.letter(field, set, &b)
	*v = T(b)
}

// flag is Y or N. Lower-case letters are accepted: some peers copy their
// configuration onto the wire.
func flag(f form, field string, v *bool) { flagIn(f, field, "YNyn", v) }

func flagIn(f form, field, set string, v *bool) {
	b := byte('N')
	if *v {
		b = 'Y'
	}
	f.letter(field, set, &b)
	*v = b == 'Y' || b == 'y'
}

// number is the method of that name for any integer type.
func number[T ~int | ~int64 | ~uint8](f form, field string, width int, lo, hi int64, v *T) {
	n := int64(*v)
	f.number(field, width, lo, hi, &n)
	*v = T(n)
}

// count is a number that may use the full width.
func count[T ~int | ~int64](f form, field string, width int, v *T) {
	number(f, field, width, 0, limit(width), v)
}

// limit is the largest number of width digits.
func limit(width int) int64 {
	n := int64(1)
	for range width {
		n *= 10
	}
	return n - 1
}

// reasonText is the text after a reason code. Only 2.0 has it, but it is read at
// every level: what it says is too useful to end the session for.
func reasonText(f form, lengthField, field string, v *string) {
	if f.optional(f.level() >= Level20) {
		f.utf8(lengthField, field, v)
	}
}

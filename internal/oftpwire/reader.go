package oftpwire

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// padding is what may follow the end of a command. It holds all forms of the
// carriage return, so that none is needed and none is wrong: the RFC allows 0D
// and 8D, a client in the field sends 0A, others send nothing, and one pads its
// Start Session.
const padding = " \r\n\x8d"

type reader struct {
	sheet
	b      []byte
	pos    int
	hushed bool // a secret came before: where fields are shifted, any later one may hold its end
}

// take returns the next n octets, nil after an error.
func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if left := len(r.b) - r.pos; left < n {
		r.fail(reasonBufferSize, field, "%d octets wanted, %d left of %d", n, left, len(r.b))
		return nil
	}
	r.pos += n
	return r.b[r.pos-n : r.pos]
}

func (r *reader) fixed(field, value string) {
	if p := r.take(field, len(value)); p != nil && string(p) != value {
		r.fail(reasonInvalidData, field, "%s instead of %q", r.quote(p), value)
	}
}

func (r *reader) letter(field, set string, v *byte) {
	p := r.take(field, 1)
	if p == nil {
		return
	}
	if *v = p[0]; strings.IndexByte(set, p[0]) < 0 {
		r.fail(reasonInvalidData, field, "%s is none of %q", r.quote(p), set)
	}
}

// number accepts spaces in place of leading zeros, as some mainframes pad so.
func (r *reader) number(field string, width int, lo, hi int64, v *int64) {
	p := r.take(field, width)
	if p == nil {
		return
	}
	n, ok := decimal(bytes.TrimLeft(p, " "))
	if !ok {
		r.fail(reasonInvalidData, field, "%s is not a number", r.quote(p))
		return
	}
	if n < lo || n > hi {
		r.fail(reasonInvalidData, field, "%d is not between %d and %d", n, lo, hi)
		return
	}
	*v = n
}

// decimal reads digits and nothing else; the widest field has 17.
func decimal(p []byte) (n int64, ok bool) {
	for _, c := range p {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(p) > 0
}

func (r *reader) digits(field string, width int, v *string) {
	p := r.take(field, width)
	if p == nil {
		return
	}
	if _, ok := decimal(p); !ok {
		r.fail(reasonInvalidData, field, "%s has other octets than digits", r.quote(p))
		return
	}
	*v = string(p)
}

func (r *reader) text(field string, width int, v *string) {
	r.octets(field, width, v)
	if i := controlIn(*v); i >= 0 && r.err == nil {
		r.fail(reasonInvalidData, field, "control character 0x%02X at octet %d", (*v)[i], i)
	}
}

func (r *reader) octets(field string, width int, v *string) {
	*v = strings.TrimRight(string(r.take(field, width)), " ")
}

// secret lets control characters pass: a password with such octets is a wrong
// password, not a broken command.
func (r *reader) secret(field string, width int, v *string) {
	r.octets(field, width, v)
	r.hushed = true
}

// quote shows a value in an error.
func (r *reader) quote(p []byte) string {
	if r.hushed {
		return "what is there"
	}
	return strconv.Quote(string(p))
}

// utf8 replaces what is not UTF-8: peers of old send Latin-1 or worse.
func (r *reader) utf8(lengthField, field string, v *string) {
	var n int64
	r.number(lengthField, 3, 0, maxText, &n)
	*v = strings.ToValidUTF8(string(r.take(field, int(n))), "?")
}

func (r *reader) binary(lengthField, field string, v *[]byte) {
	p := r.take(lengthField, 2)
	if p == nil {
		return
	}
	if n := int(binary.BigEndian.Uint16(p)); n > 0 {
		*v = bytes.Clone(r.take(field, n))
	}
}

func (r *reader) raw(field string, v []byte) { copy(v, r.take(field, len(v))) }

func (r *reader) rest(v *[]byte) { *v = r.take("", len(r.b)-r.pos) }

// reserved does not look: a later release may have put something there.
func (r *reader) reserved(field string, width int) { r.take(field, width) }

// carriageReturn leaves the work to finish.
func (r *reader) carriageReturn() {}

func (r *reader) optional(bool) bool { return r.err == nil && !r.onlyPadding() }

func (r *reader) absent(string, bool) {}

// finish checks that nothing but padding follows the last field.
func (r *reader) finish() {
	if r.err == nil && !r.onlyPadding() {
		r.fail(reasonBufferSize, "", "%d octets, but the command ends after %d", len(r.b), r.pos)
	}
}

func (r *reader) onlyPadding() bool {
	for _, c := range r.b[r.pos:] {
		if strings.IndexByte(padding, c) < 0 {
			return false
		}
	}
	return true
}

// controlIn returns the index of the first control character of s, or -1.
// Octets above 7E are not ours to judge: the RFC allows few characters, peers
// use many.
func controlIn(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7F {
			return i
		}
	}
	return -1
}

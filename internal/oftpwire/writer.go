package oftpwire

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText is the most that three digits of length can announce.
const maxText = 999

type writer struct {
	sheet
	b []byte
}

func (w *writer) fixed(_, value string) { w.b = append(w.b, value...) }

func (w *writer) letter(field, set string, v *byte) {
	if strings.IndexByte(set, *v) < 0 {
		w.fail(reasonInvalidData, field, "%q is none of %q", *v, set)
	}
	w.b = append(w.b, *v)
}

func (w *writer) number(field string, width int, lo, hi int64, v *int64) {
	if *v < lo || *v > hi {
		w.fail(reasonInvalidData, field, "%d is not between %d and %d", *v, lo, hi)
		return
	}
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], *v, 10)
	for range width - len(d) {
		w.b = append(w.b, '0')
	}
	w.b = append(w.b, d...)
}

func (w *writer) digits(field string, width int, v *string) {
	if _, ok := decimal([]byte(*v)); !ok || len(*v) != width {
		w.fail(reasonInvalidData, field, "%q is not %d digits", *v, width)
	}
	w.b = append(w.b, *v...)
}

func (w *writer) text(field string, width int, v *string) {
	if i := controlIn(*v); i >= 0 {
		w.fail(reasonInvalidData, field, "control character 0x%02X at octet %d", (*v)[i], i)
	}
	w.octets(field, width, v)
}

func (w *writer) octets(field string, width int, v *string) {
	if len(*v) > width {
		w.fail(reasonInvalidData, field, "%d octets do not fit into %d", len(*v), width)
		return
	}
	w.b = append(w.b, *v...)
	w.pad(width - len(*v))
}

func (w *writer) secret(field string, width int, v *string) { w.text(field, width, v) }

// utf8 ends a text that is too long before the character that does not fit.
func (w *writer) utf8(lengthField, _ string, v *string) {
	s := strings.ToValidUTF8(*v, "?")
	if len(s) > maxText {
		n := maxText
		for !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	n := int64(len(s))
	w.number(lengthField, 3, 0, maxText, &n)
	w.b = append(w.b, s...)
}

func (w *writer) binary(_, field string, v *[]byte) {
	if len(*v) > math.MaxUint16 {
		w.fail(reasonInvalidData, field, "%d octets are more than %d", len(*v), math.MaxUint16)
		return
	}
	w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(*v)))
	w.b = append(w.b, *v...)
}

func (w *writer) raw(_ string, v []byte) { w.b = append(w.b, v...) }

func (w *writer) rest(v *[]byte) { w.b = append(w.b, *v...) }

func (w *writer) reserved(_ string, width int) { w.pad(width) }

func (w *writer) carriageReturn() { w.b = append(w.b, '\r') }

func (w *writer) optional(present bool) bool { return present }

func (w *writer) absent(field string, set bool) {
	if set {
		w.fail(reasonInvalidData, field, "%s has no such field", w.lvl)
	}
}

func (w *writer) pad(n int) {
	for range n {
		w.b = append(w.b, ' ')
	}
}

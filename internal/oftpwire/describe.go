package oftpwire

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Describe returns a command in one line for logs:
//
//	SSID Level=2.0 Code=O0055X Password=******** BufferSize=4096 ...
//
// The names are those of the struct's fields. Empty texts and values are left
// out, flags are Y or N, text that is not plain is quoted, data shows only its
// length. The password and the response to a challenge are masked.
func Describe(c Command) string { return describe(c, false) }

// DescribeWithSecrets is [Describe] with nothing masked.
func DescribeWithSecrets(c Command) string { return describe(c, true) }

const mask = "********"

// secrets are the fields that Describe masks.
var secrets = map[string]bool{"Password": true, "Response": true}

// shortValue is the length up to which a binary value is shown in full: enough
// for the longest hash.
const shortValue = 64

func describe(c Command, open bool) string {
	if c == nil {
		return "no command"
	}
	v := reflect.Indirect(reflect.ValueOf(c)) // *SSID is a Command too
	if d, ok := v.Interface().(DATA); ok {
		return fmt.Sprintf("%s %d octets", d.ID(), len(d.Payload))
	}
	var s strings.Builder
	s.WriteString(c.ID().String())
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		value := describeValue(v.Field(i).Interface())
		if secrets[name] && !open {
			value = mask
		}
		if value != "" {
			fmt.Fprintf(&s, " %s=%s", name, value)
		}
	}
	return s.String()
}

func describeValue(v any) string {
	switch v := v.(type) {
	case string:
		return quoted(v)
	case bool:
		if v {
			return "Y"
		}
		return "N"
	case []byte:
		if len(v) > shortValue {
			return fmt.Sprintf("(%d octets)", len(v))
		}
		return hex.EncodeToString(v)
	case [20]byte:
		return hex.EncodeToString(v[:])
	case fmt.Stringer:
		return quoted(v.String())
	}
	return fmt.Sprint(v)
}

// quoted returns s as it is if no reader of a log can misunderstand it.
func quoted(s string) string {
	plain := func(r rune) bool { return r > ' ' && r != '"' && r != '=' && strconv.IsPrint(r) }
	for _, r := range s {
		if !plain(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// Mask overwrites what is secret in an exchange buffer with asterisks, in place:
// the password of a Start Session, the response to a challenge. Buffers of other
// commands, and such as are cut short, are fine too.
func Mask(b []byte) {
	if len(b) == 0 {
		return
	}
	from, to := 0, 0
	switch ID(b[0]) {
	case IDSSID:
		from, to = 27, 35
	case IDAURP:
		from, to = 1, 21
	}
	for i := from; i < min(to, len(b)); i++ {
		b[i] = '*'
	}
}

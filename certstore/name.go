package certstore

import (
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// attributeNames are the short names of the documented table and of Windows.
var attributeNames = map[string]string{
	"2.5.4.3":                    "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "SERIALNUMBER",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "S",
	"2.5.4.9":                    "STREET",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"2.5.4.12":                   "T",
	"2.5.4.42":                   "G",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "E",
}

// attributeAliases are names that other programs use for the same attributes.
var attributeAliases = map[string]string{
	"ST":           "S",
	"SP":           "S",
	"EMAIL":        "E",
	"EMAILADDRESS": "E",
	"TITLE":        "T",
	"GN":           "G",
	"GIVENNAME":    "G",
	"SURNAME":      "SN",
	"USERID":       "UID",
}

// attribute is one name=value of a distinguished name.
type attribute struct {
	name, value string
}

// Names as encoding/asn1 reads them; the suffix SET is what tells it so.
type (
	rdnSequence     []relativeNameSET
	relativeNameSET []struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
)

// nameText returns the text of a DER name from its end, the most specific part,
// to its start. Parts of one relative name are joined by a plus sign.
func nameText(der []byte) string {
	var sequence rdnSequence
	if _, err := asn1.Unmarshal(der, &sequence); err != nil {
		return ""
	}
	var relative []string
	for _, set := range slices.Backward(sequence) {
		var parts []string
		for _, a := range slices.Backward(set) {
			name, ok := attributeNames[a.Type.String()]
			if !ok {
				name = a.Type.String()
			}
			parts = append(parts, attribute{name, valueText(a.Value)}.String())
		}
		relative = append(relative, strings.Join(parts, "+"))
	}
	return strings.Join(relative, ", ")
}

// valueText decodes the string types of X.520. T61String is read as Latin-1,
// as all its users mean it; what is no string appears as "#" and its DER in hex.
func valueText(value asn1.RawValue) string {
	b := value.Bytes
	switch {
	case value.Class != asn1.ClassUniversal:
	case value.Tag == asn1.TagUTF8String, value.Tag == asn1.TagPrintableString,
		value.Tag == asn1.TagIA5String, value.Tag == asn1.TagNumericString:
		return strings.ToValidUTF8(string(b), "\uFFFD")
	case value.Tag == asn1.TagT61String:
		runes := make([]rune, len(b))
		for i, octet := range b {
			runes[i] = rune(octet)
		}
		return string(runes)
	case value.Tag == asn1.TagBMPString && len(b)%2 == 0:
		var units []uint16
		for ; len(b) > 0; b = b[2:] {
			units = append(units, binary.BigEndian.Uint16(b))
		}
		return string(utf16.Decode(units))
	}
	return "#" + hex.EncodeToString(value.FullBytes)
}

// String quotes the value where it must.
func (a attribute) String() string {
	if strings.ContainsAny(a.value, `,;+="\<>`) || a.value != strings.TrimSpace(a.value) ||
		strings.ContainsFunc(a.value, func(r rune) bool { return r < ' ' }) {
		return a.name + `="` + strings.ReplaceAll(a.value, `"`, `""`) + `"`
	}
	return a.name + "=" + a.value
}

// sameName compares two names in text, in the same or in opposite order.
func sameName(a, b string) bool {
	x, ok := parseName(a)
	if !ok {
		return false
	}
	y, ok := parseName(b)
	if !ok {
		return false
	}
	if slices.Equal(x, y) {
		return true
	}
	slices.Reverse(y)
	return slices.Equal(x, y)
}

// parseName reads the text of a name. Attribute names come out in upper case
// and without aliases, values without quotes. Backslashes escape as in RFC 4514.
func parseName(text string) ([]attribute, bool) {
	var list []attribute
	for _, part := range splitName(text) {
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToUpper(strings.TrimSpace(name))
		if !ok || name == "" {
			return nil, false
		}
		if plain, ok := attributeAliases[name]; ok {
			name = plain
		}
		list = append(list, attribute{name, unquote(trimBlanks(value))})
	}
	return list, len(list) > 0
}

// splitName cuts at the separators that are neither quoted nor escaped.
func splitName(text string) []string {
	var (
		parts  []string
		start  int
		quoted bool
	)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\\':
			i++
		case b == ',', b == ';', b == '+':
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// trimBlanks removes white space around a value, but not a blank at its end that
// an odd number of backslashes escapes.
func trimBlanks(value string) string {
	value = strings.TrimLeftFunc(value, unicode.IsSpace)
	trimmed := strings.TrimSpace(value)
	slashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	return trimmed + value[len(trimmed):min(len(value), len(trimmed)+slashes%2)]
}

// unquote removes the quotation marks around a value, or else its backslashes.
func unquote(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return strings.ReplaceAll(value[1:len(value)-1], `""`, `"`)
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

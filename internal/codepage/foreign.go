package codepage

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// asIs is UTF-8, which texts are in already.
type asIs struct{}

func (asIs) encode(text string) ([]byte, int) { return []byte(text), len(text) }

func (asIs) decode(octets []byte) string { return string(octets) }

// ascii is US-ASCII and nothing else.
type ascii struct{}

func (ascii) encode(text string) ([]byte, int) {
	own := before(text, func(char rune) bool { return char >= utf8.RuneSelf })
	return []byte(own), len(own)
}

func (ascii) decode(octets []byte) string {
	return string(bytes.Map(func(char rune) rune {
		if char >= utf8.RuneSelf {
			return utf8.RuneError
		}
		return char
	}, octets))
}

// foreign is a page that golang.org/x/text has as it should be. Characters that
// users can define themselves are in none of its tables.
type foreign struct{ encoding.Encoding }

func (f foreign) encode(text string) (octets []byte, n int) {
	octets, n, _ = transform.Bytes(f.NewEncoder(), []byte(text)) // the only error is that n falls short
	return octets, n
}

func (f foreign) decode(octets []byte) string {
	text, _, _ := transform.Bytes(f.NewDecoder(), octets) // decoders write U+FFFD in place of errors
	return string(text)
}

// without is a foreign page whose table writes characters that the page lacks.
type without struct {
	table foreign
	lacks func(char rune) bool
}

func (w *without) encode(text string) ([]byte, int) { return w.table.encode(before(text, w.lacks)) }

func (w *without) decode(octets []byte) string { return w.table.decode(octets) }

// gb18030 is GB 18030 without the private use area, whose characters have two
// octets that the table does not know: it writes four.
var gb18030 = without{foreign{simplifiedchinese.GB18030}, func(char rune) bool {
	return 0xE000 <= char && char <= 0xF8FF
}}

// jisKatakana is ISO-2022-JP with the Katakana of JIS X 0201, and jis without.
// In both a shift or an escape in the text would be one of the page's own.
var (
	jisKatakana = without{foreign{japanese.ISO2022JP}, shifts}
	jis         = without{foreign{japanese.ISO2022JP}, func(char rune) bool {
		return shifts(char) || 0xFF61 <= char && char <= 0xFF9F
	}}
)

func shifts(char rune) bool { return char == 0x0E || char == 0x0F || char == 0x1B }

// before returns what comes before the first character of a kind.
func before(text string, kind func(char rune) bool) string {
	if at := strings.IndexFunc(text, kind); at >= 0 {
		return text[:at]
	}
	return text
}

package codepage

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// oneOctet is a page where every octet is a character.
type oneOctet struct {
	table    *charmap.Charmap
	amended  map[byte]rune // what the page has where the table has something else
	amending map[rune]byte // the same the other way round
}

func single(table *charmap.Charmap) *oneOctet { return &oneOctet{table: table} }

func amended(table *charmap.Charmap, by map[byte]rune) *oneOctet {
	page := &oneOctet{table, by, map[rune]byte{}}
	for octet, char := range by {
		page.amending[char] = octet
	}
	return page
}

func (p *oneOctet) encode(text string) (octets []byte, n int) {
	octets = make([]byte, 0, len(text))
	for at, char := range text {
		octet, ok := p.octet(char)
		if !ok {
			return nil, at
		}
		octets = append(octets, octet)
	}
	return octets, len(text)
}

func (p *oneOctet) decode(octets []byte) string {
	text := make([]byte, 0, len(octets))
	for _, octet := range octets {
		text = utf8.AppendRune(text, p.char(octet))
	}
	return string(text)
}

func (p *oneOctet) octet(char rune) (octet byte, ok bool) {
	if octet, ok := p.amending[char]; ok {
		return octet, true
	}
	octet, ok = p.table.EncodeRune(char)
	_, replaced := p.amended[octet]
	return octet, ok && !replaced
}

func (p *oneOctet) char(octet byte) rune {
	if char, ok := p.amended[octet]; ok {
		return char
	}
	return p.table.DecodeByte(octet)
}

// controls are the C1 control characters, which the pages of Windows for ISO
// 8859 have and most tables of golang.org/x/text have not.
var controls = func() map[byte]rune {
	c1 := map[byte]rune{}
	for octet := byte(0x80); octet < 0xA0; octet++ {
		c1[octet] = rune(octet)
	}
	return c1
}()

var (
	// openSystem exchanges LF and NEL: 1047 is the page of the Unix side of
	// IBM's systems, where lines end with 0x15.
	openSystem = map[byte]rune{0x15: '\n', 0x25: '\u0085'}

	// macCyrillic and macUkraine undo what Apple did in 1998, when it made one
	// page with a euro sign of two: the numbers of Windows mean the older ones.
	macCyrillic = map[byte]rune{0xA2: '¢', 0xB6: '∂', 0xFF: '¤'}
	macUkraine  = map[byte]rune{0xFF: '¤'}
)

package codepage

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// oneOrTwo is a page of characters of one and two octets, for which
// golang.org/x/text has a table with more pairs than the page. Pairs are
// written as numbers, the first octet high.
type oneOrTwo struct {
	table  foreign
	has    func(pair uint16) bool
	others map[rune]uint16 // pairs of the page that the table has not, or writes in another way
}

// gbk is GBK with the euro sign of Windows. The table also has characters that
// came with GB 18030.
var gbk = oneOrTwo{table: foreign{simplifiedchinese.GBK}, has: func(pair uint16) bool {
	switch {
	case pair == 0xA2E3, pair == 0xA3A0, pair == 0xA8BF,
		0xA989 <= pair && pair <= 0xA995, 0xFE50 <= pair && pair <= 0xFE9F:
		return false
	}
	return trail(pair, 0x80)
}}

// eucKR is KS X 1001 in the form of EUC; the table is that of 949.
var eucKR = oneOrTwo{table: foreign{korean.EUCKR}, has: func(pair uint16) bool {
	return pair >= 0xA1A1 && byte(pair) >= 0xA1 && byte(pair) < 0xFF
}}

// big5 is Big5 without the characters of Hong Kong. The table has them, and
// writes those that came twice with the octets of Hong Kong.
var big5 = oneOrTwo{
	table: foreign{traditionalchinese.Big5},
	has: func(pair uint16) bool {
		switch {
		case 0xA140 <= pair && pair <= 0xA3BF, pair == 0xA3E1,
			0xA440 <= pair && pair <= 0xC67E, 0xC940 <= pair && pair <= 0xF9FD:
			return trail(pair, 0xA1)
		}
		return false
	},
	others: map[rune]uint16{
		'〃': 0xA1B2, '瓩': 0xA260, '卄': 0xA2CD, '包': 0xA55D, '杞': 0xA7FB,
		'倩': 0xADC5, '卿': 0xADEB, '偽': 0xB0B0, '婷': 0xB440, '晴': 0xB4B8,
		'港': 0xB4E4, '渝': 0xB4FC, '煮': 0xB54E, '瑜': 0xB7EC, '撐': 0xBCB5,
		'幵': 0xC9DB, '沜': 0xCB58, '砉': 0xCFF1, '彘': 0xD8F4, '▓': 0xF9FE,
	},
}

// trail reports whether the second octet of a pair can be one: 0x40 to 0x7E, or
// from high to 0xFE.
func trail(pair uint16, high byte) bool {
	second := byte(pair)
	return second >= 0x40 && second < 0x7F || second >= high && second < 0xFF
}

// encode lets the table write what lies between two of the others, and then
// looks for pairs that are not the page's. A character of the table is one octet
// below 0x81 or a pair.
func (p *oneOrTwo) encode(text string) (octets []byte, n int) {
	for n < len(text) {
		stretch := before(text[n:], p.isOther)
		part, written := p.table.encode(stretch)
		good, until := p.own(part, stretch[:written])
		octets, n = append(octets, part[:good]...), n+until
		if until < len(stretch) {
			return nil, n
		}
		if n < len(text) {
			char, size := utf8.DecodeRuneInString(text[n:])
			octets, n = binary.BigEndian.AppendUint16(octets, p.others[char]), n+size
		}
	}
	return octets, n
}

func (p *oneOrTwo) isOther(char rune) bool { return p.others[char] != 0 }

// own returns how many octets, and of how much of the text they are, come before
// the first pair that is not the page's.
func (p *oneOrTwo) own(octets []byte, text string) (good, until int) {
	for at := range text {
		switch {
		case octets[good] < 0x81:
			good++
		case p.has(binary.BigEndian.Uint16(octets[good:])):
			good += 2
		default:
			return good, at
		}
	}
	return good, len(text)
}

// decode gives the table only what is the page's.
func (p *oneOrTwo) decode(octets []byte) string {
	var text strings.Builder
	from, at := 0, 0
	for at < len(octets) {
		if octets[at] < 0x81 || octets[at] == 0xFF || at+1 == len(octets) {
			at++
			continue
		}
		pair := binary.BigEndian.Uint16(octets[at:])
		if p.has(pair) {
			at += 2
			continue
		}
		text.WriteString(p.table.decode(octets[from:at]))
		text.WriteRune(p.other(pair))
		at++
		if octets[at] >= 0x80 {
			at++ // an ASCII character behind a lost octet stays
		}
		from = at
	}
	text.WriteString(p.table.decode(octets[from:]))
	return text.String()
}

func (p *oneOrTwo) other(pair uint16) rune {
	for char, its := range p.others {
		if its == pair {
			return char
		}
	}
	return utf8.RuneError
}

package codepage

import "golang.org/x/text/encoding/simplifiedchinese"

// hz is HZ (RFC 1843): GB 2312 with seven bits, between "~{" and "~}". It is
// written here because the encoder of golang.org/x/text does not return to ASCII
// at the end of a text, nor before "~~".
type hz struct{}

func (hz) encode(text string) (octets []byte, n int) {
	pairs, n := gb2312.encode(text)
	chinese := false
	for len(pairs) > 0 {
		if pair := pairs[0] >= 0x80; pair != chinese {
			octets = append(octets, shift[pair]...)
			chinese = pair
		}
		switch {
		case chinese:
			octets = append(octets, pairs[0]&0x7F, pairs[1]&0x7F)
			pairs = pairs[1:]
		case pairs[0] == '~':
			octets = append(octets, "~~"...)
		default:
			octets = append(octets, pairs[0])
		}
		pairs = pairs[1:]
	}
	if chinese {
		octets = append(octets, shift[false]...)
	}
	return octets, n
}

func (hz) decode(octets []byte) string {
	return foreign{simplifiedchinese.HZGB2312}.decode(octets)
}

// shift says what goes before a pair that follows ASCII, and the other way round.
var shift = map[bool]string{true: "~{", false: "~}"}

// gb2312 is GB 2312 in the form of EUC. The table has much more; what it has
// within the rows of GB 2312 came with GBK or later.
var gb2312 = oneOrTwo{table: foreign{simplifiedchinese.GB18030}, has: func(pair uint16) bool {
	switch {
	case pair < 0xA1A1, pair > 0xF7FE, byte(pair) < 0xA1, byte(pair) > 0xFE,
		0xA2A1 <= pair && pair <= 0xA2AA, pair == 0xA2E3, 0xA6D9 <= pair && pair <= 0xA6FE,
		0xA8BB <= pair && pair <= 0xA8C4, 0xA989 <= pair && pair <= 0xA996:
		return false
	}
	return true
}}

package codepage

import (
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// A row says what a code page is called in the component's list, and how its
// characters are written.
type row struct {
	name   string
	coding coding
}

// supported are the pages of the list that this package has. The numbers are
// those of Windows; where a table of golang.org/x/text is another page of a
// similar name, it is corrected or the page is refused.
//
// The list calls 874 the same as 28605, ISO 8859-15; it is the Thai page of
// Windows. 28598 and 38598 differ only in the order, visual or logical, in which
// whoever writes a text puts its characters; octets mean the same in both.
var supported = map[int]row{
	37:    {"IBM EBCDIC - U.S./Canada", single(charmap.CodePage037)},
	437:   {"OEM - United States", single(charmap.CodePage437)},
	850:   {"OEM - Multilingual Latin I", single(charmap.CodePage850)},
	852:   {"OEM - Latin II", single(charmap.CodePage852)},
	855:   {"OEM - Cyrillic (primarily Russian)", single(charmap.CodePage855)},
	858:   {"OEM - Multilingual Latin I + Euro symbol", single(charmap.CodePage858)},
	860:   {"OEM - Portuguese", single(charmap.CodePage860)},
	862:   {"OEM - Hebrew", single(charmap.CodePage862)},
	863:   {"OEM - Canadian-French", single(charmap.CodePage863)},
	865:   {"OEM - Nordic", single(charmap.CodePage865)},
	866:   {"OEM - Russian", single(charmap.CodePage866)},
	874:   {"ANSI/OEM - Thai", single(charmap.Windows874)},
	932:   {"ANSI/OEM - Japanese, Shift-JIS", foreign{japanese.ShiftJIS}},
	936:   {"ANSI/OEM - Simplified Chinese (PRC, Singapore)", &gbk},
	949:   {"ANSI/OEM - Korean (Unified Hangul Code)", foreign{korean.EUCKR}},
	950:   {"ANSI/OEM - Traditional Chinese (Taiwan, Hong Kong SAR, PRC)", &big5},
	1047:  {"IBM EBCDIC - Latin 1/Open System", amended(charmap.CodePage1047, openSystem)},
	1140:  {"IBM EBCDIC - U.S./Canada (037 + Euro symbol)", single(charmap.CodePage1140)},
	1200:  {"Unicode UCS-2 Little-Endian (BMP of ISO 10646)", foreign{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}},
	1201:  {"Unicode UCS-2 Big-Endian", foreign{unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}},
	1250:  {"ANSI - Central European", single(charmap.Windows1250)},
	1251:  {"ANSI - Cyrillic", single(charmap.Windows1251)},
	1252:  {"ANSI - Latin I", single(charmap.Windows1252)},
	1253:  {"ANSI - Greek", single(charmap.Windows1253)},
	1254:  {"ANSI - Turkish", single(charmap.Windows1254)},
	1255:  {"ANSI - Hebrew", single(charmap.Windows1255)},
	1256:  {"ANSI - Arabic", single(charmap.Windows1256)},
	1257:  {"ANSI - Baltic", single(charmap.Windows1257)},
	1258:  {"ANSI/OEM - Vietnamese", single(charmap.Windows1258)},
	10000: {"MAC - Roman", single(charmap.Macintosh)},
	10007: {"MAC - Cyrillic", amended(charmap.MacintoshCyrillic, macCyrillic)},
	10017: {"MAC - Ukraine", amended(charmap.MacintoshCyrillic, macUkraine)},
	12000: {"Unicode UCS-4 Little-Endian", foreign{utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)}},
	12001: {"Unicode UCS-4 Big-Endian", foreign{utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)}},
	20127: {"US-ASCII (7-bit)", ascii{}},
	20866: {"Russian - KOI8-R", single(charmap.KOI8R)},
	21866: {"Ukrainian (KOI8-U)", single(charmap.KOI8U)},
	28591: {"ISO 8859-1 Latin I", single(charmap.ISO8859_1)},
	28592: {"ISO 8859-2 Central Europe", amended(charmap.ISO8859_2, controls)},
	28593: {"ISO 8859-3 Latin 3", amended(charmap.ISO8859_3, controls)},
	28594: {"ISO 8859-4 Baltic", amended(charmap.ISO8859_4, controls)},
	28595: {"ISO 8859-5 Cyrillic", amended(charmap.ISO8859_5, controls)},
	28596: {"ISO 8859-6 Arabic", amended(charmap.ISO8859_6, controls)},
	28597: {"ISO 8859-7 Greek", amended(charmap.ISO8859_7, controls)},
	28598: {"ISO 8859-8 Hebrew", amended(charmap.ISO8859_8, controls)},
	28599: {"ISO 8859-9 Latin 5", single(charmap.ISO8859_9)},
	28605: {"ISO 8859-15 Latin 9", amended(charmap.ISO8859_15, controls)},
	38598: {"ISO 8859-8 Hebrew", amended(charmap.ISO8859_8, controls)},
	50220: {"ISO 2022 Japanese with no halfwidth Katakana", &jis},
	50221: {"ISO 2022 Japanese with halfwidth Katakana", &jisKatakana},
	51932: {"EUC - Japanese", foreign{japanese.EUCJP}},
	51949: {"EUC - Korean", &eucKR},
	52936: {"HZ-GB2312 Simplified Chinese", hz{}},
	54936: {"Windows XP: GB18030 Simplified Chinese (4 Byte)", &gb18030},
	65001: {"Unicode UTF-8", asIs{}},
}

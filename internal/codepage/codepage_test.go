package codepage_test

import (
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ediport/ediport/internal/codepage"
	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// samples has characters for each page that prove that it is this one and not
// its neighbor, with their octets.
var samples = map[int]struct{ text, octets string }{
	37:    {"A![¬\n", "C1 5A BA 5F 25"},
	437:   {"Ç₧α", "80 9E E0"},
	850:   {"Çıð", "80 D5 D0"},
	852:   {"ůŁ", "85 9D"},
	855:   {"ђЯ", "80 E0"},
	858:   {"Ç€ð", "80 D5 D0"},
	860:   {"ÃÕ", "8E 99"},
	862:   {"את", "80 9A"},
	863:   {"Â¾", "84 AD"},
	865:   {"ø¤", "9B AF"},
	866:   {"Яў", "9F F7"},
	874:   {"ก€", "A1 80"},
	932:   {"表①～ｱ\\", "95 5C 87 40 81 60 B1 5C"},
	936:   {"€中镕", "80 D6 D0 E9 46"},
	949:   {"똠한", "8C 63 C7 D1"},
	950:   {"中▓港€", "A4 A4 F9 FE B4 E4 A3 E1"},
	1047:  {"A![¬\n", "C1 5A AD B0 15"},
	1140:  {"A€", "C1 9F"},
	1200:  {"A€😀", "41 00 AC 20 3D D8 00 DE"},
	1201:  {"A€😀", "00 41 20 AC D8 3D DE 00"},
	1250:  {"Š€ł", "8A 80 B3"},
	1251:  {"Ђя€", "80 FF 88"},
	1252:  {"€Ÿé", "80 9F E9"},
	1253:  {"΅Ω€", "A1 D9 80"},
	1254:  {"Ğı€", "D0 FD 80"},
	1255:  {"₪א€", "A4 E0 80"},
	1256:  {"پے€", "81 FF 80"},
	1257:  {"ėĻ€", "EB CF 80"},
	1258:  {"ơ₫€", "F5 FE 80"},
	10000: {"Ä€\uF8FF", "80 DB F0"},
	10007: {"А¢∂¤", "80 A2 B6 FF"},
	10017: {"АҐґ¤", "80 A2 B6 FF"},
	12000: {"A😀", "41 00 00 00 00 F6 01 00"},
	12001: {"A😀", "00 00 00 41 00 01 F6 00"},
	20127: {"A~\x7F", "41 7E 7F"},
	20866: {"юЪё╝", "C0 FF A3 AE"},
	21866: {"юїЎґ", "C0 A7 BE AD"},
	28591: {"é\u0085¤", "E9 85 A4"},
	28592: {"Łş\u0085", "A3 BA 85"},
	28593: {"Ħħ\u0085", "A1 B1 85"},
	28594: {"ĸŋ\u0085", "A2 BF 85"},
	28595: {"Ёџ\u0085", "A1 FF 85"},
	28596: {"عي\u0085", "D9 EA 85"},
	28597: {"€Ω\u0085", "A4 D9 85"},
	28598: {"את×\u0085", "E0 FA AA 85"},
	28599: {"Ğİ\u0085", "D0 DD 85"},
	28605: {"€Œ\u0085", "A4 BC 85"},
	38598: {"את×\u0085", "E0 FA AA 85"},
	50220: {"日本!", "1B 24 42 46 7C 4B 5C 1B 28 42 21"},
	50221: {"日ｱ", "1B 24 42 46 7C 1B 28 49 31 1B 28 42"},
	51932: {"日ｱ丂", "C6 FC 8E B1 8F B0 A1"},
	51949: {"한글", "C7 D1 B1 DB"},
	52936: {"中~国", "7E 7B 56 50 7E 7D 7E 7E 7E 7B 39 7A 7E 7D"},
	54936: {"中€😀", "D6 D0 A2 E3 94 39 FC 36"},
	65001: {"A€\xFF", "41 E2 82 AC FF"},
}

// The list of the component, as its documentation has it.
//
//go:embed testdata/codepages.tsv
var list string

func TestEveryPageOfTheListIsSupportedOrRefusedByName(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(list), "\n")[1:]
	require.Len(t, lines, 174)
	seen := 0
	for _, line := range lines {
		column := strings.Split(line, "\t")
		base := 10
		if strings.HasPrefix(column[0], "0x") {
			base = 0
		}
		id, err := strconv.ParseInt(column[0], base, 64)
		require.NoError(t, err)
		page, err := codepage.Lookup(int(id))
		if _, ok := samples[int(id)]; ok {
			seen++
			require.NoError(t, err, line)
			assert.Equal(t, int(id), page.ID())
			assert.True(t, strings.HasPrefix(column[1], page.Name()), line)
			assert.Equal(t, "general", column[2])
			continue
		}
		assert.Equal(t, trap.CodeNotSupported, trap.Code(err), line)
		assert.ErrorContains(t, err, column[1])
		assert.ErrorContains(t, err, ") is not supported: use ")
		if column[2] == "macos" {
			assert.ErrorContains(t, err, "macOS")
		}
	}
	assert.Equal(t, len(samples), seen)
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for id, c := range samples {
		page, err := codepage.Lookup(id)
		require.NoError(t, err)
		want, err := hex.DecodeString(strings.ReplaceAll(c.octets, " ", ""))
		require.NoError(t, err)
		got, err := page.Encode(c.text)
		require.NoError(t, err, "%d", id)
		assert.Equal(t, want, got, "%d: % X", id, got)
		assert.Equal(t, c.text, page.Decode(want), "%d", id)
	}
}

func TestNumbersThatAreNoPage(t *testing.T) {
	t.Parallel()
	for _, id := range []int{-1, 0, 36, 20949, 65002} {
		_, err := codepage.Lookup(id)
		assert.Equal(t, trap.CodeInvalidArgument, trap.Code(err), "%d", id)
	}
}

func TestWhatARefusalRecommendsIsThere(t *testing.T) {
	t.Parallel()
	_, err := codepage.Lookup(500)
	assert.EqualError(t, err, "10045: code page 500 (IBM EBCDIC - International) is not supported: "+
		"use 37 (IBM EBCDIC - U.S./Canada) if the other side reads it, or send and receive the octets as they are")
	_, err = codepage.Lookup(12)
	assert.ErrorContains(t, err, "code page 12 (macOS WindowsCP1252) is not supported: use 1252 (ANSI - Latin I)")
	for line := range strings.Lines(list) {
		id, _, _ := strings.Cut(line, "\t")
		n, _ := strconv.ParseInt(id, 0, 64)
		if _, err := codepage.Lookup(int(n)); trap.Code(err) == trap.CodeNotSupported {
			assert.NotContains(t, err.Error(), "()", "%d: a page without a name is not supported", n)
		}
	}
}

func TestTheZeroPageIsUTF8(t *testing.T) {
	t.Parallel()
	var page codepage.Page
	assert.Equal(t, codepage.UTF8, page.ID())
	assert.Equal(t, "Unicode UTF-8", page.Name())
	assert.Equal(t, "é\xFF", page.Decode([]byte("é\xFF")))
	octets, err := page.Encode("é\xFF")
	require.NoError(t, err)
	assert.Equal(t, []byte("é\xFF"), octets)
}

func TestWhatAPageDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		page   int
		text   string
		char   string
		offset int
	}{
		{28591, "100 €", "U+20AC '€'", 4},
		{20127, "Zoë", "U+00EB 'ë'", 2},
		{37, "ab€", "U+20AC '€'", 2},
		{850, "é€", "U+20AC '€'", 2},
		{10007, "А€", "U+20AC '€'", 2},
		{1047, "\u0085α", "U+03B1 'α'", 2},
		{932, "日😀", "U+1F600 '😀'", 3},
		{932, "\uFFFD", "U+FFFD '\uFFFD'", 0},
		{936, "中ǹ", "U+01F9 'ǹ'", 3},
		{949, "é한é", "U+00E9 'é'", 0},
		{950, "港中\u3400", "U+3400 '\u3400'", 6},
		{950, "é", "U+00E9 'é'", 0},
		{51949, "한똠", "U+B620 '똠'", 3},
		{50220, "日ｱ", "U+FF71 'ｱ'", 3},
		{50221, "日\x1B", "U+001B", 3},
		{52936, "中€", "U+20AC '€'", 3},
		{52936, "镕", "U+9555 '镕'", 0},
		{54936, "\uE000", "U+E000", 0},
	} {
		page, err := codepage.Lookup(c.page)
		require.NoError(t, err)
		octets, err := page.Encode(c.text)
		assert.Nil(t, octets)
		assert.Equal(t, trap.CodeInvalidArgument, trap.Code(err), "%d %q", c.page, c.text)
		assert.ErrorContains(t, err, page.Name())
		assert.ErrorContains(t, err, "the character "+c.char+" at offset "+strconv.Itoa(c.offset))
	}
}

func TestATextHasToBeUTF8(t *testing.T) {
	t.Parallel()
	for id := range samples {
		if id == codepage.UTF8 {
			continue
		}
		page, _ := codepage.Lookup(id)
		_, err := page.Encode("A\x80")
		assert.Equal(t, trap.CodeInvalidArgument, trap.Code(err))
		assert.ErrorContains(t, err, "no UTF-8: octet 0x80 at offset 1")
	}
}

func TestWhatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		page         int
		octets, text string
	}{
		{20127, "a\x80\xFFb", "a\uFFFD\uFFFDb"},
		{28593, "\xA5", "\uFFFD"},
		{932, "\x81", "\uFFFD"},
		{932, "\xF0\x40", "\uFFFD"},
		{936, "\xA8\xBF\xD6\xD0", "\uFFFD中"},
		{936, "\xFF\x80", "\uFFFD€"},
		{949, "\x81\x20", "\uFFFD "},
		{950, "\x88\x62\xA4\xA4", "\uFFFDb中"},
		{950, "\xC6\xA1\xA4\xA4", "\uFFFD中"},
		{950, "\xA4\xA4\xA4", "中\uFFFD"},
		{51949, "\x8C\x63\xC7\xD1", "\uFFFDc한"},
		{1200, "A\x00B", "A\uFFFD"},
		{1201, "\xD8\x3D\x00A", "\uFFFDA"},
		{12001, "\x00\x11\x00\x00\x00", "\uFFFD\uFFFD"},
		{50220, "\x1B", "\uFFFD"},
	} {
		page, err := codepage.Lookup(c.page)
		require.NoError(t, err)
		assert.Equal(t, c.text, page.Decode([]byte(c.octets)), "%d % X", c.page, c.octets)
	}
}

func TestEveryCharacterThereAndBack(t *testing.T) {
	t.Parallel()
	for id := range samples {
		t.Run(strconv.Itoa(id), func(t *testing.T) {
			t.Parallel()
			page, err := codepage.Lookup(id)
			require.NoError(t, err)
			there := 0
			for char := rune(0); char < 0x10000; char++ {
				if char > 0x3100 && char < 0xF900 {
					char += 4 // of ideographs and Hangul one of five will do
				}
				octets, err := page.Encode(string(char))
				if err != nil || !utf8.ValidRune(char) {
					continue
				}
				there++
				if back := page.Decode(octets); back != string(char) {
					t.Errorf("%U % X comes back as %q", char, octets, back)
				}
			}
			assert.GreaterOrEqual(t, there, 128)
		})
	}
}

func TestWhatIsReadCanBeWritten(t *testing.T) {
	t.Parallel()
	for id := range samples {
		if onlyRead(id, "") {
			continue
		}
		t.Run(strconv.Itoa(id), func(t *testing.T) {
			t.Parallel()
			page, err := codepage.Lookup(id)
			require.NoError(t, err)
			for pair := 0x8000; pair < 0x10000; pair++ {
				text := page.Decode([]byte{byte(pair >> 8), byte(pair)})
				if strings.ContainsRune(text, utf8.RuneError) || onlyRead(id, text) {
					continue
				}
				octets, err := page.Encode(text)
				if err != nil || page.Decode(octets) != text {
					t.Errorf("%04X is read as %q, which is written as % X: %v", pair, text, octets, err)
				}
			}
		})
	}
}

// onlyRead reports what golang.org/x/text reads and does not write as the page
// has it: 0x80 of 932, which is no character of Shift-JIS, and the private use
// area of GB 18030. The pages with escapes read more sets than they write.
func onlyRead(id int, text string) bool {
	switch id {
	case 932:
		return strings.ContainsRune(text, 0x80)
	case 54936:
		return strings.ContainsFunc(text, func(char rune) bool { return 0xE000 <= char && char <= 0xF8FF })
	}
	return id == 50220 || id == 50221 || id == 52936 || id == codepage.UTF8
}

func TestHZReturnsToASCII(t *testing.T) {
	t.Parallel()
	page, err := codepage.Lookup(52936)
	require.NoError(t, err)
	for text, want := range map[string]string{
		"":         "",
		"a~b":      "a~~b",
		"中国":       "~{VP9z~}",
		"a中\r\n国b": "a~{VP~}\r\n~{9z~}b",
	} {
		octets, err := page.Encode(text)
		require.NoError(t, err)
		assert.Equal(t, want, string(octets))
	}
}

func FuzzThereAndBack(f *testing.F) {
	ids := make([]int, 0, len(samples))
	for id, c := range samples {
		ids = append(ids, id)
		octets, err := hex.DecodeString(strings.ReplaceAll(c.octets, " ", ""))
		require.NoError(f, err)
		f.Add(id, octets)
		f.Add(id, []byte(c.text))
	}
	f.Fuzz(func(t *testing.T, id int, octets []byte) {
		page, err := codepage.Lookup(id)
		if err != nil {
			page, _ = codepage.Lookup(ids[uint(id)%uint(len(ids))])
		}
		text := page.Decode(octets)
		if page.ID() == codepage.UTF8 {
			require.Equal(t, string(octets), text)
			return
		}
		require.True(t, utf8.ValidString(text))
		require.GreaterOrEqual(t, 4*len(octets), utf8.RuneCountInString(text), "nothing is invented")
		for _, text := range []string{text, string(octets)} {
			written, err := page.Encode(text)
			if err == nil {
				require.Equal(t, text, page.Decode(written), "%d % X", page.ID(), written)
			}
		}
	})
}

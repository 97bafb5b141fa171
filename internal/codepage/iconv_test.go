package codepage_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ediport/ediport/internal/codepage"
	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// glibc names the pages of one octet that glibc has, too.
var glibc = map[int]string{
	37: "IBM037", 437: "IBM437", 850: "IBM850", 852: "IBM852", 855: "IBM855", 858: "IBM858", 860: "IBM860",
	862: "IBM862", 863: "IBM863", 865: "IBM865", 866: "IBM866", 874: "WINDOWS-874", 1047: "IBM1047", 1140: "IBM1140",
	1250: "WINDOWS-1250", 1251: "WINDOWS-1251", 1252: "WINDOWS-1252", 1253: "WINDOWS-1253", 1254: "WINDOWS-1254",
	1255: "WINDOWS-1255", 1256: "WINDOWS-1256", 1257: "WINDOWS-1257", 1258: "WINDOWS-1258",
	10000: "MACINTOSH", 10007: "CP10007", 10017: "MAC-UK", 20127: "US-ASCII", 20866: "KOI8-R", 21866: "KOI8-U",
	28591: "ISO-8859-1", 28592: "ISO-8859-2", 28593: "ISO-8859-3", 28594: "ISO-8859-4", 28595: "ISO-8859-5",
	28596: "ISO-8859-6", 28597: "ISO-8859-7", 28598: "ISO-8859-8", 28599: "ISO-8859-9", 28605: "ISO-8859-15",
	38598: "ISO-8859-8",
}

// glibcs is how the iconv of glibc names itself; distributions add their own.
var glibcs = regexp.MustCompile(`GLIBC|GNU libc`)

// elsewhere has what glibc reads in another way, and the reason.
var elsewhere = map[int]map[byte]rune{
	1047:  {0x15: '\u0085', 0x25: '\n'}, // glibc has the page of the mainframe side, where NEL ends lines
	1255:  {0xCA: utf8.RuneError},       // HOLAM HASER FOR VAV came to Windows after glibc's table
	10000: {0xC6: 'Δ', 0xF0: '\uE01E'},  // INCREMENT in Apple's table; Apple's logo has no character
	10007: {0xB6: 'ґ'},                  // glibc follows Apple in this place of three
	21866: {0xAE: '╝', 0xBE: '╬'},       // glibc has RFC 2319; Windows added Byelorussian letters
}

func TestPagesOfOneOctetAreThoseOfGlibc(t *testing.T) {
	t.Parallel()
	iconv := program(t)
	for id, name := range glibc {
		t.Run(fmt.Sprint(id, " ", name), func(t *testing.T) {
			t.Parallel()
			page, err := codepage.Lookup(id)
			require.NoError(t, err)
			for octet, char := range table(t, iconv, name) {
				octet := byte(octet)
				if other, ok := elsewhere[id][octet]; ok {
					assert.Equal(t, string(other), string(char), "%d %02X: glibc has changed", id, octet)
					assert.NotEqual(t, string(other), page.Decode([]byte{octet}), "%d %02X: the difference is gone", id, octet)
					continue
				}
				assert.Equal(t, string(char), page.Decode([]byte{octet}), "%d %02X", id, octet)
			}
		})
	}
}

// The pages of pairs that glibc has under a name that means the same.
func TestPagesOfPairsAreThoseOfGlibc(t *testing.T) {
	t.Parallel()
	iconv := program(t)
	for id, name := range map[int]string{932: "CP932", 936: "GBK", 949: "UHC", 51949: "EUC-KR"} {
		t.Run(fmt.Sprint(id, " ", name), func(t *testing.T) {
			t.Parallel()
			page, err := codepage.Lookup(id)
			require.NoError(t, err)
			var octets, again []byte
			var text strings.Builder
			for pair := 0x8140; pair < 0xFF00; pair++ {
				in := binary.BigEndian.AppendUint16(nil, uint16(pair))
				char := page.Decode(in)
				if utf8.RuneCountInString(char) != 1 || char == "\uFFFD" {
					continue
				}
				out, err := page.Encode(char)
				require.NoError(t, err)
				octets, again = append(octets, in...), append(again, out...)
				text.WriteString(char)
			}
			require.Greater(t, len(octets), 15_000)
			assert.Equal(t, text.String(), run(t, iconv, name, octets), "read")
			assert.Equal(t, text.String(), run(t, iconv, name, again), "written")
		})
	}
}

func program(t *testing.T) (iconv string) {
	t.Helper()
	iconv = needs.Program(t, "iconv")
	if version, _ := exec.CommandContext(t.Context(), iconv, "--version").Output(); !glibcs.Match(version) {
		t.Skip("the iconv of this machine is not that of glibc")
	}
	return iconv
}

// run has iconv read octets that all stand for something.
func run(t *testing.T, iconv, from string, octets []byte) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), iconv, "-f", from, "-t", "UTF-8")
	cmd.Stdin = bytes.NewReader(octets)
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

// table reads one octet after the other, each with 0x40 behind it: some pages of
// glibc wait for a mark that could be combined with a letter, and 0x40 is none.
// The program stops at an octet that the page lacks, and is called for the rest.
func table(t *testing.T, iconv, name string) (chars []rune) {
	t.Helper()
	for len(chars) < 256 {
		var in []byte
		for octet := len(chars); octet < 256; octet++ {
			in = append(in, byte(octet), 0x40)
		}
		cmd := exec.CommandContext(t.Context(), iconv, "-f", name, "-t", "UTF-32LE")
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		for ; len(out) >= 8; out = out[8:] {
			chars = append(chars, rune(binary.LittleEndian.Uint32(out)))
		}
		if err != nil {
			chars = append(chars, utf8.RuneError)
		}
	}
	return chars
}

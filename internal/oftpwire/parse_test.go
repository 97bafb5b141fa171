package oftpwire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var levels = []Level{Level12, Level13, Level14, Level20}

const ssid20 = "X5O0055CLIENT              CLIPWD  04096BNNN064N            \r"

// replaced puts s over the octets of wire from position at.
func replaced(wire string, at int, s string) string { return wire[:at] + s + wire[at+len(s):] }

func TestParseTolerates(t *testing.T) {
	t.Parallel()
	with := func(change func(*SSID)) SSID {
		c := goldenSSID
		change(&c)
		return c
	}
	sfid13 := "H" + text26 + "         261120083144        " + server25 + client25 + "U     %%%%%%%        0"
	eerp106 := "E" + text26 + "   202611200831440001        " + client25 + server25
	eerp := EERP{Name: "TEXT.TXT", Stamp: stamp14, Destination: "O0055CLIENT", Originator: "O0055SERVER"}
	for _, row := range []struct {
		why   string
		level Level
		wire  string
		want  Command
	}{
		{"SSRM ends in 8D", Level20, "IODETTE FTP READY \x8d", SSRM{}},
		{"SSRM ends in 0A", Level20, "IODETTE FTP READY \n", SSRM{}},
		{"SSRM ends in 0D0A", Level20, "IODETTE FTP READY \r\n", SSRM{}},
		{"SSRM without end", Level20, "IODETTE FTP READY ", SSRM{}},
		{"SSID ends in 8D", Level20, replaced(ssid20, 60, "\x8d"), goldenSSID},
		{"SSID ends in 0A", Level20, replaced(ssid20, 60, "\n"), goldenSSID},
		{"SSID without end", Level20, ssid20[:60], goldenSSID},
		{"SSID padded", Level20, ssid20 + "   ", goldenSSID},
		{"SSID padded before its end", Level20, ssid20[:60] + "      \r", goldenSSID},
		{"SSID read at the lowest level", Level12, ssid20, goldenSSID},
		{"SSID without authentication octet", Level20, replaced(ssid20, 47, " "), goldenSSID},
		{"SSID in small letters", Level20, replaced(ssid20, 41, "yny"),
			with(func(c *SSID) { c.Compression, c.SpecialLogic = true, true })},
		{"SSID authentication in small letters", Level20, replaced(ssid20, 47, "y"), with(func(c *SSID) { c.Authentication = true })},
		{"SSID buffer size padded with spaces", Level20, replaced(ssid20, 35, "  512"), with(func(c *SSID) { c.BufferSize = 512 })},
		{"SSID credit padded with spaces", Level20, replaced(ssid20, 44, "  7"), with(func(c *SSID) { c.Credit = 7 })},
		{"SSID reserved octets used", Level20, replaced(ssid20, 48, "ABCD"), goldenSSID},
		{"SSID user data of any kind", Level20, replaced(ssid20, 52, "\x00\x01\xff"), with(func(c *SSID) { c.UserData = "\x00\x01\xff" })},
		{"SSID password of any kind", Level20, replaced(ssid20, 27, "\x00\x01"), with(func(c *SSID) { c.Password = "\x00\x01IPWD" })},
		{"SSID of a future level", Level20, replaced(ssid20, 1, "7"), with(func(c *SSID) { c.Level = 7 })},
		{"SSID of level 3", Level20, replaced(ssid20, 1, "3"), with(func(c *SSID) { c.Level = 3 })},
		{"SSID of 1.3 with rubbish in octet 47", Level20, replaced(replaced(ssid20, 1, "2"), 47, "?"), with(func(c *SSID) { c.Level = Level13 })},
		{"SFID padded with spaces", Level13, strings.Replace(sfid13, "     %%%%%%%", "    0    107", 1),
			SFID{Name: "TEXT.TXT", Stamp: stamp13, Destination: "O0055SERVER", Originator: "O0055CLIENT", Format: Unstructured, Size: 107}},
		{"CD followed by CR", Level20, "R\r", CD{}},
		{"CD followed by spaces", Level20, "R  ", CD{}},
		{"SFNA text before 2.0", Level13, "313Y004Dupl", SFNA{13, true, "Dupl"}},
		{"SFNA without text at 2.0", Level20, "313Y", SFNA{Reason: 13, Retry: true}},
		{"EFNA text before 2.0", Level12, "511003bad", EFNA{11, "bad"}},
		{"EFNA without text at 2.0", Level20, "511", EFNA{Reason: 11}},
		{"ESID old form at 2.0", Level20, "F04\r", ESID{Reason: 4}},
		{"ESID old form with 8D", Level20, "F04\x8d", ESID{Reason: 4}},
		{"ESID old form without end", Level20, "F04", ESID{Reason: 4}},
		{"ESID new form at 1.2", Level12, "F00004None\r", ESID{0, "None"}},
		{"ESID new form without end", Level12, "F00000", ESID{}},
		{"ESID of the Go client", Level20, "F00002OK\n", ESID{0, "OK"}},
		{"text in Latin-1", Level20, "F99006gr\xfc\xdfen\r", ESID{99, "gr?en"}},
		{"EERP without hash", Level20, eerp106, eerp},
		{"EERP without hash, padded", Level20, eerp106 + "  ", eerp},
	} {
		c, err := Parse(row.level, []byte(row.wire))
		if assert.NoError(t, err, row.why) {
			assert.Equal(t, row.want, c, row.why)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	sfid20 := "H" + text26 + "   202611200844016494        " + server25 + client25 +
		"U000000000000000107000000000010700000000000000106000000N000"
	for _, row := range []struct {
		why    string
		level  Level
		wire   string
		reason int
		field  string
	}{
		{"nothing", Level20, "", 7, ""},
		{"unknown command", Level20, "Z", 1, ""},
		{"control character as command", Level20, "\x00", 1, ""},
		{"NERP before 1.4", Level13, "N" + strings.Repeat(" ", 127), 1, ""},
		{"SECD before 2.0", Level14, "J", 1, ""},
		{"SECD at level 0", 0, "J", 1, ""},
		{"AUCH before 2.0", Level14, "A\x00\x00", 1, ""},
		{"AURP before 2.0", Level14, "S" + strings.Repeat("x", 20), 1, ""},
		{"SSRM of another protocol", Level20, "IODETTE XYZ READY \r", 6, "SSRMMSG"},
		{"SSRM short", Level20, "IODETTE", 7, "SSRMMSG"},
		{"SSRM long", Level20, "IODETTE FTP READY \rX", 7, ""},
		{"SSID level 0", Level20, replaced(ssid20, 1, "0"), 6, "SSIDLEV"},
		{"SSID level X", Level20, replaced(ssid20, 1, "X"), 6, "SSIDLEV"},
		{"SSID code with NUL", Level20, replaced(ssid20, 2, "O\x00"), 6, "SSIDCODE"},
		{"SSID code with DEL", Level20, replaced(ssid20, 2, "O\x7f"), 6, "SSIDCODE"},
		{"SSID buffer too small", Level20, replaced(ssid20, 35, "00127"), 6, "SSIDSDEB"},
		{"SSID buffer blank", Level20, replaced(ssid20, 35, "     "), 6, "SSIDSDEB"},
		{"SSID buffer signed", Level20, replaced(ssid20, 35, "+4096"), 6, "SSIDSDEB"},
		{"SSID buffer with spaces on the right", Level20, replaced(ssid20, 35, "512  "), 6, "SSIDSDEB"},
		{"SSID direction", Level20, replaced(ssid20, 40, "X"), 6, "SSIDSR"},
		{"SSID compression", Level20, replaced(ssid20, 41, " "), 6, "SSIDCMPR"},
		{"SSID restart", Level20, replaced(ssid20, 42, "1"), 6, "SSIDREST"},
		{"SSID special logic", Level20, replaced(ssid20, 43, "X"), 6, "SSIDSPEC"},
		{"SSID credit 0", Level20, replaced(ssid20, 44, "000"), 6, "SSIDCRED"},
		{"SSID authentication", Level20, replaced(ssid20, 47, "X"), 6, "SSIDAUTH"},
		{"SSID long", Level20, ssid20 + "X", 7, ""},
		{"SFID name", Level20, replaced(sfid20, 1, "A\nB"), 6, "SFIDDSN"},
		{"SFID date", Level20, replaced(sfid20, 30, "2026 120"), 6, "SFIDDATE"},
		{"SFID time", Level20, replaced(sfid20, 38, "08:44:0164"), 6, "SFIDTIME"},
		{"SFID destination", Level20, replaced(sfid20, 56, "\x1b"), 6, "SFIDDEST"},
		{"SFID originator", Level20, replaced(sfid20, 81, "\t"), 6, "SFIDORIG"},
		{"SFID format", Level20, replaced(sfid20, 106, "u"), 6, "SFIDFMT"},
		{"SFID record size", Level20, replaced(sfid20, 107, "0x100"), 6, "SFIDLRECL"},
		{"SFID size", Level20, replaced(sfid20, 112, "-"), 6, "SFIDFSIZ"},
		{"SFID original size", Level20, replaced(sfid20, 125, "-"), 6, "SFIDOSIZ"},
		{"SFID restart", Level20, replaced(sfid20, 138, "-"), 6, "SFIDREST"},
		{"SFID security", Level20, replaced(sfid20, 155, "04"), 6, "SFIDSEC"},
		{"SFID cipher suite", Level20, replaced(sfid20, 157, "A0"), 6, "SFIDCIPH"},
		{"SFID compression", Level20, replaced(sfid20, 159, "2"), 6, "SFIDCOMP"},
		{"SFID envelope", Level20, replaced(sfid20, 160, "2"), 6, "SFIDENV"},
		{"SFID signed receipt", Level20, replaced(sfid20, 161, "X"), 6, "SFIDSIGN"},
		{"SFID description length", Level20, replaced(sfid20, 162, "1-0"), 6, "SFIDDESCL"},
		{"SFID description short", Level20, replaced(sfid20, 162, "004") + "abc", 7, "SFIDDESC"},
		{"SFID 2.0 at 1.4", Level14, sfid20, 7, ""},
		{"SFNA reason", Level20, "3x1Y000", 6, "SFNAREAS"},
		{"SFNA retry", Level20, "301?000", 6, "SFNARRTR"},
		{"EFPA", Level20, "4?", 6, "EFPACD"},
		{"ESID text longer than announced", Level20, "F00003None\r", 7, ""},
		{"ESID text shorter than announced", Level20, "F00009None\r", 7, "ESIDREAST"},
		{"ESID reason", Level20, "FOK\r", 6, "ESIDREAS"},
		{"EERP 2.0 at 1.4", Level14, "E" + text26 + "   202611200831440001        " + client25 + server25 + "\x00\x00\x00\x00", 7, ""},
		{"AUCH length", Level20, "A\x00\x05abc", 7, "AUCHCHAL"},
		{"AURP long", Level20, "S" + strings.Repeat("x", 21), 7, ""},
		{"CD long", Level20, "RR", 7, ""},
	} {
		c, err := Parse(row.level, []byte(row.wire))
		assert.Nil(t, c, row.why)
		var e *Error
		if assert.ErrorAs(t, err, &e, row.why) {
			assert.Equal(t, row.reason, e.Reason, "%s: %v", row.why, err)
			assert.Equal(t, row.field, e.Field, "%s: %v", row.why, err)
		}
	}
}

func TestParseKeepsNothingOfTheBuffer(t *testing.T) {
	t.Parallel()
	for _, g := range goldens {
		b := []byte(g.wire)
		c, err := Parse(g.level, b)
		require.NoError(t, err, g.name)
		clear(b)
		if d, ok := c.(DATA); ok {
			assert.Equal(t, b[1:], d.Payload, "the payload is the buffer itself")
			continue
		}
		assert.Equal(t, g.command, c, g.name)
	}
}

func TestErrorsNameTheFieldAndTheReason(t *testing.T) {
	t.Parallel()
	_, err := Parse(Level20, []byte(replaced(ssid20, 35, "00127")))
	assert.EqualError(t, err, "SSID: SSIDSDEB: 127 is not between 128 and 99999 (reason 06)")
	_, err = Parse(Level13, []byte("J"))
	assert.EqualError(t, err, "SECD: no command of 1.3 (reason 01)")
	_, err = Parse(Level13, nil)
	assert.EqualError(t, err, "the exchange buffer is empty (reason 07)")
}

// A peer that pads its code too far moves its password into the fields behind it.
func TestErrorsNeverQuoteWhatMayBeAPassword(t *testing.T) {
	t.Parallel()
	for shift := range 35 {
		b := "X5" + "O0055CLIENT" + strings.Repeat(" ", 14+shift) + "zqzqzqzq" + ssid20[35:]
		_, err := Parse(Level20, []byte(b))
		if shift == 0 {
			require.NoError(t, err)
			continue
		}
		require.Error(t, err)
		assert.NotRegexp(t, "[zq]", err.Error(), "shift %d", shift)
	}
}

func TestErrorsNeverQuoteThePassword(t *testing.T) {
	t.Parallel()
	c := goldenSSID
	for _, password := range []string{"hunter2hunter2", "hunter\n"} {
		c.Password = password
		_, err := c.Append(nil, Level20)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "hunter")
	}
}

func FuzzParse(f *testing.F) {
	for _, g := range goldens {
		f.Add(uint8(g.level), []byte(g.wire))
	}
	f.Fuzz(func(t *testing.T, level uint8, b []byte) {
		l := Level(level)
		c, err := Parse(l, bytes.Clone(b))
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, []int{1, 6, 7}, e.Reason)
			return
		}
		Describe(c)
		wire, err := c.Append(nil, l)
		if err != nil {
			return
		}
		again, err := Parse(l, wire)
		require.NoError(t, err)
		require.Equal(t, withoutText(c, l), again)
		Mask(b)
	})
}

// withoutText is what is left of c after it was written at level l, which may
// have no field for its text.
func withoutText(c Command, l Level) Command {
	if l >= Level20 {
		return c
	}
	switch c := c.(type) {
	case SFNA:
		c.Text = ""
		return c
	case EFNA:
		c.Text = ""
		return c
	case ESID:
		c.Text = ""
		return c
	case NERP:
		c.Text = ""
		return c
	}
	return c
}

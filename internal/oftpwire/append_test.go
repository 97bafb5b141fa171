package oftpwire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ssid(change func(*SSID)) SSID {
	c := goldenSSID
	change(&c)
	return c
}

func sfid(l Level, change func(*SFID)) SFID {
	c := SFID{Name: "A", Stamp: stamp14.At(l), Destination: "O1", Originator: "O2", Format: Unstructured}
	change(&c)
	return c
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", 27)
	for _, row := range []struct {
		level   Level
		command Command
		field   string
	}{
		{Level20, ssid(func(c *SSID) { c.Level = 0 }), "SSIDLEV"},
		{Level20, ssid(func(c *SSID) { c.Level = 3 }), "SSIDLEV"},
		{Level20, ssid(func(c *SSID) { c.Level = 6 }), "SSIDLEV"},
		{Level20, ssid(func(c *SSID) { c.Code = long[:26] }), "SSIDCODE"},
		{Level20, ssid(func(c *SSID) { c.Code = "A\x00" }), "SSIDCODE"},
		{Level20, ssid(func(c *SSID) { c.Password = long[:9] }), "SSIDPSWD"},
		{Level20, ssid(func(c *SSID) { c.Password = "A\r" }), "SSIDPSWD"},
		{Level20, ssid(func(c *SSID) { c.BufferSize = 127 }), "SSIDSDEB"},
		{Level20, ssid(func(c *SSID) { c.BufferSize = 100000 }), "SSIDSDEB"},
		{Level20, ssid(func(c *SSID) { c.Direction = 0 }), "SSIDSR"},
		{Level20, ssid(func(c *SSID) { c.Credit = 0 }), "SSIDCRED"},
		{Level20, ssid(func(c *SSID) { c.Credit = 1000 }), "SSIDCRED"},
		{Level20, ssid(func(c *SSID) { c.Level, c.Authentication = Level14, true }), "SSIDAUTH"},
		{Level20, ssid(func(c *SSID) { c.UserData = long[:9] }), "SSIDUSER"},
		{Level20, sfid(Level20, func(c *SFID) { c.Name = long }), "SFIDDSN"},
		{Level20, sfid(Level20, func(c *SFID) { c.Name = "A\tB" }), "SFIDDSN"},
		{Level20, sfid(Level13, func(*SFID) {}), "SFIDDATE"},
		{Level13, sfid(Level20, func(*SFID) {}), "SFIDDATE"},
		{Level20, sfid(Level20, func(c *SFID) { c.Stamp.Time = "08:31:4400" }), "SFIDTIME"},
		{Level20, sfid(Level20, func(c *SFID) { c.Stamp = Stamp{} }), "SFIDDATE"},
		{Level20, sfid(Level20, func(c *SFID) { c.UserData = long[:9] }), "SFIDUSER"},
		{Level20, sfid(Level20, func(c *SFID) { c.Destination = long[:26] }), "SFIDDEST"},
		{Level20, sfid(Level20, func(c *SFID) { c.Originator = "\x1f" }), "SFIDORIG"},
		{Level20, sfid(Level20, func(c *SFID) { c.Format = 'X' }), "SFIDFMT"},
		{Level20, sfid(Level20, func(c *SFID) { c.RecordSize = 100000 }), "SFIDLRECL"},
		{Level20, sfid(Level20, func(c *SFID) { c.Size = -1 }), "SFIDFSIZ"},
		{Level20, sfid(Level20, func(c *SFID) { c.Restart = -1 }), "SFIDREST"},
		{Level13, sfid(Level13, func(c *SFID) { c.Restart = 1e9 }), "SFIDREST"},
		{Level20, sfid(Level20, func(c *SFID) { c.Security = 4 }), "SFIDSEC"},
		{Level20, sfid(Level20, func(c *SFID) { c.CipherSuite = 100 }), "SFIDCIPH"},
		{Level20, sfid(Level20, func(c *SFID) { c.Compression = 2 }), "SFIDCOMP"},
		{Level20, sfid(Level20, func(c *SFID) { c.Envelope = 2 }), "SFIDENV"},
		{Level14, sfid(Level14, func(c *SFID) { c.Security = 1 }), "SFIDSEC"},
		{Level14, sfid(Level14, func(c *SFID) { c.CipherSuite = 1 }), "SFIDCIPH"},
		{Level14, sfid(Level14, func(c *SFID) { c.Compression = 1 }), "SFIDCOMP"},
		{Level14, sfid(Level14, func(c *SFID) { c.Envelope = 1 }), "SFIDENV"},
		{Level14, sfid(Level14, func(c *SFID) { c.SignedReceipt = true }), "SFIDSIGN"},
		{Level14, SFPA{1e9}, "SFPAACNT"},
		{Level20, SFPA{1e17}, "SFPAACNT"},
		{Level20, SFNA{Reason: 100}, "SFNAREAS"},
		{Level20, EFNA{Reason: -1}, "EFNAREAS"},
		{Level20, ESID{Reason: 100}, "ESIDREAS"},
		{Level14, EFID{Records: 1e9}, "EFIDRCNT"},
		{Level14, EFID{Octets: 1e12}, "EFIDUCNT"},
		{Level20, EFID{Octets: -1}, "EFIDUCNT"},
		{Level14, EERP{Stamp: stamp14, Hash: []byte{1}}, "EERPHSH"},
		{Level14, EERP{Stamp: stamp14, Signature: []byte{1}}, "EERPSIG"},
		{Level14, NERP{Stamp: stamp14, Hash: []byte{1}}, "NERPHSH"},
		{Level14, NERP{Stamp: stamp14, Signature: []byte{1}}, "NERPSIG"},
		{Level20, NERP{Stamp: stamp14, Creator: long[:26]}, "NERPCREA"},
		{Level20, AUCH{make([]byte, 65536)}, "AUCHCHAL"},
		{Level13, NERP{Stamp: stamp13}, ""},
		{Level14, SECD{}, ""},
		{Level14, AUCH{}, ""},
		{Level14, AURP{}, ""},
		{Level20, EERP{Stamp: stamp14, Hash: make([]byte, 50000), Signature: make([]byte, 50000)}, ""},
		{Level20, DATA{make([]byte, MaxBuffer)}, ""},
	} {
		b, err := row.command.Append([]byte("before"), row.level)
		assert.Equal(t, "before", string(b))
		var e *Error
		if assert.ErrorAs(t, err, &e, "%v", row.command) {
			assert.Equal(t, row.field, e.Field, err)
			assert.Equal(t, row.command.ID(), e.Command)
		}
	}
}

func TestSizesAreCutDownToTheField(t *testing.T) {
	t.Parallel()
	for l, want := range map[Level]int64{Level12: 9999999, Level14: 9999999, Level20: 9999999999999} {
		b, err := sfid(l, func(c *SFID) { c.Size = 1 << 62 }).Append(nil, l)
		require.NoError(t, err)
		c, err := Parse(l, b)
		require.NoError(t, err)
		assert.Equal(t, want, c.(SFID).Size)
	}
}

func TestTextsEndAtACharacter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, want string }{
		{strings.Repeat("x", 999), strings.Repeat("x", 999)},
		{strings.Repeat("x", 1000), strings.Repeat("x", 999)},
		{strings.Repeat("x", 998) + "ü", strings.Repeat("x", 998)},
		{strings.Repeat("x", 997) + "ü", strings.Repeat("x", 997) + "ü"},
		{strings.Repeat("€", 334), strings.Repeat("€", 333)},
		{strings.Repeat("x", 996) + "😀", strings.Repeat("x", 996)},
		{"gr\xfc\xdfe", "gr?e"},
	} {
		b, err := ESID{Reason: 99, Text: row.text}.Append(nil, Level20)
		require.NoError(t, err)
		c, err := Parse(Level20, b)
		require.NoError(t, err)
		assert.Equal(t, row.want, c.(ESID).Text)
	}
}

func TestTextsAreLeftOutBeforeLevel20(t *testing.T) {
	t.Parallel()
	for wire, c := range map[string]Command{
		"313Y":  SFNA{13, true, "Duplicate"},
		"511":   EFNA{11, "Too short"},
		"F04\r": ESID{4, "Wrong password"},
	} {
		b, err := c.Append(nil, Level14)
		require.NoError(t, err)
		assert.Equal(t, wire, string(b))
	}
}

// TestPositions holds the fields against the offsets of the RFC's tables.
func TestPositions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		level   Level
		command Command
		length  int
		at      map[int]string
	}{
		{Level20, ssid(func(c *SSID) { c.UserData = "USER" }), 61,
			map[int]string{1: "5", 2: "O0055", 27: "CLIPWD", 35: "04096", 40: "B", 41: "NNN", 44: "064", 47: "N", 52: "USER", 60: "\r"}},
		{Level13, sfid(Level13, func(c *SFID) { c.UserData, c.Restart = "USER", 7 }), 128,
			map[int]string{1: "A ", 36: "261120", 42: "083144", 48: "USER", 56: "O1", 81: "O2", 106: "U", 107: "00000", 112: "0000000", 119: "000000007"}},
		{Level14, sfid(Level14, func(c *SFID) { c.Restart = 7 }), 128,
			map[int]string{30: "20261120", 38: "0831440001", 119: "000000007"}},
		{Level20, sfid(Level20, func(c *SFID) { c.Restart, c.Security, c.Description = 7, 3, "text" }), 169,
			map[int]string{30: "20261120", 112: "0000000000000", 125: "0000000000000", 138: "00000000000000007", 155: "03", 157: "00", 159: "0", 160: "0", 161: "N", 162: "004", 165: "text"}},
		{Level20, EFID{1, 2}, 35, map[int]string{1: "00000000000000001", 18: "00000000000000002"}},
		{Level13, EFID{1, 2}, 22, map[int]string{1: "000000001", 10: "000000000002"}},
		{Level20, EERP{Name: "A", Stamp: stamp14, Destination: "O1", Originator: "O2", Hash: []byte("h")}, 111,
			map[int]string{1: "A ", 30: "20261120", 38: "0831440001", 56: "O1", 81: "O2", 106: "\x00\x01h\x00\x00"}},
		{Level20, NERP{Name: "A", Stamp: stamp14, Destination: "O1", Originator: "O2", Creator: "O3", Reason: 34, Text: "t"}, 136,
			map[int]string{33: "20261120", 41: "0831440001", 51: "O1", 76: "O2", 101: "O3", 126: "34", 128: "001t\x00\x00\x00\x00"}},
	} {
		b, err := row.command.Append(nil, row.level)
		require.NoError(t, err)
		assert.Len(t, b, row.length, row.command.ID())
		for at, want := range row.at {
			assert.Equal(t, want, string(b[at:at+len(want)]), "%s at %d", row.command.ID(), at)
		}
	}
}

// generator makes commands of level l with random values in every field.
type generator struct {
	*rand.Rand
	l Level
}

func (g generator) text(n int) string {
	return strings.Repeat(string(rune('!'+g.IntN(90))), g.IntN(n+1))
}

func (g generator) octets(n int) []byte {
	if n = g.IntN(n); n == 0 {
		return nil
	}
	return randomOctets(n)
}

func (g generator) flag() bool { return g.IntN(2) == 0 }

func (g generator) digits(n int) int64 { return g.Int64N(limit(n) + 1) }

// width is that of a field which was widened in 2.0.
func (g generator) width(now, before int) int {
	if g.l >= Level20 {
		return now
	}
	return before
}

func (g generator) commands() []Command {
	stamp := Stamp{fmt.Sprintf("20%06d", g.digits(6)), fmt.Sprintf("%010d", g.digits(10))}.At(g.l)
	file := SFID{
		Name: g.text(26), Stamp: stamp, UserData: g.text(8), Destination: g.text(25), Originator: g.text(25),
		Format: Format("UTFV"[g.IntN(4)]), RecordSize: int(g.digits(5)),
		Size: g.digits(g.width(13, 7)), Restart: g.digits(g.width(17, 9)),
	}
	session := SSID{
		Level: g.l, Code: g.text(25), Password: g.text(8), BufferSize: MinBuffer + g.IntN(MaxBuffer-MinBuffer+1),
		Direction: Direction("SRB"[g.IntN(3)]), Compression: g.flag(), Restart: g.flag(), SpecialLogic: g.flag(),
		Credit: 1 + g.IntN(999), UserData: g.text(8),
	}
	receipt := EERP{Name: g.text(26), Stamp: stamp, UserData: g.text(8), Destination: g.text(25), Originator: g.text(25)}
	failure := NERP{
		Name: g.text(26), Stamp: stamp, Destination: g.text(25), Originator: g.text(25),
		Creator: g.text(25), Reason: g.IntN(100),
	}
	text := ""
	all := []Command{SSRM{}, CDT{}, CD{}, RTR{}, EFPA{g.flag()}, DATA{randomOctets(g.IntN(5000))}}
	if g.l >= Level14 {
		all = append(all, failure)
	}
	if g.l >= Level20 {
		session.Authentication = g.flag()
		file.OriginalSize, file.Security, file.CipherSuite = g.digits(13), g.IntN(4), g.IntN(100)
		file.Compression, file.Envelope, file.SignedReceipt = g.IntN(2), g.IntN(2), g.flag()
		file.Description = g.text(maxText)
		text = g.text(maxText)
		receipt.Hash, receipt.Signature = g.octets(65), g.octets(65536)
		failure.Text, failure.Hash, failure.Signature = g.text(maxText), g.octets(65), g.octets(65536)
		all = append(all, failure, SECD{}, AUCH{g.octets(65536)}, AURP{[20]byte(randomOctets(20))})
	}
	return append(all, session, file, receipt,
		SFPA{g.digits(g.width(17, 9))}, EFID{g.digits(g.width(17, 9)), g.digits(g.width(17, 12))},
		SFNA{g.IntN(100), g.flag(), text}, EFNA{g.IntN(100), text}, ESID{g.IntN(100), text})
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, l := range levels {
		for seed := range uint64(50) {
			for _, c := range (generator{rand.New(rand.NewPCG(seed, uint64(l))), l}).commands() {
				b, err := c.Append(nil, l)
				require.NoError(t, err, Describe(c))
				again, err := Parse(l, b)
				require.NoError(t, err, Describe(c))
				require.Equal(t, c, again)
			}
		}
	}
}

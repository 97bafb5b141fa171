package oftpwire

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// golden is one command as it stands on the wire. Those marked accord, C# and Go
// are recordings of sessions with that implementation, the others were written
// by hand after the tables of RFC 5024 and RFC 2204.
type golden struct {
	name    string
	level   Level
	wire    string
	command Command
}

var (
	stamp13 = Stamp{"261120", "083144"}
	stamp14 = Stamp{"20261120", "0831440001"}
)

// pad fills s with spaces up to n octets.
func pad(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }

var (
	client25 = pad("O0055CLIENT", 25)
	server25 = pad("O0055SERVER", 25)
	text26   = pad("TEXT.TXT", 26)
)

var goldens = []golden{
	{"SSRM", Level20, "IODETTE FTP READY \r", SSRM{}},
	{"SSID 1.2 accord", Level12, "X1" + client25 + "CLIPWD  04096BNNN064             \r",
		SSID{Level: Level12, Code: "O0055CLIENT", Password: "CLIPWD", BufferSize: 4096, Direction: Both, Credit: 64}},
	{"SSID 1.3 accord", Level13, "X2" + client25 + "CLIPWD  02048BNNN007             \r",
		SSID{Level: Level13, Code: "O0055CLIENT", Password: "CLIPWD", BufferSize: 2048, Direction: Both, Credit: 7}},
	{"SSID 1.4 accord", Level14, "X4" + server25 + "SRVPWD  04096BNNN064             \r",
		SSID{Level: Level14, Code: "O0055SERVER", Password: "SRVPWD", BufferSize: 4096, Direction: Both, Credit: 64}},
	{"SSID 2.0 accord", Level20, "X5" + client25 + "CLIPWD  04096BNNN064N            \r", goldenSSID},
	{"SSID 2.0 all set", Level20, "X5" + client25 + "SECRET  99999SYYY999Y    USERDATA\r",
		SSID{Level: Level20, Code: "O0055CLIENT", Password: "SECRET", BufferSize: 99999, Direction: SendOnly, Compression: true,
			Restart: true, SpecialLogic: true, Credit: 999, Authentication: true, UserData: "USERDATA"}},
	{"SECD", Level20, "J", SECD{}},
	{"AURP accord", Level20, "S=Q)G\xf7\xd6R9\xa6\x22\xc0\xe7\xbduC\xa7H\x14\xb1n",
		AURP{[20]byte([]byte("=Q)G\xf7\xd6R9\xa6\x22\xc0\xe7\xbduC\xa7H\x14\xb1n"))}},
	{"AUCH", Level20, "A\x00\x030\x80\x06", AUCH{[]byte("0\x80\x06")}},

	{"SFID 1.2 accord", Level12, "H" + text26 + "         261120083144        " + server25 + client25 + "U000000000107000000000",
		SFID{Name: "TEXT.TXT", Stamp: stamp13, Destination: "O0055SERVER", Originator: "O0055CLIENT", Format: Unstructured, Size: 107}},
	{"SFID 1.3 all set", Level13, "H" + text26 + "         261120083144USERDATA" + server25 + client25 + "V000809999999123456789",
		SFID{Name: "TEXT.TXT", Stamp: stamp13, UserData: "USERDATA", Destination: "O0055SERVER", Originator: "O0055CLIENT",
			Format: Variable, RecordSize: 80, Size: 9999999, Restart: 123456789}},
	{"SFID 1.4 accord", Level14, "H" + pad("HELLO", 26) + "   202611200845410001        " + server25 + client25 + "U000000000001000000000",
		SFID{Name: "HELLO", Stamp: Stamp{"20261120", "0845410001"}, Destination: "O0055SERVER", Originator: "O0055CLIENT",
			Format: Unstructured, Size: 1}},
	{"SFID 2.0 C#", Level20, "H" + text26 + "   202611200844016494        " + server25 + client25 +
		"U000000000000000107000000000010700000000000000106000000N000",
		SFID{Name: "TEXT.TXT", Stamp: Stamp{"20261120", "0844016494"}, Destination: "O0055SERVER", Originator: "O0055CLIENT",
			Format: Unstructured, Size: 107, OriginalSize: 107, Restart: 106}},
	{"SFID 2.0 accord secured", Level20, "H" + pad("FOX", 26) + "   202611200845030001        " + server25 + client25 +
		"U000000000000000002000000000000200000000000000000030211Y000",
		SFID{Name: "FOX", Stamp: Stamp{"20261120", "0845030001"}, Destination: "O0055SERVER", Originator: "O0055CLIENT",
			Format: Unstructured, Size: 2, OriginalSize: 2, Security: 3, CipherSuite: 2, Compression: 1, Envelope: 1, SignedReceipt: true}},
	{"SFID 2.0 description", Level20, "H" + text26 + "   202611200831440001        " + server25 + client25 +
		"F00080" + "0000000000002" + "0000000000001" + "00000000000000000" + "0000" + "00" + "N" + "008" + "Stückl.",
		SFID{Name: "TEXT.TXT", Stamp: stamp14, Destination: "O0055SERVER", Originator: "O0055CLIENT",
			Format: Fixed, RecordSize: 80, Size: 2, OriginalSize: 1, Description: "Stückl."}},
	{"SFPA 1.3 accord", Level13, "2000000000", SFPA{}},
	{"SFPA 1.4", Level14, "2000000060", SFPA{60}},
	{"SFPA 2.0 C#", Level20, "200000000000000060", SFPA{60}},
	{"SFNA 1.3", Level13, "312Y", SFNA{Reason: 12, Retry: true}},
	{"SFNA 2.0 accord", Level20, "313Y020Start File rejected.", SFNA{13, true, "Start File rejected."}},
	{"SFNA 2.0 no text", Level20, "313N000", SFNA{Reason: 13}},

	{"DATA", Level20, "D\x8aHELLO OFTP", DATA{[]byte("\x8aHELLO OFTP")}},
	{"DATA empty", Level20, "D", DATA{[]byte{}}},
	{"CDT", Level20, "C  ", CDT{}},

	{"EFID 1.2 accord", Level12, "T000000000000000108894", EFID{0, 108894}},
	{"EFID 1.3", Level13, "T000000005000000001234", EFID{5, 1234}},
	{"EFID 1.4 accord", Level14, "T000000000000000000010", EFID{0, 10}},
	{"EFID 2.0 accord", Level20, "T0000000000000000000000000000108894", EFID{0, 108894}},
	{"EFPA Y", Level20, "4Y", EFPA{true}},
	{"EFPA N", Level12, "4N", EFPA{false}},
	{"EFNA 1.3", Level13, "511", EFNA{Reason: 11}},
	{"EFNA 2.0", Level20, "522008cms: bad", EFNA{22, "cms: bad"}},
	{"CD", Level12, "R", CD{}},

	{"ESID 1.3 accord", Level13, "F00\r", ESID{}},
	{"ESID 1.4 password", Level14, "F04\r", ESID{Reason: 4}},
	{"ESID 2.0 accord", Level20, "F00000\r", ESID{}},
	{"ESID 2.0 C#", Level20, "F00004None\r", ESID{0, "None"}},
	{"ESID 2.0 accord password", Level20, "F04038Authentication error: INVALID PASSWORD\r",
		ESID{4, "Authentication error: INVALID PASSWORD"}},

	{"EERP 1.2 accord", Level12, "E" + text26 + "         261120083144        " + client25 + server25,
		EERP{Name: "TEXT.TXT", Stamp: stamp13, Destination: "O0055CLIENT", Originator: "O0055SERVER"}},
	{"EERP 1.4 accord", Level14, "E" + pad("HELLO", 26) + "   202611200845410001        " + client25 + server25,
		EERP{Name: "HELLO", Stamp: Stamp{"20261120", "0845410001"}, Destination: "O0055CLIENT", Originator: "O0055SERVER"}},
	{"EERP 2.0 accord", Level20, "E" + text26 + "   202611200831440001        " + client25 + server25 + "\x00\x00\x00\x00",
		EERP{Name: "TEXT.TXT", Stamp: stamp14, Destination: "O0055CLIENT", Originator: "O0055SERVER"}},
	{"EERP 2.0 signed", Level20, "E" + text26 + "   202611200831440001USERDATA" + client25 + server25 + "\x00\x02hh\x00\x03sss",
		EERP{Name: "TEXT.TXT", Stamp: stamp14, UserData: "USERDATA", Destination: "O0055CLIENT", Originator: "O0055SERVER",
			Hash: []byte("hh"), Signature: []byte("sss")}},
	{"NERP 1.4", Level14, "N" + text26 + "      202611200831440001" + client25 + server25 + server25 + "35",
		NERP{Name: "TEXT.TXT", Stamp: stamp14, Destination: "O0055CLIENT", Originator: "O0055SERVER", Creator: "O0055SERVER", Reason: 35}},
	{"NERP 2.0 C#", Level20, "N" + text26 + "      202611200837230001" + client25 + server25 + server25 +
		"35016rejected by test\x00\x00\x00\x00",
		NERP{Name: "TEXT.TXT", Stamp: Stamp{"20261120", "0837230001"}, Destination: "O0055CLIENT", Originator: "O0055SERVER",
			Creator: "O0055SERVER", Reason: 35, Text: "rejected by test"}},
	{"RTR", Level12, "P", RTR{}},
}

func TestGoldenCommandsParse(t *testing.T) {
	t.Parallel()
	for _, g := range goldens {
		c, err := Parse(g.level, []byte(g.wire))
		if assert.NoError(t, err, g.name) {
			assert.Equal(t, g.command, c, g.name)
		}
	}
}

func TestGoldenCommandsAppend(t *testing.T) {
	t.Parallel()
	for _, g := range goldens {
		b, err := g.command.Append([]byte("before"), g.level)
		if assert.NoError(t, err, g.name) {
			assert.Equal(t, "before"+g.wire, string(b), g.name)
		}
	}
}

// TestGoldenPrefixesFail cuts every golden command short by every length. What
// still parses must be one of the forms that Parse tolerates.
func TestGoldenPrefixesFail(t *testing.T) {
	t.Parallel()
	for _, g := range goldens {
		if g.command.ID() == IDDATA {
			continue // any length is a payload
		}
		for n := range len(g.wire) {
			c, err := Parse(g.level, []byte(g.wire[:n]))
			if err == nil {
				assert.Contains(t, toleratedLengths(g.command.ID(), len(g.wire)), n, "%s cut to %d: %v", g.name, n, c)
				continue
			}
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 7, e.Reason, "%s cut to %d", g.name, n)
		}
	}
}

// toleratedLengths are the prefixes of a command of n octets that are complete
// in themselves.
func toleratedLengths(id ID, n int) []int {
	switch id {
	case IDSSRM, IDSSID: // no carriage return
		return []int{n - 1}
	case IDESID: // no carriage return, no text
		return []int{n - 1, 3}
	case IDSFNA:
		return []int{4}
	case IDEFNA:
		return []int{3}
	case IDEERP:
		return []int{106}
	case IDNERP: // no text, no hash
		return []int{128, n - 4}
	}
	return nil
}

func readHex(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	require.NoError(t, err)
	return b
}

func TestSignedResponseOfAPeer(t *testing.T) {
	t.Parallel()
	wire := readHex(t, "eerp-signed.hex")
	c, err := Parse(Level20, wire)
	require.NoError(t, err)
	e := c.(EERP)
	assert.Equal(t, "FOX", e.Name)
	assert.Equal(t, "202611200845030001", e.Stamp.String())
	assert.Equal(t, "de26ed21d2f17eb07159253f7f25772974b5ccfc", hex.EncodeToString(e.Hash))
	assert.Len(t, e.Signature, 519)
	again, err := e.Append(nil, Level20)
	require.NoError(t, err)
	assert.Equal(t, wire, again)
}

func TestChallengeOfAPeer(t *testing.T) {
	t.Parallel()
	wire := readHex(t, "auch.hex")
	c, err := Parse(Level20, wire)
	require.NoError(t, err)
	assert.Len(t, c.(AUCH).Challenge, 454)
	again, err := c.Append(nil, Level20)
	require.NoError(t, err)
	assert.Equal(t, wire, again)
}

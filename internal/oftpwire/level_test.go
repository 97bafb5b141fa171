package oftpwire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLevels(t *testing.T) {
	t.Parallel()
	for l, want := range map[Level]string{
		Level12: "1.2", Level13: "1.3", Level14: "1.4", Level20: "2.0",
		0: "level 0", 3: "level 3", 9: "level 9",
	} {
		assert.Equal(t, want, l.String())
		assert.Equal(t, len(want) == 3, l.Valid(), want)
	}
}

func TestLower(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ a, b, want Level }{
		{Level20, Level20, Level20},
		{Level20, Level13, Level13},
		{Level12, Level14, Level12},
		{9, Level14, Level14},
		{9, 6, Level20},
		{3, Level20, Level13},
		{Level12, 3, Level12},
		{0, Level20, 0},
	} {
		assert.Equal(t, row.want, Lower(row.a, row.b))
		assert.Equal(t, row.want, Lower(row.b, row.a))
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	assert.Len(t, parsers, len(commandNames), "every command has a name and a parser")
	for id := range parsers {
		assert.Contains(t, commandNames, id)
	}
	assert.Equal(t, "SSID", IDSSID.String())
	assert.Equal(t, "SSID (Start Session)", IDSSID.Description())
	assert.Equal(t, "0x7A", ID('z').String())
	assert.Equal(t, "0x7A (unknown command)", ID('z').Description())
}

func TestStampAt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		from Stamp
		to   Level
		want Stamp
	}{
		{stamp13, Level20, Stamp{"20261120", "0831440000"}},
		{stamp13, Level13, stamp13},
		{stamp14, Level12, stamp13},
		{stamp14, Level14, stamp14},
		{Stamp{"790101", "000000"}, Level14, Stamp{"20790101", "0000000000"}},
		{Stamp{"800101", "000000"}, Level14, Stamp{"19800101", "0000000000"}},
		{Stamp{"19991231", "2359599999"}, Level13, Stamp{"991231", "235959"}},
		{Stamp{}, Level20, Stamp{}},
		{Stamp{"1", "2"}, Level12, Stamp{"1", "2"}},
	} {
		assert.Equal(t, row.want, row.from.At(row.to))
	}
	assert.Equal(t, "202611200831440001", stamp14.String())
}

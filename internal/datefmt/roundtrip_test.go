package datefmt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/trap"
)

// whole are layouts that say everything down to the second.
var whole = []string{
	datefmt.Default,
	"ddd, d MMM yy HH:mm:ss zzz",
	"ddd, d MMM yyyy HH:mm:ss zzzz",
	"d MMM yyyy H:m:s zzz",
	"dd-MMM-yyyy HH:mm:ss",
	"ddd, dd MMM yyyy HH:mm:ss 'GMT'",
	"dddd, MMMM dd, yyyy h:mm:ss tt",
	"tt hh:mm:ss d.M.yyyy",
	"yyMMddHHmmssZ",
	"yyyyMMddHHmmsszzzz",
	"yyyyMMddHHmmssffff",
	"yyyy-MM-ddTHH:mm:sszzz",
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, layout := range whole {
		require.NoError(t, datefmt.Check(layout))
		// A step of 37 hours and some meets every month, day of the week and hour.
		for at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.Local); at.Year() < 2027; at = at.Add(37*time.Hour + 61*time.Second) {
			text := datefmt.Format(layout, at, 7)
			got, counter, err := datefmt.ParseLayout(layout, text)
			require.NoError(t, err)
			// Compared as text: an hour that a clock shows twice has two moments.
			require.Equal(t, text, datefmt.Format(layout, got, 7))
			if layout == "yyyyMMddHHmmssffff" {
				assert.Equal(t, 7, counter)
			}
		}
	}
}

func TestStampRoundTrip(t *testing.T) {
	t.Parallel()
	for day := range 366 {
		date := time.Date(2024, 1, 1, day%24, day%60, day%60, 0, time.Local).AddDate(0, 0, day)
		date8, time10 := datefmt.ToStamp(date, day+1)
		got, counter, err := datefmt.FromStamp(date8, time10)
		require.NoError(t, err)
		assert.Equal(t, day+1, counter)
		again8, again10 := datefmt.ToStamp(got, counter)
		assert.Equal(t, date8+time10, again8+again10)
	}
}

// TestElementsRefuse has, for every element, texts that it must not take.
func TestElementsRefuse(t *testing.T) {
	t.Parallel()
	for layout, texts := range map[string][]string{
		"yyyy": {"", "202", "20266", "202x", "-202", "0000"},
		"yy":   {"", "2", "266", "x6"},
		"MMMM": {"", "Nov", "November ", "11"},
		"MMM":  {"", "No", "November", "Foo"},
		"MM":   {"", "1", "13", "00", "011"},
		"M":    {"", "0", "13", "011"},
		"dddd": {"", "Fri", "Friyay", "Tuesday"},
		"ddd":  {"", "Fr", "Friday", "Tue"},
		"dd":   {"", "1", "32", "00", " 1"},
		"d":    {"", "0", "32"},
		"HH":   {"", "1", "24", "+1"},
		"H":    {"", "24", "-1"},
		"hh":   {"", "1", "00", "13"},
		"h":    {"", "0", "13"},
		"mm":   {"", "1", "60"},
		"m":    {"", "60"},
		"ss":   {"", "1", "60"},
		"s":    {"", "60"},
		"tt":   {"", "A", "XM", "PMM"},
		"ffff": {"", "123", "12345"},
		"fff":  {"", "12", "1234"},
		"ff":   {"", "1", "123"},
		"f":    {"", "x", "12"},
		"z":    {"", "2", "+", "+15", "+002"},
		"zz":   {"", "02", "-15", "+x"},
		"zzz":  {"", "+2", "+02", "+02:", "+02:6", "+02:60", "+15:00", "02:00", "+02::00", "GMT"},
		"zzzz": {"", "+020", "+0260", "+02000"},
		"Z":    {"", "z", "GMT"},
		"'a'":  {"", "A", "aa", "'a'"},
	} {
		for _, text := range texts {
			_, _, err := datefmt.ParseLayout(layout, text)
			require.Error(t, err, "%q by %q", text, layout)
			assert.Equal(t, datefmt.CodeInvalidDate, trap.Code(err))
			assert.Contains(t, err.Error(), layout)
		}
	}
}

func TestFractions(t *testing.T) {
	t.Parallel()
	for layout, row := range map[string]struct {
		text string
		want int
	}{"f": {"4", 4000}, "ff": {"04", 400}, "fff": {"042", 420}, "ffff": {"0042", 42}} {
		_, counter, err := datefmt.ParseLayout(layout, row.text)
		require.NoError(t, err)
		assert.Equal(t, row.want, counter)
	}
}

func FuzzFromStamp(f *testing.F) {
	f.Add("20261105", "1405090042")
	f.Add("261105", "140509")
	f.Fuzz(func(t *testing.T, date, clock string) {
		at, counter, err := datefmt.FromStamp(date, clock)
		if err != nil {
			return
		}
		date8, time10 := datefmt.ToStamp(at, counter)
		assert.Equal(t, date, date8[8-len(date):])
		assert.Equal(t, clock[:6], time10[:6])
	})
}

func Example() {
	t, counter, err := datefmt.FromStamp("20261120", "1405090042")
	fmt.Println(datefmt.Format(datefmt.Default, t, counter), err)
	fmt.Println(datefmt.Format("ddd d MMM yyyy 'file' ffff", t, counter))
	fmt.Println(datefmt.Check("dd.MM.jjjj"))
	// Output:
	// 11/20/2026 14:05:09 <nil>
	// Fri 20 Nov 2026 file 0042
	// 680: date format "dd.MM.jjjj": "jjjj" is no element of a date; text goes in quotes
}

package datefmt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/trap"
)

// friday is a moment with a different number in every field.
var friday = time.Date(2026, time.November, 20, 14, 5, 9, 123_456_789, time.FixedZone("", -(3*3600+30*60)))

func TestFormatElements(t *testing.T) {
	t.Parallel()
	for layout, want := range map[string]string{
		"yyyy yy":                "2026 26",
		"MMMM MMM MM M":          "November Nov 11 11",
		"dddd ddd dd d":          "Friday Fri 20 20",
		"HH H hh h tt":           "14 14 02 2 PM",
		"mm m ss s":              "05 5 09 9",
		"f ff fff ffff":          "0 00 004 0042",
		"z zz zzz zzzz":          "-3 -03 -03:30 -03:30",
		"'o''clock' \"d\" \\d":   "oclock d d",
		"yyyy-MM-ddTHH:mm:ssZ":   "2026-11-20T17:35:09Z",
		"HH:mm 'GMT'":            "17:35 GMT",
		datefmt.Default:          "11/20/2026 14:05:09",
		"yyyyMMddHHmmssffff":     "202611201405090042",
		"dddd, d MMMM yyyy":      "Friday, 20 November 2026",
		"yyyyy 'open":            "yyyyy open",
		"q yyy":                  "q yyy",
		"Datum: dd.MM.yyyy \\":   "Datu5: 20.11.2026 \\",
		"":                       "",
		"\xff\x00 é (yyyy)":      "\xff\x00 é (2026)",
		"yyMMddHHmmss":           "261120140509",
		"\"yyyy\"'MM'dd 'it''s'": "yyyyMM20 its",
	} {
		assert.Equal(t, want, datefmt.Format(layout, friday, 42), "%q", layout)
	}
}

func TestFormatEdges(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2001, 2, 3, 0, 0, 0, 0, time.FixedZone("", 2*3600))
	assert.Equal(t, "12:00 AM 3 2 +2 +02:00", datefmt.Format("h:mm tt d M z zzz", midnight, 0))
	assert.Equal(t, "12 PM", datefmt.Format("h tt", midnight.Add(12*time.Hour), 0))
	assert.Equal(t, "1234", datefmt.Format("ffff", friday, 0), "without a counter the clock's fraction shows")
	assert.Equal(t, "1234", datefmt.Format("ffff", friday, 10_000))
	assert.Equal(t, "9999", datefmt.Format("ffff", friday, 9999))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, layout := range []string{
		datefmt.Default, "yyyyMMddHHmmssffff", "yyyyMMddHHmmssZ", "yyyy-MM-ddTHH:mm:sszzz",
		"ddd, dd MMM yyyy HH:mm:ss 'GMT'", "'quoted qqq' yyyy", `\q`, "-",
	} {
		assert.NoError(t, datefmt.Check(layout), layout)
	}
	for layout, culprit := range map[string]string{
		"": "empty", "yyyyy": `"yyyyy"`, "yyy": `"yyy"`, "q": `"q"`, "MM/dd/YYYY": `"YYYY"`,
		"t": `"t"`, "fffff": `"fffff"`, "'open": "not closed", `dd\`: "nothing follows", "K": `"K"`,
	} {
		err := datefmt.Check(layout)
		require.Error(t, err, layout)
		assert.Contains(t, err.Error(), culprit)
		assert.Equal(t, datefmt.CodeInvalidDate, trap.Code(err))
		_, _, err = datefmt.ParseLayout(layout+"fffff", "x")
		assert.Error(t, err, layout)
	}
}

func TestParseDocumentedForms(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 11, 5, 14, 5, 9, 0, time.Local)
	utc := time.Date(2026, 11, 5, 14, 5, 9, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"Thu, 5 Nov 26 16:05:09 +02:00":          utc,
		"Thu, 5 Nov 2026 16:05:09 +0200":         utc,
		"thu, 05 NOV 2026 10:35:09 -03:30":       utc,
		"5 Nov 26 16:05:09 +02:00":               utc,
		"5 Nov 2026 16:05:09 +02:00":             utc,
		"05-Nov-2026 14:05:09":                   wall,
		"Thu, 5 Nov 26 16:05:09 +02":             utc,
		"Thu, 5 Nov 2026 16:05:09 +2":            utc,
		"Thu, 05 Nov 2026 14:05:09 GMT":          utc,
		"Thursday, November 05, 2026 2:05:09 PM": wall,
		"Thursday, November 05 2026 2:05 pm":     wall.Add(-9 * time.Second),
		"261105140509Z":                          utc,
		"20261105140509Z":                        utc,
		"261105160509+02:00":                     utc,
		"261105160509+0200":                      utc,
		"20261105160509+02:00":                   utc,
		"11/05/2026 14:05:09":                    wall,
		"  11/05/2026 14:05:09\r\n":              wall,
		"2026-11-05":                             time.Date(2026, 11, 5, 0, 0, 0, 0, time.Local),
		"2026-11-05 14:05:09":                    wall,
		"2026-11-05T14:05:09":                    wall,
		"2026-11-05T14:05:09Z":                   utc,
		"2026-11-05T16:05:09+02:00":              utc,
	} {
		got, counter, err := datefmt.Parse(text)
		require.NoError(t, err)
		assert.True(t, want.Equal(got), "%q: want %v, got %v", text, want, got)
		assert.Zero(t, counter)
	}
	got, counter, err := datefmt.Parse("202611051405090042")
	require.NoError(t, err)
	assert.True(t, wall.Equal(got))
	assert.Equal(t, 42, counter)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "yesterday", "02/30/2026 00:00:00", "13/01/2026 00:00:00", "00/01/2026 00:00:00",
		"11/05/2026 24:00:00", "11/05/2026 23:60:00", "11/05/2026 23:59:60", "11/05/0000 00:00:00",
		"Fri, 5 Nov 2026 16:05:09 +02:00", "Thu, 5 Nov 2026 16:05:09 +15:00", "Thu, 5 Nov 2026 16:05:09 +02:60",
		"Thursday, November 05 2026 13:05 PM", "Thursday, November 05 2026 0:05 PM",
		"2026-11-05T14:05:09Zulu", "-1/05/2026 14:05:09", "11/ 5/2026 14:05:09", strings.Repeat("9", 100_000),
	} {
		_, _, err := datefmt.Parse(text)
		require.Error(t, err, text)
		assert.Equal(t, datefmt.CodeInvalidDate, trap.Code(err))
		assert.Contains(t, err.Error(), "MM/dd/yyyy HH:mm:ss | ", "the forms are named")
		assert.Less(t, len(err.Error()), 2000)
	}
}

func TestParseTakesNoPrefix(t *testing.T) {
	t.Parallel()
	for _, layout := range []string{"ddd, d MMM yyyy HH:mm:ss zzz", "dddd, MMMM dd, yyyy h:mm:ss tt", "yyyyMMddHHmmssffff"} {
		whole := datefmt.Format(layout, friday, 1)
		_, _, err := datefmt.ParseLayout(layout, whole)
		require.NoError(t, err)
		for n := range len(whole) {
			_, _, err := datefmt.ParseLayout(layout, whole[:n])
			assert.Error(t, err, "%q", whole[:n])
		}
	}
}

func TestTwoDigitYears(t *testing.T) {
	t.Parallel()
	for text, year := range map[string]int{"00": 2000, "49": 2049, "50": 1950, "99": 1999} {
		got, _, err := datefmt.ParseLayout("yy", text)
		require.NoError(t, err)
		assert.Equal(t, year, got.Year())
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 11, 5, 14, 5, 9, 0, time.Local)
	for _, row := range []struct {
		date, clock string
		counter     int
	}{
		{"20261105", "1405090042", 42},
		{"20261105", "140509", 0},
		{"261105", "140509", 0},
		{"261105", "1405099999", 9999},
		{"20261105", "1405090000", 0},
	} {
		got, counter, err := datefmt.FromStamp(row.date, row.clock)
		require.NoError(t, err)
		assert.True(t, wall.Equal(got), "%v", got)
		assert.Equal(t, row.counter, counter)
	}
	for date, year := range map[string]int{"791231": 2079, "800101": 1980, "991231": 1999, "000101": 2000} {
		got, _, err := datefmt.FromStamp(date, "000000")
		require.NoError(t, err)
		assert.Equal(t, year, got.Year())
	}
	date, clock := datefmt.ToStamp(wall, 42)
	assert.Equal(t, "20261105 1405090042", date+" "+clock)
	_, clock = datefmt.ToStamp(wall, 0)
	assert.Equal(t, "1405090001", clock)
	date, clock = datefmt.ToStamp(time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC), 123456)
	assert.Equal(t, "99990101 0000009999", date+" "+clock)
}

func TestHostileStamps(t *testing.T) {
	t.Parallel()
	for _, row := range [][2]string{
		{"", ""}, {"20261105", ""}, {"2026110", "140509"}, {"20261305", "140509"}, {"20260230", "140509"},
		{"20261105", "240000"}, {"20261105", "14050 "}, {"2026110\x00", "140509"}, {"        ", "          "},
		{"+2026105", "140509"}, {"20261105", "1405-90042"}, {"00000000", "0000000000"},
		{strings.Repeat("1", 1<<16), strings.Repeat("1", 1<<16)},
	} {
		_, _, err := datefmt.FromStamp(row[0], row[1])
		require.Error(t, err, "%.20q", row)
		assert.Equal(t, datefmt.CodeInvalidDate, trap.Code(err))
		assert.Less(t, len(err.Error()), 1000)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"11/05/2026 14:05:09", "Thu, 5 Nov 26 16:05:09 +02:00", "202611051405090042", "20261105140509Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, counter, err := datefmt.Parse(text)
		if err != nil {
			return
		}
		assert.True(t, 0 <= counter && counter <= 9999)
		again, _, err := datefmt.Parse(datefmt.Format("yyyy-MM-ddTHH:mm:ssZ", got, 0))
		if got.UTC().Year() >= 1 {
			require.NoError(t, err)
			assert.True(t, got.Equal(again))
		}
	})
}

func FuzzLayout(f *testing.F) {
	f.Add(datefmt.Default, "11/05/2026 14:05:09")
	f.Add(`'x'"y"\zyyyy`, "xyz2026")
	f.Fuzz(func(t *testing.T, layout, text string) {
		_ = datefmt.Format(layout, friday, 1)
		_, _, err := datefmt.ParseLayout(layout, text)
		if datefmt.Check(layout) != nil && layout != "" {
			assert.Error(t, err)
		}
	})
}

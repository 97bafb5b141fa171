package oftpfile_test

import (
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/trap"
)

func testMacros() oftpfile.Macros {
	return oftpfile.Macros{
		VirtualFileName: "ORDERS/1",
		VirtualFileDate: time.Date(2026, 11, 20, 14, 5, 9, 0, time.Local),
		Counter:         42,
		Originator:      "O0177ALICE",
		Destination:     "O0177BOB",
		UserData:        "",
		CurrentTime:     time.Date(2026, 12, 31, 23, 59, 59, 0, time.Local),
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"%VirtualFileName%":              "ORDERS_1",
		"%virtualfilename%.edi":          "ORDERS_1.edi",
		"in/%Originator%/%DESTINATION%":  "in/O0177ALICE/O0177BOB",
		"%VirtualFileDate%":              "11_20_2026 14_05_09",
		"%VirtualFileDate:yyyyMMddffff%": "202611200042",
		"%CurrentTime:HH:mm%":            "23_59",
		"%CurrentTime%":                  "12_31_2026 23_59_59",
		"%UserData%":                     "_",
		"100%%":                          "100%",
		"%Unknown:x% stays":              "%Unknown:x% stays",
		"open %VirtualFileName":          "open %VirtualFileName",
		"":                               "",
		"plain/folder/name":              "plain/folder/name",
	} {
		assert.Equal(t, want, oftpfile.Expand(pattern, testMacros()), pattern)
	}
}

func TestExpandDateFormatAndGUID(t *testing.T) {
	t.Parallel()
	m := testMacros()
	m.DateFormat = "yyMMdd"
	assert.Equal(t, "261120-261231", oftpfile.Expand("%VirtualFileDate%-%CurrentTime%", m))

	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	a, b := oftpfile.Expand("%GUID%", m), oftpfile.Expand("%GUID%", m)
	assert.Regexp(t, guid, a)
	assert.NotEqual(t, a, b)

	m.CurrentTime = time.Time{}
	assert.GreaterOrEqual(t, oftpfile.Expand("%CurrentTime:yyyy%", m), "2024", "the zero time stands for now")
}

func TestExpandHostileValues(t *testing.T) {
	t.Parallel()
	m := testMacros()
	m.VirtualFileName, m.Originator, m.UserData = "../../etc/passwd", "..", "%GUID%"
	assert.Equal(t, "in/__/_._.._etc_passwd", oftpfile.Expand("in/%Originator%/%VirtualFileName%", m))
	assert.Equal(t, "%GUID%", oftpfile.Expand("%UserData%", m), "values are not expanded again")

	m.Originator, m.Destination = "NU", "L"
	assert.Equal(t, "in/_NUL/x/_NUL.edi", oftpfile.Expand("in/%Originator%%Destination%/x/%Originator%%Destination%.edi", m))
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"%VirtualFileName%", "in/%originator%/%GUID%.edi", "%VirtualFileDate:yyyyMMddHHmmssffff%", "%%", "fixed.edi",
		"%CurrentTime:HH:mm%",
	} {
		assert.NoError(t, oftpfile.CheckPattern(pattern), pattern)
	}
	for pattern, says := range map[string]string{
		"":                       "empty",
		"%FileName%":             "%filename% is no macro",
		"%GUID:x%":               "takes no format",
		"%VirtualFileDate:qq%":   `"qq"`,
		"100%":                   "not closed",
		"%VirtualFileName%.%edi": "not closed",
	} {
		err := oftpfile.CheckPattern(pattern)
		require.Error(t, err, pattern)
		assert.Contains(t, err.Error(), says)
		assert.Contains(t, []int{trap.CodeInvalidArgument, 680}, trap.Code(err))
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("../x", "a")
	f.Add("NU", "L")
	f.Fuzz(func(t *testing.T, name, user string) {
		got := oftpfile.Expand("in/%VirtualFileName%%UserData%/%UserData%", oftpfile.Macros{VirtualFileName: name, UserData: user})
		assert.Equal(t, got, path.Clean(got))
		assert.Equal(t, 2, strings.Count(got, "/"))
		assert.True(t, strings.HasPrefix(got, "in/"))
	})
}

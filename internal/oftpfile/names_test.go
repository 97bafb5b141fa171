package oftpfile_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/ediport/ediport/internal/oftpfile"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ORDERS.2026 (1) & CO-7":          "ORDERS.2026 (1) & CO-7",
		"Lieferschein Müller.edi":         "Lieferschein Müller.edi",
		"":                                "_",
		".":                               "_",
		"..":                              "__",
		"../../etc/passwd":                "_._.._etc_passwd",
		`..\..\windows\win.ini`:           "_._.._windows_win.ini",
		`C:\x`:                            "C__x",
		"/etc/passwd":                     "_etc_passwd",
		"file:stream":                     "file_stream",
		".profile":                        "_profile",
		" padded ":                        "_padded_",
		"dots...":                         "dots.._",
		"NUL":                             "_NUL",
		"nul.txt":                         "_nul.txt",
		"Com1.a.b":                        "_Com1.a.b",
		"COM¹":                            "_COM¹",
		"CON .txt":                        "_CON .txt",
		"CONSOLE":                         "CONSOLE",
		"LPT10":                           "LPT10",
		`<>"|?*`:                          "______",
		"a\x00b\nc\x7fd\x1b[2Je":          "a_b_c_d_[2Je",
		"caf\xe9\xff.edi":                 "caf_.edi",
		"gpj\u202etxt.exe":                "gpj_txt.exe",
		"a\u2028b\u00a0c":                 "a_b_c",
		strings.Repeat("x", 300):          strings.Repeat("x", 200),
		strings.Repeat("é", 300):          strings.Repeat("é", 100),
		"x" + strings.Repeat("é", 300):    "x" + strings.Repeat("é", 99),
		strings.Repeat("x", 199) + ".edi": strings.Repeat("x", 199) + "_",
		"NUL." + strings.Repeat("x", 300): "_NUL." + strings.Repeat("x", 195),
		"\xff\xfe/\x00":                   "___",
	} {
		assert.Equal(t, want, oftpfile.Clean(name), "%q", name)
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"../../etc/passwd", "NUL", "a\xffb", ". .", "COM1. ", strings.Repeat("é.", 150)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := oftpfile.Clean(name)
		assert.NotEmpty(t, got)
		assert.LessOrEqual(t, len(got), 200)
		assert.True(t, utf8.ValidString(got))
		assert.Equal(t, got, filepath.Base(got))
		assert.True(t, filepath.IsLocal(got))
		assert.False(t, strings.ContainsAny(got, "/\\:<>\"|?*\x00\r\n"))
		assert.NotContains(t, ". ", got[:1])
		assert.NotContains(t, ". ", got[len(got)-1:])
		assert.Equal(t, got, oftpfile.Clean(got), "cleaning again changes nothing")
	})
}

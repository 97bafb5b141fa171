package oftpfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a cleaned name in octets. File systems take 255; the rest is
// room for what an operator's pattern puts around it.
const maxName = 200

// Clean makes the name that a stranger gave a file harmless on every system:
// one element of a path, with nothing in it that a file system or a shell of
// Windows or Unix reads in a special way. A character at fault becomes "_", and
// so does a run of octets that is no UTF-8; all others stay, among them space
// and the RFC's -.&(). An empty name becomes "_". The result has at most 200
// octets, is valid UTF-8, and Clean does not change it again.
//
// Different names can have the same clean name; the second is then a duplicate.
func Clean(name string) string {
	s := cut(strings.Map(harmless, strings.ToValidUTF8(name, "_")))
	if reserved(s) {
		s = cut("_" + s)
	}
	return replaceEnds(s)
}

// harmless maps a character to itself or to "_". Characters that are not
// printable include the marks that turn the direction of writing, with which a
// name looks like another.
func harmless(r rune) rune {
	if strings.ContainsRune(`/\:<>"|?*`, r) || !unicode.IsPrint(r) {
		return '_'
	}
	return r
}

func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// replaceEnds takes away what hides a file on Unix and what Windows strips: a
// dot or a space at the beginning or the end.
func replaceEnds(s string) string {
	if s == "" {
		return "_"
	}
	if s[0] == '.' || s[0] == ' ' {
		s = "_" + s[1:]
	}
	if last := len(s) - 1; s[last] == '.' || s[last] == ' ' {
		s = s[:last] + "_"
	}
	return s
}

// devices are names that Windows gives to devices in every folder, whatever
// follows after a dot. Superscript digits count as digits there.
var devices = func() map[string]bool {
	m := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true}
	for _, digit := range "0123456789¹²³" {
		m["COM"+string(digit)] = true
		m["LPT"+string(digit)] = true
	}
	return m
}()

func reserved(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	return devices[strings.ToUpper(strings.TrimRight(base, " "))]
}

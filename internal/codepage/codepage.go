// Package codepage turns texts into the octets of a code page and back, for the
// setting CodePage.
//
// It has the pages of the component's list that golang.org/x/text has, under
// their numbers of Windows, and a few corrections where a table there is not
// the page that the number means. A page that is only similar is refused, with
// a word about what to use in its place: wrong octets in an interchange are
// worse than an error before it. None of the pages writes or expects a byte
// order mark.
package codepage

import (
	"strings"
	"unicode/utf8"

	"github.com/ediport/ediport/internal/trap"
)

// UTF8 is the default of CodePage.
const UTF8 = 65001

// A Page is a code page of the list. The zero value is UTF-8. Pages can be
// compared, copied and used by several goroutines at once.
type Page struct {
	id int
	row
}

// A coding is how the characters of a page are written.
type coding interface {
	// encode returns the octets of a text that is valid UTF-8, and len(text).
	// If the page lacks a character, it returns the offset of the first one.
	encode(text string) (octets []byte, n int)

	// decode returns what the octets say, with U+FFFD for what says nothing.
	decode(octets []byte) string
}

// Lookup finds a code page of the component's list by its number. The error has
// code 10045 for one that the list has but ediport has not, as for all numbers
// of macOS, and names a page to use; it has 10022 for a number that the list
// does not have.
func Lookup(id int) (Page, error) {
	if found, ok := supported[id]; ok {
		return Page{id, found}, nil
	}
	no, ok := refused[int64(id)]
	if !ok {
		return Page{}, trap.New(trap.CodeInvalidArgument,
			"%d is no code page: set CodePage to the number of one, such as 65001 for UTF-8", id)
	}
	return Page{}, trap.New(trap.CodeNotSupported,
		"code page %d (%s) is not supported: use %d (%s) if the other side reads it, or send and receive the octets as they are",
		id, no.name, no.instead, supported[no.instead].name)
}

// ID is the number of the page, as in CodePage.
func (p Page) ID() int { return p.known().id }

// Name is what the component's list calls the page.
func (p Page) Name() string { return p.known().name }

// Encode returns the octets of a text. The error, with code 10022, names the
// first character that the page does not have and its offset in octets. UTF-8
// takes every text as it is, so that octets which a Decode has kept stay as
// they were; for all other pages a text has to be valid UTF-8.
func (p Page) Encode(text string) ([]byte, error) {
	p = p.known()
	if at := invalid(text); at < len(text) && p.id != UTF8 {
		return nil, trap.New(trap.CodeInvalidArgument,
			"a text for code page %d (%s) is no UTF-8: octet 0x%02X at offset %d", p.id, p.name, text[at], at)
	}
	octets, n := p.coding.encode(text)
	if n < len(text) {
		char, _ := utf8.DecodeRuneInString(text[n:])
		return nil, trap.New(trap.CodeInvalidArgument,
			"code page %d (%s) does not have the character %#U at offset %d", p.id, p.name, char, n)
	}
	return octets, nil
}

// Decode returns the text that octets of the page stand for. It never fails:
// what stands for nothing becomes U+FFFD. UTF-8 keeps the octets as they are.
func (p Page) Decode(octets []byte) string { return p.known().coding.decode(octets) }

// known makes the zero value UTF-8.
func (p Page) known() Page {
	if p.id == 0 {
		return Page{UTF8, supported[UTF8]}
	}
	return p
}

// invalid is the offset of the first octet that is not part of valid UTF-8, or
// len(text).
func invalid(text string) int {
	for at, char := range text {
		if char == utf8.RuneError && !strings.HasPrefix(text[at:], "\uFFFD") {
			return at
		}
	}
	return len(text)
}

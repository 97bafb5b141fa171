package pkcs11

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A store says where keys are. The zero value of each part means any.
type store struct {
	module string // file name of the library
	token  identity
	object naming
}

// identity is what tells tokens apart.
type identity struct {
	label, manufacturer, model, serial string
}

// String names the token for people.
func (t identity) String() string { return fmt.Sprintf("%q (serial number %s)", t.label, t.serial) }

// naming is what a URI says of an object.
type naming struct {
	label, id, kind string
}

// scheme begins a URI of RFC 7512, in any case of letters.
const scheme = "pkcs11:"

// longest is the length of a store's text that is looked at.
const longest = 4096

// parseStore reads the file name of a module or a URI of RFC 7512.
func parseStore(text string) (store, error) {
	switch {
	case len(text) > longest:
		return store{}, fmt.Errorf("the store has %d octets: want the file name of a PKCS #11 module, or a URI", len(text))
	case strings.ContainsRune(text, 0):
		return store{}, errors.New("the store has a zero octet: want the file name of a PKCS #11 module, or a URI")
	case len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme):
		return store{module: text}, nil
	}
	var s store
	path, query, _ := strings.Cut(text[len(scheme):], "?")
	if err := attributes(path, ";", s.pathAttributes()); err != nil {
		return store{}, err
	}
	if err := attributes(query, "&", s.queryAttributes()); err != nil {
		return store{}, err
	}
	if s.module == "" {
		return store{}, errors.New("the PKCS #11 URI does not name the module: add ?module-path= and the file name of the library")
	}
	if !slices.Contains([]string{"", "cert", "private", "public"}, s.object.kind) {
		return store{}, fmt.Errorf("the PKCS #11 URI has type=%s: cert, private and public are supported", s.object.kind)
	}
	return s, nil
}

// pathAttributes are those of RFC 7512, section 2.3, and where they go.
func (s *store) pathAttributes() map[string]*string {
	return map[string]*string{
		"token":        &s.token.label,
		"manufacturer": &s.token.manufacturer,
		"model":        &s.token.model,
		"serial":       &s.token.serial,
		"object":       &s.object.label,
		"id":           &s.object.id,
		"type":         &s.object.kind,
	}
}

// queryAttributes have no PIN on purpose: URIs appear in logs.
func (s *store) queryAttributes() map[string]*string {
	return map[string]*string{"module-path": &s.module}
}

// attributes reads one part of a URI. An attribute that is not known, or there
// twice, is an error: the wrong key could be found without it.
func attributes(part, separator string, known map[string]*string) error {
	if part == "" {
		return nil
	}
	for _, attribute := range strings.Split(part, separator) {
		name, escaped, _ := strings.Cut(attribute, "=")
		if name == "pin-value" || name == "pin-source" {
			return fmt.Errorf("the PKCS #11 URI has %s: give the PIN as the password instead", name)
		}
		field, ok := known[name]
		if !ok {
			return fmt.Errorf("the PKCS #11 URI has the attribute %.40q, which is not supported", name)
		}
		value, err := url.PathUnescape(escaped)
		if err != nil || value == "" || strings.ContainsRune(value, 0) && name != "id" {
			return fmt.Errorf("the PKCS #11 URI has no proper value for %s", name)
		}
		if *field != "" {
			return fmt.Errorf("the PKCS #11 URI has %s twice", name)
		}
		*field = value
	}
	return nil
}

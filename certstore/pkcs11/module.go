//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// cryptoki are the functions of a module that are used here.
type cryptoki interface {
	Initialize(...p11.InitializeOption) error
	GetSlotList(tokenPresent bool) ([]uint, error)
	GetTokenInfo(slot uint) (p11.TokenInfo, error)
	OpenSession(slot, flags uint) (p11.SessionHandle, error)
	CloseSession(p11.SessionHandle) error
	Login(session p11.SessionHandle, userType uint, pin string) error
	FindObjectsInit(p11.SessionHandle, []*p11.Attribute) error
	FindObjects(session p11.SessionHandle, most int) ([]p11.ObjectHandle, bool, error)
	FindObjectsFinal(p11.SessionHandle) error
	GetAttributeValue(p11.SessionHandle, p11.ObjectHandle, []*p11.Attribute) ([]*p11.Attribute, error)
	SignInit(p11.SessionHandle, []*p11.Mechanism, p11.ObjectHandle) error
	Sign(session p11.SessionHandle, message []byte) ([]byte, error)
	DecryptInit(p11.SessionHandle, []*p11.Mechanism, p11.ObjectHandle) error
	Decrypt(session p11.SessionHandle, ciphertext []byte) ([]byte, error)
}

// A module is a library that was loaded. It stays so until the process ends.
type module struct {
	functions cryptoki

	mu     sync.Mutex // protects following
	tokens map[identity]*token
}

// modules has those that were loaded, by file. There must not be two of one
// library: they would share its logins and not know it.
var modules = struct {
	sync.Mutex
	of map[string]*module
}{of: map[string]*module{}}

func loadModule(name string) (*module, error) {
	file := name
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		file = resolved
	}
	modules.Lock()
	defer modules.Unlock()
	if m, ok := modules.of[file]; ok {
		return m, nil
	}
	library := p11.New(name)
	if library == nil {
		return nil, notLoaded(name)
	}
	m := &module{functions: library, tokens: map[identity]*token{}}
	modules.of[file] = m
	return m, nil
}

// notLoaded says as much as can be found out: the loader's own message is lost.
func notLoaded(name string) error {
	if _, err := os.Stat(name); err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("the PKCS #11 module cannot be loaded: %w", err)
	}
	return fmt.Errorf("the file is not a PKCS #11 module for %s/%s, or a library that it needs is missing", runtime.GOOS, runtime.GOARCH)
}

// presence is a token in its slot.
type presence struct {
	slot uint
	identity
	p11.TokenInfo
}

// present returns the tokens that are there now. It initialises the module when
// nobody has yet, or somebody has finalised it.
func (m *module) present() ([]presence, error) {
	err := m.functions.Initialize()
	if err != nil && !is(err, p11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return nil, fmt.Errorf("initialising the PKCS #11 module: %w", explain(err))
	}
	slots, err := m.functions.GetSlotList(true)
	if err != nil {
		return nil, fmt.Errorf("listing the slots of the PKCS #11 module: %w", explain(err))
	}
	var found []presence
	for _, slot := range slots {
		info, err := m.functions.GetTokenInfo(slot)
		if err != nil || info.Flags&p11.CKF_TOKEN_INITIALIZED == 0 {
			continue // pulled in this moment, of a foreign kind, or blank
		}
		found = append(found, presence{slot, identity{info.Label, info.ManufacturerID, info.Model, info.SerialNumber}, info})
	}
	return found, nil
}

// matches reports whether the token has all parts of wanted that are not empty.
func (t identity) matches(wanted identity) bool {
	return same(wanted.label, t.label) && same(wanted.manufacturer, t.manufacturer) &&
		same(wanted.model, t.model) && same(wanted.serial, t.serial)
}

func same(wanted, got string) bool { return wanted == "" || wanted == got }

// token returns the only token that is meant.
func (m *module) token(wanted identity) (*token, error) {
	all, err := m.present()
	if err != nil {
		return nil, err
	}
	matching := slices.DeleteFunc(slices.Clone(all), func(p presence) bool { return !p.matches(wanted) })
	switch {
	case len(all) == 0:
		return nil, errors.New("the PKCS #11 module has no initialised token: is the device plugged in?")
	case len(matching) == 0:
		return nil, fmt.Errorf("the PKCS #11 module has no token like that; it has %s", list(all))
	case len(matching) > 1:
		return nil, fmt.Errorf("the PKCS #11 module has several tokens: %s; name one in a URI, pkcs11:token=LABEL;serial=NUMBER?module-path=FILE", list(matching))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[matching[0].identity]
	if !ok {
		t = newToken(m, matching[0])
		m.tokens[t.identity] = t
	}
	return t, nil
}

// locate finds the slot where a token is now.
func (m *module) locate(wanted identity) (presence, error) {
	all, err := m.present()
	if err != nil {
		return presence{}, err
	}
	i := slices.IndexFunc(all, func(p presence) bool { return p.identity == wanted })
	if i < 0 {
		return presence{}, fmt.Errorf("token %v is not there any more: is it plugged in?", wanted)
	}
	return all[i], nil
}

func list(tokens []presence) string {
	names := make([]string, len(tokens))
	for i, t := range tokens {
		names[i] = t.identity.String()
	}
	return strings.Join(names, ", ")
}

//go:build cgo

package pkcs11

import (
	"crypto"
	"errors"
	"fmt"

	"github.com/ediport/ediport/certstore"
)

// open logs in and returns what the token has.
func (st store) open(pin string) (certstore.Contents, error) {
	m, err := loadModule(st.module)
	if err != nil {
		return certstore.Contents{}, err
	}
	t, err := m.token(st.token)
	if err != nil {
		return certstore.Contents{}, err
	}
	if err := t.unlock(pin); err != nil {
		return certstore.Contents{}, err
	}
	var all []object
	var generation int
	err = t.use(func(s session) error {
		generation = s.generation
		all, err = s.objects()
		return err
	})
	if err != nil {
		return certstore.Contents{}, fmt.Errorf("token %v: %w", t.identity, err)
	}
	return t.contents(st.object.among(all), generation)
}

// A choice is an object, and whether it is meant.
type choice struct {
	object
	chosen bool
}

// among tells the objects that a URI means from the others: what it names, and
// what has the same CKA_ID or public key.
func (n naming) among(all []object) []choice {
	var named []object
	for _, o := range all {
		if n.matches(o) {
			named = append(named, o)
		}
	}
	choices := make([]choice, len(all))
	for i, o := range all {
		choices[i] = choice{o, n == naming{} || o.belongs(named)}
	}
	return choices
}

func (n naming) matches(o object) bool {
	return same(n.label, o.label) && same(n.id, o.id) && same(n.kind, o.kind)
}

func (o object) belongs(named []object) bool {
	for _, other := range named {
		if o.handle == other.handle || o.id != "" && o.id == other.id || samePublicKey(o.public, other.public) {
			return true
		}
	}
	return false
}

// contents makes keys of private key objects. Those that it cannot are left out;
// when there is no other, that is the error.
func (t *token) contents(objects []choice, generation int) (certstore.Contents, error) {
	var found certstore.Contents
	var leftOut error
	for _, o := range objects {
		switch {
		case o.cert != nil && !o.chosen:
			found.Issuers = append(found.Issuers, o.cert)
		case !o.chosen:
		case o.cert != nil:
			found.Certificates = append(found.Certificates, o.cert)
		case o.kind == "public" && o.public != nil:
			found.PublicKeys = append(found.PublicKeys, o.public)
		case o.kind == "private":
			key, err := newKey(t, o.object, generation)
			if err != nil {
				leftOut = fmt.Errorf("token %v: the private key %q cannot be used: %w", t.identity, o.label, err)
				continue
			}
			found.Keys = append(found.Keys, key)
		}
	}
	if len(found.Keys) == 0 && leftOut != nil {
		return certstore.Contents{}, leftOut
	}
	if len(found.Keys)+len(found.Certificates)+len(found.PublicKeys) == 0 {
		return certstore.Contents{}, fmt.Errorf("token %v has no such certificate and no such key", t.identity)
	}
	return found, nil
}

var errNoPublic = errors.New("it is neither RSA, ECDSA with P-256, P-384 or P-521, nor Ed25519, " +
	"or there is no public key and no certificate with its CKA_ID: write one of them to the token")

func samePublicKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

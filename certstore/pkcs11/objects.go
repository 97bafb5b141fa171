//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	p11 "github.com/miekg/pkcs11"
)

// mostObjects is how many of each class are read; certstore allows as many.
const mostObjects = 4096

// An object is a certificate, a public or a private key of a token.
type object struct {
	kind      string // cert, public or private, as in a URI
	handle    p11.ObjectHandle
	id, label string
	cert      *x509.Certificate
	public    crypto.PublicKey // nil when it is not known or of an unknown type
	always    bool             // a private key that wants the PIN before each use
}

// readers has for each kind of object its class and how it is read.
var readers = []struct {
	kind  string
	class uint
	read  func(session, *object) error
}{
	{"cert", p11.CKO_CERTIFICATE, session.readCertificate},
	{"public", p11.CKO_PUBLIC_KEY, session.readPublicKey},
	{"private", p11.CKO_PRIVATE_KEY, session.readPrivateKey},
}

// objects reads all that a token shows. Private keys get the public half of the
// public key or the certificate with the same CKA_ID if they have none.
func (s session) objects() ([]object, error) {
	var all []object
	for _, reader := range readers {
		handles, err := s.find(reader.class)
		if err != nil {
			return nil, fmt.Errorf("searching the token: %w", explain(err))
		}
		for _, handle := range handles {
			o := object{kind: reader.kind, handle: handle}
			if err := reader.read(s, &o); err != nil {
				return nil, fmt.Errorf("reading an object of the token: %w", explain(err))
			}
			if o.public == nil {
				o.public = publicOf(o.id, all)
			}
			all = append(all, o)
		}
	}
	return all, nil
}

// publicOf returns the public key of the last object with that CKA_ID: that of
// a public key object before that of a certificate.
func publicOf(id string, all []object) (found crypto.PublicKey) {
	for _, o := range all {
		if id != "" && o.id == id && o.public != nil {
			found = o.public
		}
	}
	return found
}

func (s session) find(class uint) (found []p11.ObjectHandle, err error) {
	if err := s.FindObjectsInit(s.handle, []*p11.Attribute{p11.NewAttribute(p11.CKA_CLASS, class)}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.FindObjectsFinal(s.handle)) }()
	for {
		some, _, err := s.FindObjects(s.handle, 100)
		if err != nil || len(some) == 0 {
			return found, err
		}
		if found = append(found, some...); len(found) > mostObjects {
			return nil, fmt.Errorf("it has more than %d objects of a class", mostObjects)
		}
	}
}

// attributes returns the values of attributes that an object must have.
func (s session) attributes(handle p11.ObjectHandle, types ...uint) ([][]byte, error) {
	template := make([]*p11.Attribute, len(types))
	for i, t := range types {
		template[i] = &p11.Attribute{Type: t}
	}
	got, err := s.GetAttributeValue(s.handle, handle, template)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(types))
	for i := range values {
		values[i] = got[i].Value
	}
	return values, nil
}

// optional is attributes for those that a token may keep to itself or not know:
// then all values are empty.
func (s session) optional(handle p11.ObjectHandle, types ...uint) ([][]byte, error) {
	values, err := s.attributes(handle, types...)
	if err != nil && !lost(err) {
		return make([][]byte, len(types)), nil
	}
	return values, err
}

// readCertificate leaves out what is no X.509 certificate that Go can read: the
// user may want another.
func (s session) readCertificate(o *object) error {
	values, err := s.optional(o.handle, p11.CKA_VALUE, p11.CKA_ID, p11.CKA_LABEL)
	if err != nil {
		return err
	}
	o.id, o.label = string(values[1]), string(values[2])
	if cert, err := x509.ParseCertificate(values[0]); err == nil {
		o.cert, o.public = cert, cert.PublicKey
	}
	return nil
}

func (s session) readPublicKey(o *object) error {
	kind, err := s.readKey(o)
	if err != nil || keyParts[kind] == nil {
		return err
	}
	values, err := s.optional(o.handle, keyParts[kind].public...)
	o.public = keyParts[kind].parse(values)
	return err
}

func (s session) readPrivateKey(o *object) error {
	kind, err := s.readKey(o)
	if err != nil {
		return err
	}
	always, err := s.optional(o.handle, p11.CKA_ALWAYS_AUTHENTICATE)
	if err != nil {
		return err
	}
	o.always = bytes.Contains(always[0], []byte{1})
	if kind != p11.CKK_RSA {
		return nil // the others do not have their public half in them
	}
	values, err := s.optional(o.handle, keyParts[kind].public...)
	o.public = keyParts[kind].parse(values)
	return err
}

// readKey reads what all keys have.
func (s session) readKey(o *object) (kind uint, err error) {
	values, err := s.attributes(o.handle, p11.CKA_KEY_TYPE, p11.CKA_ID, p11.CKA_LABEL)
	if err != nil {
		return 0, err
	}
	o.id, o.label = string(values[1]), string(values[2])
	return number(values[0]), nil
}

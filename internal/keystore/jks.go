package keystore

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// The first octets of Java's stores.
const (
	jksMagic   = "\xFE\xED\xFE\xED"
	jceksMagic = "\xCE\xCE\xCE\xCE"
)

// Kinds of entries of a JKS.
const (
	jksPrivateKey  = 1
	jksCertificate = 2
)

// jksSalt goes into the integrity digest after the password.
const jksSalt = "Mighty Aphrodite"

// jksKeyProtector is Sun's encryption of private keys: each 20 octets are
// masked with the SHA-1 of the password and the mask before.
var jksKeyProtector = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}

// errJKSTruncated says that a length leads over the end.
var errJKSTruncated = errors.New("the entries end too early: the file is damaged")

// JKS reads a Java key store as keytool writes with -storetype JKS: private
// keys with their chains, and trusted certificates. The store's password must
// be right, because the integrity digest is checked with it before anything
// else is believed. Keys that the key password does not open are left out; if
// there is no other, the error is [ErrPassword] or [ErrNoPassword].
func JKS(data []byte, pw Passwords) (Contents, error) {
	switch {
	case len(data) > maxStore:
		return Contents{}, fmt.Errorf("larger than the limit of %d MiB", maxStore>>20)
	case bytes.HasPrefix(data, []byte(jceksMagic)):
		return Contents{}, errors.New("a JCEKS key store is not supported: convert it to PKCS #12 with keytool -importkeystore -deststoretype PKCS12")
	case !bytes.HasPrefix(data, []byte(jksMagic)):
		return Contents{}, errors.New("not a JKS: expected FE ED FE ED at the start")
	case len(data) < len(jksMagic)+8+sha1.Size:
		return Contents{}, errJKSTruncated
	}
	body, digest := data[:len(data)-sha1.Size], data[len(data)-sha1.Size:]
	if !hmac.Equal(jksDigest(pw.Store, []byte(jksSalt), body), digest) {
		return Contents{}, fmt.Errorf("integrity digest of the store: %w", missing(ErrPassword, pw.Store))
	}
	r := &jksReader{rest: body[len(jksMagic):], password: pw.Key}
	return r.done(r.read())
}

// jksReader takes the entries apart.
type jksReader struct {
	entryReader
	rest     []byte
	err      error // the first of the fields, after which they are empty
	version  uint32
	password string
}

func (r *jksReader) read() error {
	if r.version = r.uint32(); r.version != 1 && r.version != 2 {
		return fmt.Errorf("version %d is not supported, 1 and 2 are", r.version)
	}
	count := r.uint32()
	if count > maxEntries {
		return fmt.Errorf("%d entries: the limit is %d", count, maxEntries)
	}
	for i := range count {
		kind, alias := r.uint32(), r.text()
		r.bytes(8) // the date, in milliseconds since 1970
		if err := r.entry(kind); err != nil {
			return fmt.Errorf("entry %d (alias %.60q): %w", i+1, alias, err)
		}
	}
	if len(r.rest) > 0 {
		return fmt.Errorf("%d octets after the last entry", len(r.rest))
	}
	return nil
}

// entry reads what follows the alias and the date.
func (r *jksReader) entry(kind uint32) error {
	switch {
	case r.err != nil:
		return r.err
	case kind == jksCertificate:
		return r.chain(1)
	case kind != jksPrivateKey:
		return fmt.Errorf("entry of kind %d: private keys are %d, certificates %d", kind, jksPrivateKey, jksCertificate)
	}
	der := r.blob()
	chain := r.uint32()
	if r.err != nil {
		return r.err
	}
	if err := r.key(openJKSKey(der, r.password)); err != nil {
		return err
	}
	return r.chain(chain)
}

// chain reads certificates, which have a type from version 2 on.
func (r *jksReader) chain(count uint32) error {
	for range count {
		kind := "X.509"
		if r.version == 2 {
			kind = r.text()
		}
		der := r.blob()
		switch {
		case r.err != nil:
			return r.err
		case kind != "X.509":
			return fmt.Errorf("certificate of type %.20q: only X.509 is supported", kind)
		}
		if err := r.certificate(der); err != nil {
			return err
		}
	}
	return nil
}

func (r *jksReader) uint32() uint32 { return binary.BigEndian.Uint32(r.bytes(4)) }

// text reads a string of Java, with its length in two octets.
func (r *jksReader) text() string {
	return string(r.bytes(int(binary.BigEndian.Uint16(r.bytes(2)))))
}

// blob reads octets, with their length in four.
func (r *jksReader) blob() []byte {
	size := r.uint32()
	if int64(size) > int64(len(r.rest)) {
		r.err = errJKSTruncated
		return nil
	}
	return r.bytes(int(size))
}

// bytes returns zeros when there is nothing left, so that its callers need not
// look at the error after each field. Size is at most 64 KiB then.
func (r *jksReader) bytes(size int) []byte {
	if r.err == nil && size > len(r.rest) {
		r.err = errJKSTruncated
	}
	if r.err != nil {
		return make([]byte, size)
	}
	field := r.rest[:size]
	r.rest = r.rest[size:]
	return field
}

// openJKSKey decrypts an entry's EncryptedPrivateKeyInfo: 20 octets of salt, the
// masked key, 20 octets that check the password.
func openJKSKey(der []byte, password string) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if err := unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("encrypted private key: %w", err)
	}
	if !info.Algorithm.Algorithm.Equal(jksKeyProtector) {
		return nil, fmt.Errorf("key encryption %v is not that of a JKS", info.Algorithm.Algorithm)
	}
	size := len(info.Data) - 2*sha1.Size
	if size < 0 || size > maxKey {
		return nil, fmt.Errorf("encrypted private key of %d octets: expected %d to %d", len(info.Data), 2*sha1.Size, maxKey)
	}
	mask, masked, digest := info.Data[:sha1.Size], info.Data[sha1.Size:sha1.Size+size], info.Data[sha1.Size+size:]
	plain := make([]byte, size)
	for done := 0; done < size; {
		mask = jksDigest(password, mask)
		done += subtle.XORBytes(plain[done:], masked[done:], mask)
	}
	if !hmac.Equal(jksDigest(password, plain), digest) {
		return nil, missing(ErrPassword, password)
	}
	return plain, nil
}

// jksDigest is the SHA-1 of a password in UTF-16 and more.
func jksDigest(password string, parts ...[]byte) []byte {
	h := sha1.New()
	for _, unit := range utf16.Encode([]rune(password)) {
		h.Write([]byte{byte(unit >> 8), byte(unit)})
	}
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

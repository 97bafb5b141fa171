package keystore

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/ediport/ediport/internal/pbe"
)

// What Bouncy Castle adds to a password, so that one gives different keys.
const (
	bcfksIntegrity  = "INTEGRITY_CHECK"
	bcfksStore      = "STORE_ENCRYPTION"
	bcfksPrivateKey = "PRIVATE_KEY_ENCRYPTION"
)

// Types of objects in a BCFKS. Secret keys, plain and protected, are 2 and 4.
const (
	bcfksTypeCertificate  = 0
	bcfksTypeKey          = 1
	bcfksTypeProtectedKey = 3 // a key that came encrypted already, in the same form
)

// The structures of a BCFKS, named as in Bouncy Castle's org.bouncycastle.asn1.bc.
type (
	bcfksObjectStore struct {
		Data  asn1.RawValue // encrypted ObjectStoreData
		Check asn1.RawValue // a MAC, or [0] a signature
	}
	bcfksEncrypted struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	bcfksMAC struct {
		MAC, KDF pkix.AlgorithmIdentifier
		Digest   []byte
	}
	bcfksStoreData struct {
		Version           int
		MAC               pkix.AlgorithmIdentifier
		Created, Modified asn1.RawValue
		Objects           []bcfksObject
		Comment           asn1.RawValue `asn1:"optional"`
	}
	bcfksObject struct {
		Type              int
		Alias             string `asn1:"utf8"`
		Created, Modified asn1.RawValue
		Data              []byte
		Comment           asn1.RawValue `asn1:"optional"`
	}
	bcfksKeyData struct {
		Key   asn1.RawValue // EncryptedPrivateKeyInfo
		Chain []asn1.RawValue
	}
)

// bcfksReader reads one store.
type bcfksReader struct {
	entryReader
	decrypter pbe.Decrypter
	Passwords
}

// BCFKS reads a key store of Bouncy Castle's FIPS provider: private keys with
// their chains, and trusted certificates; secret keys are passed over. The
// store's password must be right, because its MAC is checked before anything
// else is believed. Keys that the key password does not open are left out; if
// there is no other, the error is [ErrPassword] or [ErrNoPassword].
func BCFKS(data []byte, pw Passwords) (Contents, error) {
	if len(data) > maxStore {
		return Contents{}, fmt.Errorf("larger than the limit of %d MiB", maxStore>>20)
	}
	r := &bcfksReader{Passwords: pw}
	return r.done(r.read(data))
}

func (r *bcfksReader) read(data []byte) error {
	var store bcfksObjectStore
	if err := unmarshal(data, &store); err != nil {
		return fmt.Errorf("not a BCFKS: %w", err)
	}
	if err := r.verify(store); err != nil {
		return fmt.Errorf("integrity check of the store: %w", missing(err, r.Store))
	}
	var encrypted bcfksEncrypted
	if err := unmarshal(store.Data.FullBytes, &encrypted); err != nil {
		return fmt.Errorf("encrypted part of the store: %w", err)
	}
	plain, err := r.decrypter.Decrypt(encrypted.Algorithm, encrypted.Data, bcfksPassword(r.Store, bcfksStore))
	if err != nil {
		return fmt.Errorf("encrypted part of the store: %w", err)
	}
	var contents bcfksStoreData
	if err := unmarshal(plain, &contents); err != nil {
		return fmt.Errorf("decrypted part of the store: %w", err)
	}
	if len(contents.Objects) > maxEntries {
		return fmt.Errorf("%d entries: the limit is %d", len(contents.Objects), maxEntries)
	}
	for i, object := range contents.Objects {
		if err := r.object(object); err != nil {
			return fmt.Errorf("entry %d (alias %.60q): %w", i+1, object.Alias, err)
		}
	}
	return nil
}

// verify checks the MAC over the encrypted part. Scrypt is tried as RFC 7914
// has it, then as Bouncy Castle does; what fits holds for the whole store.
func (r *bcfksReader) verify(store bcfksObjectStore) error {
	if store.Check.Class == asn1.ClassContextSpecific {
		return errors.New("a store that is protected by a signature is not supported: write it anew with a password")
	}
	var check bcfksMAC
	if err := unmarshal(store.Check.FullBytes, &check); err != nil {
		return err
	}
	password := bcfksPassword(r.Store, bcfksIntegrity)
	err := r.decrypter.VerifyHMAC(check.KDF, check.MAC, check.Digest, store.Data.FullBytes, password)
	if errors.Is(err, ErrPassword) && pbe.IsScrypt(check.KDF) {
		r.decrypter.BlockSizeTwice = true
		err = r.decrypter.VerifyHMAC(check.KDF, check.MAC, check.Digest, store.Data.FullBytes, password)
	}
	return err
}

// object reads one entry.
func (r *bcfksReader) object(object bcfksObject) error {
	switch object.Type {
	case bcfksTypeCertificate:
		return r.certificate(object.Data)
	case bcfksTypeKey, bcfksTypeProtectedKey:
		return r.keyObject(object.Data)
	}
	return nil
}

// keyObject reads a private key and its chain.
func (r *bcfksReader) keyObject(der []byte) error {
	var data bcfksKeyData
	if err := unmarshal(der, &data); err != nil {
		return fmt.Errorf("private key: %w", err)
	}
	plain, err := r.decrypter.DecryptKey(data.Key.FullBytes, bcfksPassword(r.Key, bcfksPrivateKey))
	if err := r.key(plain, missing(err, r.Key)); err != nil {
		return err
	}
	for _, cert := range data.Chain {
		if err := r.certificate(cert.FullBytes); err != nil {
			return err
		}
	}
	return nil
}

// bcfksPassword returns what the key derivation gets: a password and what it is
// for, each as PKCS #12 has it, in UTF-16 with two zero octets at the end. Of an
// empty password nothing remains.
func bcfksPassword(password, purpose string) string {
	var octets []byte
	for _, text := range []string{password, purpose} {
		if text == "" {
			continue
		}
		for _, unit := range append(utf16.Encode([]rune(text)), 0) {
			octets = binary.BigEndian.AppendUint16(octets, unit)
		}
	}
	return string(octets)
}

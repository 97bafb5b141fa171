package certstore

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/ediport/ediport/internal/ber"
	"github.com/ediport/ediport/internal/pbe"
)

// maxBagDepth bounds safe contents inside safe contents; nobody writes any.
const maxBagDepth = 4

// pfxReader reads one PKCS #12 store (RFC 7292). Attributes of the bags are not
// needed: certificates and keys are paired by public key. Each layer may be in
// BER, as Bouncy Castle, NSS and old versions of Windows write it.
type pfxReader struct {
	contents
	decrypter pbe.Decrypter
	passwords
	octets int // of private keys
}

// contentInfo is RFC 5652, section 3.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
}

// safeBag is RFC 7292, section 4.2.
type safeBag struct {
	Type       asn1.ObjectIdentifier
	Value      asn1.RawValue `asn1:"tag:0,explicit"`
	Attributes asn1.RawValue `asn1:"optional"`
}

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidX509Bag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
)

// bagReaders has the types of bags by the last number of their identifier,
// 1.2.840.113549.1.12.10.1.n. CRL and secret bags are not for us.
var bagReaders map[string]func(r *pfxReader, value []byte, depth int) error

func init() { // safeContents refers to the table
	bagReaders = map[string]func(r *pfxReader, value []byte, depth int) error{
		"1.2.840.113549.1.12.10.1.1": (*pfxReader).keyBag,
		"1.2.840.113549.1.12.10.1.2": (*pfxReader).shroudedKeyBag,
		"1.2.840.113549.1.12.10.1.3": (*pfxReader).certBag,
		"1.2.840.113549.1.12.10.1.6": (*pfxReader).safeContents,
	}
}

// parsePFX reads a PKCS #12 store with any number of keys and certificates. A
// store without integrity check is read too, as OpenSSL writes with -nomac.
func parsePFX(data []byte, pw passwords) (contents, error) {
	r := &pfxReader{passwords: pw}
	err := r.read(data)
	return r.contents, err
}

// read checks the integrity with the store's password before it believes anything.
func (r *pfxReader) read(data []byte) error {
	var pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      pbe.MACData `asn1:"optional"`
	}
	if err := unmarshalBER(data, &pfx); err != nil {
		return fmt.Errorf("not a PFX: %w", err)
	}
	if pfx.Version != 3 {
		return fmt.Errorf("PFX version %d: only 3 exists", pfx.Version)
	}
	safe, err := r.content(pfx.AuthSafe)
	if err != nil {
		return err
	}
	if pfx.MAC.MAC.Algorithm.Algorithm != nil {
		if err := r.decrypter.VerifyMAC(pfx.MAC, safe, r.passwords.store); err != nil {
			return err
		}
	}
	return r.authenticatedSafe(safe)
}

func (r *pfxReader) authenticatedSafe(data []byte) error {
	var infos []contentInfo
	if err := unmarshalBER(data, &infos); err != nil {
		return fmt.Errorf("PFX contents: %w", err)
	}
	for _, info := range infos {
		bags, err := r.content(info)
		if err != nil {
			return err
		}
		if err := r.safeContents(bags, 0); err != nil {
			return err
		}
	}
	return nil
}

// content returns the octets of a plain or password-encrypted part.
func (r *pfxReader) content(info contentInfo) ([]byte, error) {
	switch {
	case info.Type.Equal(oidData):
		var octets []byte
		if err := unmarshal(info.Content.Bytes, &octets); err != nil {
			return nil, fmt.Errorf("PFX data: %w", err)
		}
		return octets, nil
	case info.Type.Equal(oidEncryptedData):
		return r.encryptedData(info.Content.Bytes)
	}
	return nil, fmt.Errorf("PFX part of type %v: only parts protected by a password are supported", info.Type)
}

func (r *pfxReader) encryptedData(der []byte) ([]byte, error) {
	var data struct {
		Version int
		Info    struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Content   asn1.RawValue `asn1:"tag:0,optional"` // an OCTET STRING
		}
	}
	if err := unmarshal(der, &data); err != nil {
		return nil, fmt.Errorf("PFX encrypted data: %w", err)
	}
	content, err := ber.Octets(data.Info.Content)
	if err != nil {
		return nil, fmt.Errorf("PFX encrypted data: %w", err)
	}
	return r.decrypter.Decrypt(data.Info.Algorithm, content, r.passwords.store)
}

func (r *pfxReader) safeContents(data []byte, depth int) error {
	if depth > maxBagDepth {
		return errors.New("PFX bags are nested too deeply")
	}
	var bags []safeBag
	if err := unmarshalBER(data, &bags); err != nil {
		return fmt.Errorf("PFX bags: %w", err)
	}
	for _, bag := range bags {
		read, ok := bagReaders[bag.Type.String()]
		if !ok {
			continue
		}
		if err := read(r, bag.Value.Bytes, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// keyBag reads a plain PKCS #8 key.
func (r *pfxReader) keyBag(value []byte, _ int) error {
	if r.octets += len(value); r.octets > maxKeys {
		return errKeysTooLarge
	}
	key, err := parseKey(value)
	if err != nil {
		return fmt.Errorf("private key %d: %w", len(r.keys)+1, err)
	}
	return r.addKey(key)
}

// shroudedKeyBag reads an encrypted PKCS #8 key.
func (r *pfxReader) shroudedKeyBag(value []byte, _ int) error {
	plain, err := r.decrypter.DecryptKey(value, r.passwords.key)
	if err != nil {
		return fmt.Errorf("private key %d: %w", len(r.keys)+1, err)
	}
	return r.keyBag(plain, 0)
}

// certBag reads an X.509 certificate. The other kind, SDSI, is in no store.
func (r *pfxReader) certBag(value []byte, _ int) error {
	var bag struct {
		Type asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
	if err := unmarshal(value, &bag); err != nil {
		return fmt.Errorf("PFX certificate bag: %w", err)
	}
	if !bag.Type.Equal(oidX509Bag) {
		return nil
	}
	return r.addCertificate(bag.Data)
}

// unmarshal is asn1.Unmarshal that wants no octets left over.
func unmarshal(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets after the end", len(rest))
	}
	return err
}

// unmarshalBER is unmarshal for what may be in BER.
func unmarshalBER(data []byte, v any) error {
	der, err := ber.DER(data)
	if err != nil {
		return err
	}
	return unmarshal(der, v)
}

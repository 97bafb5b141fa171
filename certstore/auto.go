package certstore

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/ediport/ediport/internal/ber"
)

// format is a kind of contents and the store types that hold it.
type format struct {
	file, blob StoreType
	matches    func(data []byte) bool
}

// formats are tried in this order.
var formats = []format{
	{StoreJKSFile, StoreJKSBlob, startsWith("\xFE\xED\xFE\xED")},
	{StorePPKFile, StorePPKBlob, startsWith("PuTTY-User-Key-File-")},
	{StoreSSHPublicKeyFile, StoreSSHPublicKeyBlob, isSSHPublicKey},
	{StoreP7BFile, StoreP7BBlob, onlyPEM("PKCS7")},
	{StorePEMKeyFile, StorePEMKeyBlob, func(data []byte) bool { return bytes.Contains(data, pemMarker) }},
	{StoreJWKFile, StoreJWKBlob, startsWith("{")},
	{StoreXMLFile, StoreXMLBlob, startsWith("<")},
	{StorePFXFile, StorePFXBlob, der(asn1.TagInteger, asn1.TagSequence, isPFX)},
	{StoreP7BFile, StoreP7BBlob, der(asn1.TagOID, 0, nil)},
	{StorePEMKeyFile, StorePEMKeyBlob, der(asn1.TagInteger, anyTag, nil)},
	{StoreBCFKSFile, StoreBCFKSBlob, der(asn1.TagSequence, asn1.TagSequence, isBCFKS)},
	{StorePublicKeyFile, StorePublicKeyBlob, der(asn1.TagSequence, asn1.TagSequence, nil)},
	{StorePublicKeyFile, StorePublicKeyBlob, der(asn1.TagSequence, asn1.TagBitString, nil)},
	{StorePEMKeyFile, StorePEMKeyBlob, der(asn1.TagSequence, asn1.TagOctetString, nil)},
}

// anyTag stands for any ASN.1 tag in [der].
const anyTag = -1

// detect returns the type of a store that is contents or, failing that, a file name.
func detect(store string) (StoreType, error) {
	if len(store) > maxStore {
		return 0, errTooLarge
	}
	if _, ok := cutPrefixFold(store, "pkcs11:"); ok {
		return StorePKCS11, nil // a URI of RFC 7512
	}
	if f, err := recognise(unwrap([]byte(store))); err == nil {
		return f.blob, nil
	}
	data, err := readFile(store)
	if err != nil {
		return 0, fmt.Errorf("neither contents of a known format nor a file: %w", err)
	}
	f, err := recognise(unwrap(data))
	return f.file, err
}

// recognise finds the format by the first octets.
func recognise(data []byte) (format, error) {
	if bytes.HasPrefix(data, []byte("\xCE\xCE\xCE\xCE")) {
		return format{}, errors.New("a JCEKS key store is not supported: convert it to PKCS #12 with keytool -importkeystore")
	}
	if isSequence(data) {
		if strict, err := ber.DER(data); err == nil { // old tools write BER
			data = strict
		}
	}
	for _, f := range formats {
		if f.matches(data) {
			return f, nil
		}
	}
	return format{}, errors.New("the format is not recognised: expected PEM, PFX, JKS, BCFKS, P7B, PPK, an SSH key, a key in XML or JSON, or DER")
}

// startsWith matches text after white space and a byte order mark.
func startsWith(prefixes ...string) func([]byte) bool {
	return func(data []byte) bool {
		data = bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\uFEFF")), " \t\r\n")
		for _, prefix := range prefixes {
			if bytes.HasPrefix(data, []byte(prefix)) {
				return true
			}
		}
		return false
	}
}

// isSSHPublicKey wants something behind the key type: ssh-keys/server.pem is a file name.
func isSSHPublicKey(data []byte) bool {
	return startsWith("ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2")(data) && bytes.ContainsAny(bytes.TrimSpace(data), " \t")
}

// onlyPEM matches PEM text with blocks of one type.
func onlyPEM(kind string) func([]byte) bool {
	return func(data []byte) bool {
		all := bytes.Count(data, pemMarker)
		return all > 0 && all == bytes.Count(data, append(pemMarker[:len(pemMarker):len(pemMarker)], kind...))
	}
}

// der matches a SEQUENCE by the tags of its first two elements, and by accept
// where the tags do not decide.
func der(first, second int, accept func(first []byte) bool) func([]byte) bool {
	return func(data []byte) bool {
		var outer, a, b asn1.RawValue
		if !isSequence(data) {
			return false
		}
		if _, err := asn1.Unmarshal(data, &outer); err != nil {
			return false
		}
		rest, err := asn1.Unmarshal(outer.Bytes, &a)
		if err != nil || a.Tag != first {
			return false
		}
		if _, err = asn1.Unmarshal(rest, &b); err != nil || second != anyTag && b.Tag != second {
			return false
		}
		return accept == nil || accept(a.Bytes)
	}
}

// isPFX tells the version of a PFX, 3, from that of a private key, 0 or 1.
func isPFX(version []byte) bool { return len(version) == 1 && version[0] == 3 }

var oidPBES2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}

// isBCFKS tells a store, which starts with an encryption algorithm, from a
// certificate, which starts with a version or a serial number.
func isBCFKS(first []byte) bool {
	var algorithm struct {
		Type   asn1.ObjectIdentifier
		Params asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(first, &algorithm)
	return err == nil && algorithm.Type.Equal(oidPBES2)
}

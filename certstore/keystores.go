package certstore

import (
	"encoding/pem"
	"errors"

	"github.com/ediport/ediport/internal/keystore"
)

// from makes a parser of a format of package keystore.
func from(format keystore.Format) parser {
	return func(data []byte, pw passwords) (contents, error) {
		found, err := format(data, keystore.Passwords{Store: pw.store, Key: pw.key})
		if err != nil {
			return contents{}, explainKeystore(err)
		}
		c := contents{certs: found.Certificates, keys: found.Keys, publics: found.PublicKeys}
		return c, c.check()
	}
}

// explainKeystore tells a missing password from a wrong one.
func explainKeystore(err error) error {
	if errors.Is(err, keystore.ErrNoPassword) {
		return &passwordError{err.Error()}
	}
	return err
}

// parseP7B reads a PKCS #7 store, which may stand in PEM armour.
func parseP7B(data []byte, pw passwords) (contents, error) {
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	return from(keystore.P7B)(data, pw)
}

// Package pbe opens what a password protects: PBES2 (RFC 8018), the schemes of
// PKCS #12 (RFC 7292, appendices B and C), and the integrity check of a PKCS #12 store.
//
// It only decrypts. Everything but the password comes from a file that may be
// hostile: salts are short, and one [Decrypter] spends a bounded number of
// hash iterations, however many encrypted parts its store has.
package pbe

import (
	"bytes"
	"cmp"
	"crypto/cipher"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

const (
	// maxIterations is what one store may cost: some seconds of one core.
	// Current tools write 2,048 to 600,000 for each encrypted part.
	maxIterations = 10_000_000

	// maxSalt is far above the 8 to 64 octets in use.
	maxSalt = 1024
)

// ErrPassword says that decrypting gave nonsense or that the integrity check
// failed. A damaged file cannot be told from a wrong password.
var ErrPassword = errors.New("the password is wrong or the data is damaged")

// Decrypter opens the encrypted parts of one store. Its zero value is ready;
// it is not safe for concurrent use.
type Decrypter struct {
	// Limit is how many hash iterations the store may ask for; 0 means 10 million.
	Limit int

	spent int
}

// spend refuses the iterations that would take the store over its limit.
func (d *Decrypter) spend(iterations int) error {
	limit := cmp.Or(d.Limit, maxIterations)
	if iterations < 1 || iterations > limit-d.spent {
		return fmt.Errorf("iteration count %d: a store may ask for 1 to %d in all", iterations, limit)
	}
	d.spent += iterations
	return nil
}

// scheme is one password-based encryption algorithm: it makes the ciphers to
// try for a password, usually one.
type scheme func(d *Decrypter, parameters []byte, password string) ([]blockCipher, error)

// blockCipher is a cipher in CBC mode with its key and initialization vector.
type blockCipher struct {
	block cipher.Block
	iv    []byte
}

// schemes are PBES2, then from RFC 7292, appendix C: Triple DES with three and
// with two keys, RC2 with 128 and with 40 bits.
var schemes = map[string]scheme{
	"1.2.840.113549.1.5.13":   pbes2,
	"1.2.840.113549.1.12.1.3": pkcs12Scheme(24, newTripleDES),
	"1.2.840.113549.1.12.1.4": pkcs12Scheme(16, newTwoKeyTripleDES),
	"1.2.840.113549.1.12.1.5": pkcs12Scheme(16, newRC2),
	"1.2.840.113549.1.12.1.6": pkcs12Scheme(5, newRC2),
}

// Decrypt returns the plaintext of data, which was encrypted under algorithm.
// The error is [ErrPassword] when the padding is wrong.
func (d *Decrypter) Decrypt(algorithm pkix.AlgorithmIdentifier, data []byte, password string) ([]byte, error) {
	prepare, ok := schemes[algorithm.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("encryption algorithm %v is not supported", algorithm.Algorithm)
	}
	ciphers, err := prepare(d, algorithm.Parameters.FullBytes, password)
	if err != nil {
		return nil, err
	}
	for _, c := range ciphers {
		plain, err := c.decrypt(data)
		if !errors.Is(err, ErrPassword) {
			return plain, err
		}
	}
	return nil, ErrPassword
}

// DecryptKey opens an EncryptedPrivateKeyInfo (RFC 5958, section 3) and returns
// the PKCS #8 key inside.
func (d *Decrypter) DecryptKey(der []byte, password string) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if err := unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("encrypted private key: %w", err)
	}
	return d.Decrypt(info.Algorithm, info.Data, password)
}

// decrypt undoes CBC and the padding of RFC 8018, section 6.1.1.
func (c blockCipher) decrypt(data []byte) ([]byte, error) {
	size := c.block.BlockSize()
	if len(data) == 0 || len(data)%size != 0 {
		return nil, fmt.Errorf("ciphertext of %d octets: not a multiple of the block size %d", len(data), size)
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(c.block, c.iv).CryptBlocks(plain, data)
	n := int(plain[len(plain)-1])
	if n == 0 || n > size || !bytes.HasSuffix(plain, bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, ErrPassword
	}
	return plain[:len(plain)-n], nil
}

// unmarshal is asn1.Unmarshal that wants no octets left over.
func unmarshal(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets after the end", len(rest))
	}
	return err
}

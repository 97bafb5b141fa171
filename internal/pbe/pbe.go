// Package pbe opens what a password protects: PBES1 and PBES2 (RFC 8018), the
// schemes of PKCS #12 (RFC 7292, appendices B and C), and the integrity checks
// of PKCS #12 and BCFKS stores.
//
// It only decrypts. Everything but the password comes from a file that may be
// hostile: salts are short, memory is bounded, and one [Decrypter] spends a
// bounded number of hash iterations, however many encrypted parts its store has.
package pbe

import (
	"cmp"
	"crypto/des"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

const (
	// maxIterations is what one store may cost, in iterations of SHA-1 or
	// SHA-256: two seconds of one core. Current tools write 2,048 to 600,000
	// for each encrypted part.
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
	// Limit is how many hash iterations the store may ask for, counted as of
	// SHA-1; 0 means 10 million.
	Limit int

	// BlockSizeTwice has scrypt use its block size as its parallelization too,
	// whatever the file says, as Bouncy Castle does in its BCFKS stores.
	BlockSizeTwice bool

	spent int
}

// spend refuses the iterations that would take the store over its limit. Cost
// is what one of them takes, compared to SHA-1.
func (d *Decrypter) spend(iterations, cost int) error {
	limit := cmp.Or(d.Limit, maxIterations)
	if left := (limit - d.spent) / cost; iterations < 1 || iterations > left {
		return fmt.Errorf("iteration count %d: a store may ask for 1 to %d in all, and %d are left", iterations, limit/cost, left)
	}
	d.spent += iterations * cost
	return nil
}

// cost is what an iteration takes compared to SHA-1 or SHA-256, measured for
// SHA-512 and SHA-3, whose blocks are larger.
func cost(h hash.Hash) int {
	switch {
	case h.BlockSize() == sha1.BlockSize:
		return 1
	case h.BlockSize() == sha512.BlockSize:
		return 3
	}
	return 4
}

// scheme is one password-based encryption algorithm: it makes the decryptions to
// try for a password, usually one.
type scheme func(d *Decrypter, parameters []byte, password string) ([]decryption, error)

// decryption undoes one cipher, whose key and other parameters it knows.
type decryption func(data []byte) ([]byte, error)

// schemes are PBES1 with DES and RC2, PBES2, then from RFC 7292, appendix C:
// Triple DES with three and with two keys, RC2 with 128 and with 40 bits.
var schemes = map[string]scheme{
	"1.2.840.113549.1.5.3":    pbes1(md5.New, des.NewCipher),
	"1.2.840.113549.1.5.6":    pbes1(md5.New, newRC2),
	"1.2.840.113549.1.5.10":   pbes1(sha1.New, des.NewCipher),
	"1.2.840.113549.1.5.11":   pbes1(sha1.New, newRC2),
	"1.2.840.113549.1.5.13":   pbes2,
	"1.2.840.113549.1.12.1.3": pkcs12Scheme(24, newTripleDES),
	"1.2.840.113549.1.12.1.4": pkcs12Scheme(16, newTwoKeyTripleDES),
	"1.2.840.113549.1.12.1.5": pkcs12Scheme(16, newRC2),
	"1.2.840.113549.1.12.1.6": pkcs12Scheme(5, newRC2),
}

// Decrypt returns the plaintext of data, which was encrypted under algorithm.
// PBES1 and PBES2 take the octets of the password as they are, for which the
// standards advise UTF-8. The error is [ErrPassword] when the padding or the
// cipher's own check is wrong.
func (d *Decrypter) Decrypt(algorithm pkix.AlgorithmIdentifier, data []byte, password string) ([]byte, error) {
	prepare, ok := schemes[algorithm.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("encryption algorithm %v is not supported", algorithm.Algorithm)
	}
	candidates, err := prepare(d, algorithm.Parameters.FullBytes, password)
	if err != nil {
		return nil, err
	}
	for _, decrypt := range candidates {
		plain, err := decrypt(data)
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

// unmarshal is asn1.Unmarshal that wants no octets left over.
func unmarshal(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets after the end", len(rest))
	}
	return err
}

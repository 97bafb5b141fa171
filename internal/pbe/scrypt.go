package pbe

import (
	"crypto/x509/pkix"
	"fmt"

	"golang.org/x/crypto/scrypt"
)

// Limits of scrypt, whose memory is 128 octets times N times r. OpenSSL's
// default is N = 16384, r = 8, p = 1: 16 MiB and a twentieth of a second.
const (
	maxScryptMemory = 32 << 20
	maxScryptLanes  = 1 << 13 // r times p

	// scryptCost is what a step, of which there are N times r times p, takes
	// compared to an iteration of SHA-1.
	scryptCost = 2
)

const oidScrypt = "1.3.6.1.4.1.11591.4.11"

// scryptParams is RFC 7914, section 7.
type scryptParams struct {
	Salt      []byte
	N, R, P   int
	KeyLength int `asn1:"optional"`
}

// IsScrypt reports whether algorithm is the key derivation of RFC 7914.
func IsScrypt(algorithm pkix.AlgorithmIdentifier) bool {
	return algorithm.Algorithm.String() == oidScrypt
}

func parseScrypt(parameters []byte) (kdf, error) {
	var params scryptParams
	if err := unmarshal(parameters, &params); err != nil {
		return kdf{}, fmt.Errorf("scrypt parameters: %w", err)
	}
	return kdf{"scrypt", params.KeyLength, params.derive}, nil
}

// derive makes a key, unless that costs too much.
func (params scryptParams) derive(d *Decrypter, password string, size int) ([]byte, error) {
	n, r, p := params.N, params.R, params.P
	if d.BlockSizeTwice {
		p = r
	}
	switch {
	case n < 2 || n&(n-1) != 0:
		return nil, fmt.Errorf("scrypt cost %d: it must be a power of 2 above 1", n)
	case r < 1 || r > maxScryptMemory/128/n:
		return nil, fmt.Errorf("scrypt cost %d with block size %d: the limit is %d MiB of memory", n, r, maxScryptMemory>>20)
	case p < 1 || p > maxScryptLanes/r:
		return nil, fmt.Errorf("scrypt parallelization %d: the limit is %d at block size %d", p, maxScryptLanes/r, r)
	case len(params.Salt) > maxSalt:
		return nil, fmt.Errorf("scrypt salt of %d octets: the limit is %d", len(params.Salt), maxSalt)
	}
	if err := d.spend(p, n*r*scryptCost); err != nil {
		return nil, fmt.Errorf("scrypt cost %d, block size %d: %w", n, r, err)
	}
	return scrypt.Key([]byte(password), params.Salt, n, r, p, size)
}

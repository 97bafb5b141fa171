package pbe

import (
	"crypto/cipher"
	"fmt"
	"hash"
)

// pbes1 returns one of the schemes of RFC 8018, section 6.1, which protect
// nothing today: PBKDF1 gives a key of 64 bits and the initialization vector.
func pbes1(newHash func() hash.Hash, create func(key []byte) (cipher.Block, error)) scheme {
	return func(d *Decrypter, parameters []byte, password string) ([]decryption, error) {
		var params struct {
			Salt       []byte
			Iterations int
		}
		if err := unmarshal(parameters, &params); err != nil {
			return nil, fmt.Errorf("PBES1 parameters: %w", err)
		}
		if len(params.Salt) > maxSalt {
			return nil, fmt.Errorf("PBES1 salt of %d octets: the limit is %d", len(params.Salt), maxSalt)
		}
		h := newHash()
		if err := d.spend(params.Iterations, cost(h)); err != nil {
			return nil, err
		}
		derived := append([]byte(password), params.Salt...)
		for range params.Iterations {
			h.Reset()
			h.Write(derived)
			derived = h.Sum(derived[:0])
		}
		block, err := create(derived[:8])
		if err != nil {
			return nil, err
		}
		return []decryption{blockCipher{block, derived[8:16]}.decrypt}, nil
	}
}

package keystore

import (
	"bytes"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"

	//lint:ignore SA1019 OpenSSH's keys are protected by it, and nothing else reads them
	"golang.org/x/crypto/blowfish"
)

// bcryptText is what bcryptHash encrypts.
const bcryptText = "OxychromaticBlowfishSwatDynamite"

// bcryptKey derives a key as bcrypt_pbkdf of OpenBSD does, which OpenSSH uses
// and golang.org/x/crypto keeps to itself: PBKDF2 (RFC 8018, section 5.2) with
// bcryptHash over SHA-512 values as its function, and with the octets of the
// blocks dealt out in turn.
func bcryptKey(password, salt []byte, rounds, size int) ([]byte, error) {
	secret := sha512.Sum512(password)
	count := (size + len(bcryptText) - 1) / len(bcryptText)
	key := make([]byte, count*len(bcryptText))
	for block := range count {
		seed := binary.BigEndian.AppendUint32(bytes.Clone(salt), uint32(block+1))
		sum := make([]byte, len(bcryptText))
		for range rounds {
			hashed := sha512.Sum512(seed)
			var err error
			if seed, err = bcryptHash(secret[:], hashed[:]); err != nil {
				return nil, err
			}
			subtle.XORBytes(sum, sum, seed)
		}
		for i, octet := range sum {
			key[i*count+block] = octet
		}
	}
	return key[:size], nil
}

// bcryptHash is bcrypt with a fixed cost of 64 and a longer text, whose 32 bit
// words come out in the other octet order.
func bcryptHash(secret, salt []byte) ([]byte, error) {
	c, err := blowfish.NewSaltedCipher(secret, salt)
	if err != nil {
		return nil, err
	}
	for range 64 {
		blowfish.ExpandKey(salt, c)
		blowfish.ExpandKey(secret, c)
	}
	out := []byte(bcryptText)
	for block := out; len(block) > 0; block = block[blowfish.BlockSize:] {
		for range 64 {
			c.Encrypt(block, block)
		}
	}
	for word := out; len(word) > 0; word = word[4:] {
		binary.LittleEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	return out, nil
}

package pbe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

// ccmParams is RFC 5084, section 3.1.
type ccmParams struct {
	Nonce []byte
	Tag   int `asn1:"optional,default:12"`
}

// ccm is AES in CCM mode (NIST SP 800-38C) without associated data.
func ccm(key, parameters []byte) (decryption, error) {
	var params ccmParams
	if err := unmarshal(parameters, &params); err != nil {
		return nil, fmt.Errorf("AES-CCM parameters: %w", err)
	}
	switch {
	case len(params.Nonce) < 7 || len(params.Nonce) > 13:
		return nil, fmt.Errorf("AES-CCM nonce of %d octets: it must be 7 to 13", len(params.Nonce))
	case params.Tag < 4 || params.Tag > 16 || params.Tag%2 != 0:
		return nil, fmt.Errorf("AES-CCM tag of %d octets: it must be 4, 6, 8, 10, 12, 14 or 16", params.Tag)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return func(data []byte) ([]byte, error) { return params.open(block, data) }, nil
}

// open decrypts data and checks the tag at its end.
func (c ccmParams) open(block cipher.Block, data []byte) ([]byte, error) {
	size := len(data) - c.Tag
	lengthSize := 15 - len(c.Nonce) // octets of the length field and of the counter
	if size < 0 || lengthSize < 4 && size>>(8*lengthSize) != 0 {
		return nil, errors.New("AES-CCM ciphertext of a length that cannot be")
	}
	var counter, mask [aes.BlockSize]byte
	counter[0] = byte(lengthSize - 1)
	copy(counter[1:], c.Nonce)
	block.Encrypt(mask[:], counter[:])
	counter[len(counter)-1] = 1
	plain := make([]byte, size)
	cipher.NewCTR(block, counter[:]).XORKeyStream(plain, data[:size])

	tag := c.sum(block, plain, lengthSize)
	subtle.XORBytes(tag[:], tag[:], mask[:])
	if subtle.ConstantTimeCompare(tag[:c.Tag], data[size:]) != 1 {
		return nil, ErrPassword
	}
	return plain, nil
}

// sum is the CBC-MAC over a first block that holds the sizes (SP 800-38C,
// appendix A.2), then the plaintext filled up with zeros.
func (c ccmParams) sum(block cipher.Block, plain []byte, lengthSize int) (x [aes.BlockSize]byte) {
	binary.BigEndian.PutUint64(x[8:], uint64(len(plain)))
	x[0] = byte((c.Tag-2)/2<<3 + lengthSize - 1)
	copy(x[1:], c.Nonce) // the length before it is zeros
	block.Encrypt(x[:], x[:])
	for len(plain) > 0 {
		n := subtle.XORBytes(x[:], x[:], plain[:min(len(plain), len(x))])
		block.Encrypt(x[:], x[:])
		plain = plain[n:]
	}
	return x
}

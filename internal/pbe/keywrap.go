package pbe

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// wrapMark starts the initial value of a padded key wrap (RFC 5649, section 3);
// the length of the plaintext follows it.
var wrapMark = []byte{0xA6, 0x59, 0x59, 0xA6}

// half is the unit of a key wrap: half an AES block.
const half = 8

// keyWrap is AES key wrap with padding (RFC 5649). It has no parameters.
func keyWrap(key, _ []byte) (decryption, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return func(data []byte) ([]byte, error) { return unwrap(block, data) }, nil
}

func unwrap(block cipher.Block, data []byte) ([]byte, error) {
	if len(data) < 2*half || len(data)%half != 0 {
		return nil, fmt.Errorf("wrapped data of %d octets: it must be a multiple of %d, from %d on", len(data), half, 2*half)
	}
	data = bytes.Clone(data)
	if len(data) == 2*half {
		block.Decrypt(data, data)
	} else {
		unwrapRounds(block, data)
	}
	mark, plain := data[:half], data[half:]
	length := binary.BigEndian.Uint32(mark[4:])
	padding := uint64(len(plain)) - uint64(length) // huge when length is too large
	if !bytes.HasPrefix(mark, wrapMark) || padding >= half || !bytes.Equal(plain[length:], make([]byte, padding)) {
		return nil, ErrPassword
	}
	return plain[:length], nil
}

// unwrapRounds is RFC 3394, section 2.2.2, in place: the first half block is A,
// the others are R. Steps are numbered backwards.
func unwrapRounds(block cipher.Block, data []byte) {
	var b [aes.BlockSize]byte // A and one R
	a := data[:half]
	for step := uint64(6 * (len(data)/half - 1)); step > 0; {
		for i := len(data) - half; i > 0; i -= half {
			r := data[i : i+half]
			binary.BigEndian.PutUint64(b[:], step)
			subtle.XORBytes(b[:half], b[:half], a)
			copy(b[half:], r)
			block.Decrypt(b[:], b[:])
			copy(a, b[:half])
			copy(r, b[half:])
			step--
		}
	}
}

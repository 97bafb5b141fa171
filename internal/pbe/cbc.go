package pbe

import (
	"bytes"
	"crypto/cipher"
	"fmt"
)

// blockCipher is a cipher in CBC mode with its key and initialization vector.
type blockCipher struct {
	block cipher.Block
	iv    []byte
}

// cbc returns a cipher of PBES2 whose parameter is the initialization vector.
func cbc(create func(key []byte) (cipher.Block, error)) func(key, parameters []byte) (decryption, error) {
	return func(key, parameters []byte) (decryption, error) {
		block, err := create(key)
		if err != nil {
			return nil, err
		}
		var iv []byte
		if err := unmarshal(parameters, &iv); err != nil {
			return nil, fmt.Errorf("PBES2 initialization vector: %w", err)
		}
		if len(iv) != block.BlockSize() {
			return nil, fmt.Errorf("PBES2 initialization vector of %d octets: the cipher wants %d", len(iv), block.BlockSize())
		}
		return blockCipher{block, iv}.decrypt, nil
	}
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

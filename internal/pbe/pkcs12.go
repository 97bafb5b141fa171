package pbe

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"unicode/utf16"
)

// The purposes of a derived value (RFC 7292, appendix B.3).
const (
	purposeKey = 1
	purposeIV  = 2
	purposeMAC = 3
)

// pkcs12Scheme returns one of the SHA-1 schemes of RFC 7292, appendix C.
func pkcs12Scheme(keySize int, create func(key []byte) (cipher.Block, error)) scheme {
	return func(d *Decrypter, parameters []byte, password string) ([]decryption, error) {
		var params struct {
			Salt       []byte
			Iterations int
		}
		if err := unmarshal(parameters, &params); err != nil {
			return nil, fmt.Errorf("PKCS #12 encryption parameters: %w", err)
		}
		var candidates []decryption
		for _, pw := range bmpPasswords(password) {
			key, err := d.pkcs12Key(sha1.New, pw, params.Salt, params.Iterations, purposeKey, keySize)
			if err != nil {
				return nil, err
			}
			block, err := create(key)
			if err != nil {
				return nil, err
			}
			iv, err := d.pkcs12Key(sha1.New, pw, params.Salt, params.Iterations, purposeIV, block.BlockSize())
			if err != nil {
				return nil, err
			}
			candidates = append(candidates, blockCipher{block, iv}.decrypt)
		}
		return candidates, nil
	}
}

func newTripleDES(key []byte) (cipher.Block, error) { return des.NewTripleDESCipher(key) }

// newTwoKeyTripleDES uses the first key again as the third.
func newTwoKeyTripleDES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(slices.Concat(key, key[:8]))
}

// bmpPasswords returns the octets of a password: UTF-16 with two zero octets at
// the end (RFC 7292, appendix B.1). For an empty password some programs leave
// the zero octets away, so there are two candidates.
func bmpPasswords(password string) [][]byte {
	units := append(utf16.Encode([]rune(password)), 0)
	bmp := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		bmp = binary.BigEndian.AppendUint16(bmp, unit)
	}
	if password == "" {
		return [][]byte{bmp, nil}
	}
	return [][]byte{bmp}
}

// pkcs12Key derives size octets for a purpose (RFC 7292, appendix B.2). The
// letters are the RFC's: D is the purpose repeated, I salt and password, each
// filled up to whole hash blocks; A is one round's output, B the same in block size.
func (d *Decrypter) pkcs12Key(newHash func() hash.Hash, password, salt []byte, iterations int, purpose byte, size int) ([]byte, error) {
	if len(salt) > maxSalt {
		return nil, fmt.Errorf("PKCS #12 salt of %d octets: the limit is %d", len(salt), maxSalt)
	}
	h := newHash()
	v := h.BlockSize()
	D := bytes.Repeat([]byte{purpose}, v)
	I := append(fill(salt, v), fill(password, v)...)
	var out []byte
	for {
		if err := d.spend(iterations, cost(h)); err != nil {
			return nil, err
		}
		h.Reset()
		h.Write(D)
		h.Write(I)
		A := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(A)
			A = h.Sum(A[:0])
		}
		out = append(out, A...)
		if len(out) >= size {
			return out[:size], nil
		}
		B := fill(A, v)[:v]
		for block := range slices.Chunk(I, v) {
			addPlusOne(block, B)
		}
	}
}

// fill repeats pattern up to the next multiple of size; nothing stays nothing.
func fill(pattern []byte, size int) []byte {
	if len(pattern) == 0 {
		return nil
	}
	length := (len(pattern) + size - 1) / size * size
	return bytes.Repeat(pattern, length/len(pattern)+1)[:length]
}

// addPlusOne sets a to a+b+1, both big-endian numbers of one length, without
// the carry that leaves them.
func addPlusOne(a, b []byte) {
	carry := 1
	for i := len(a) - 1; i >= 0; i-- {
		sum := int(a[i]) + int(b[i]) + carry
		a[i], carry = byte(sum), sum>>8
	}
}

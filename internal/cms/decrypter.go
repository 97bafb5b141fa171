package cms

import (
	"crypto/cipher"
	"crypto/subtle"
	"io"
)

// decrypter undoes a cipher in CBC mode and the padding of RFC 5652, section
// 6.3. A whole block is always held back: it may be the padding.
type decrypter struct {
	from  io.Reader
	mode  cipher.BlockMode
	buf   []byte
	ready []byte // plaintext to return, in buf
	held  []byte // the last block so far, in buf
	ended bool
}

func newDecrypter(from io.Reader, mode cipher.BlockMode) *decrypter {
	return &decrypter{from: from, mode: mode, buf: make([]byte, mode.BlockSize()+bufferSize)}
}

// Read reads plaintext.
func (d *decrypter) Read(p []byte) (int, error) {
	for len(d.ready) == 0 {
		if d.ended {
			return 0, io.EOF
		}
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.ready)
	d.ready = d.ready[n:]
	return n, nil
}

// fill decrypts the next piece, behind the block held back.
func (d *decrypter) fill() error {
	start, size := copy(d.buf, d.held), d.mode.BlockSize()
	n, err := io.ReadFull(d.from, d.buf[start:start+bufferSize])
	d.ended = err == io.EOF || err == io.ErrUnexpectedEOF
	plain := d.buf[:start+n]
	switch {
	case err != nil && !d.ended:
		return err
	case n%size != 0, len(plain) == 0:
		return errDecrypt()
	}
	d.mode.CryptBlocks(plain[start:], plain[start:])
	d.held = plain[len(plain)-size:]
	d.ready = plain[:len(plain)-size]
	if !d.ended {
		return nil
	}
	padding, ok := paddingOf(d.held)
	if !ok {
		d.ready = nil
		return errDecrypt()
	}
	d.ready = plain[:len(plain)-padding]
	return nil
}

// errDecrypt is the one error of everything that may be wrong with key and
// ciphertext.
func errDecrypt() error {
	return fail(CannotDecrypt, "the content cannot be decrypted: the key is not the right one, or the octets are damaged")
}

// paddingOf checks the padding in a last block, in a time that does not depend
// on what is there.
func paddingOf(block []byte) (n int, ok bool) {
	n = int(block[len(block)-1])
	good := subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, len(block))
	for i, b := range block {
		outside := subtle.ConstantTimeLessOrEq(i+1+n, len(block))
		good &= outside | subtle.ConstantTimeByteEq(b, byte(n))
	}
	return n, good == 1
}

package cms

import (
	"bytes"
	"io"
)

// SignBytes is [Sign] for what is small, such as the fields of a receipt (RFC
// 5024, section 5.3.13). The result is DER whatever o.Definite says, for every
// kind of key.
func SignBytes(data []byte, o SignOptions) ([]byte, error) {
	o.Definite, o.Size = true, int64(len(data))
	s, err := newSigning(o)
	if err != nil {
		return nil, err
	}
	s.hash.Write(data)
	if err := s.sign(); err != nil {
		return nil, err
	}
	if o.Detached {
		data = nil
	}
	return bytes.Join([][]byte{s.frame.head(), data, s.frame.tail()}, nil), nil
}

// VerifyBytes checks the signature of data. A signature that is not detached
// must have the same data inside: receipts should come so, and some peers
// detach them. The certificates that count are those of o.
func VerifyBytes(signature, data []byte, o VerifyOptions) ([]Signature, error) {
	p, err := Open(bytes.NewReader(signature))
	if err != nil {
		return nil, err
	}
	o.Content = bytes.NewReader(data)
	v, err := p.Verify(o)
	if err != nil {
		return nil, err
	}
	signed, err := io.ReadAll(v)
	if err == nil && !bytes.Equal(signed, data) {
		err = fail(BadSignature, "the signature is about other data than expected")
	}
	return v.Signatures(), err
}

// EncryptBytes is [Encrypt] for what is small, such as an authentication
// challenge (RFC 5024, section 5.3.17). The result is DER.
func EncryptBytes(data []byte, o EncryptOptions) ([]byte, error) {
	o.Definite, o.Size = true, int64(len(data))
	var b bytes.Buffer
	w, err := Encrypt(&b, o)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// DecryptBytes returns the content of a package that is small.
func DecryptBytes(envelope []byte, ours ...Recipient) ([]byte, error) {
	p, err := Open(bytes.NewReader(envelope))
	if err != nil {
		return nil, err
	}
	r, err := p.Decrypt(ours...)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err // and none of the nonsense that a wrong key gives
	}
	return data, nil
}

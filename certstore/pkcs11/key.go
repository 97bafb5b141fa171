//go:build cgo

package pkcs11

import (
	"crypto"
	"errors"
	"sync"

	"github.com/ediport/ediport/internal/devicekey"
	"github.com/ediport/ediport/internal/trap"
	p11 "github.com/miekg/pkcs11"
)

// key is a private key object as a [devicekey.Device].
type key struct {
	token  *token
	public crypto.PublicKey
	always bool

	mu         sync.Mutex // protects following
	handle     p11.ObjectHandle
	generation int // of the sessions that handle is good for
}

func newKey(t *token, o object, generation int) (crypto.Signer, error) {
	if o.public == nil {
		return nil, errNoPublic
	}
	return devicekey.New(o.public, &key{token: t, public: o.public, always: o.always, handle: o.handle, generation: generation})
}

// Sign is C_Sign.
func (k *key) Sign(op devicekey.Operation, digest []byte) ([]byte, error) {
	input, err := inputOf(op, digest)
	if err != nil {
		return nil, err
	}
	signature, err := k.do(func(s session, handle p11.ObjectHandle) ([]byte, error) {
		if err := s.SignInit(s.handle, mechanismOf(op), handle); err != nil {
			return nil, err
		}
		if err := k.authenticate(s); err != nil {
			return nil, err
		}
		return s.Sign(s.handle, input)
	})
	if err != nil {
		return nil, trap.New(trap.CodeCredentials, "token %v: signing with %v: %w", k.token.identity, op, explain(err))
	}
	return signature, nil
}

// Decrypt is C_Decrypt.
func (k *key) Decrypt(op devicekey.Operation, ciphertext []byte) ([]byte, error) {
	plain, err := k.do(func(s session, handle p11.ObjectHandle) ([]byte, error) {
		if err := s.DecryptInit(s.handle, mechanismOf(op), handle); err != nil {
			return nil, err
		}
		if err := k.authenticate(s); err != nil {
			return nil, err
		}
		return s.Decrypt(s.handle, ciphertext)
	})
	if err != nil {
		return nil, trap.New(trap.CodeDecryption, "token %v: decrypting with %v: %w", k.token.identity, op, explain(err))
	}
	return plain, nil
}

// do operates on the key object, and once more when the number that it is known
// by has changed.
func (k *key) do(operate func(session, p11.ObjectHandle) ([]byte, error)) (out []byte, err error) {
	err = k.token.use(func(s session) error {
		handle, err := k.object(s, false)
		if err != nil {
			return err
		}
		out, err = operate(s, handle)
		if !is(err, stale...) {
			return err
		}
		if handle, err = k.object(s, true); err != nil {
			return err
		}
		out, err = operate(s, handle)
		return err
	})
	return out, err
}

func (k *key) authenticate(s session) error {
	if !k.always {
		return nil
	}
	return k.token.loginOnce(s)
}

// object returns the number of the key object. After a session was lost, or
// when asked to, it looks for the key: by its public half, as a token may have
// several with one name.
func (k *key) object(s session, again bool) (p11.ObjectHandle, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !again && k.generation == s.generation {
		return k.handle, nil
	}
	all, err := s.objects()
	if err != nil {
		return 0, err
	}
	for _, o := range all {
		if o.kind == "private" && samePublicKey(o.public, k.public) {
			k.handle, k.generation = o.handle, s.generation
			return k.handle, nil
		}
	}
	return 0, errors.New("the key is not on the token any more")
}

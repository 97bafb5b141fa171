package devicekey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
)

type ecdsaKey struct {
	public *ecdsa.PublicKey
	device Device
}

// Public returns an *ecdsa.PublicKey.
func (k *ecdsaKey) Public() crypto.PublicKey { return k.public }

// Sign returns the signature as ASN.1 (RFC 3279, section 2.2.3). Which hash
// made the digest does not matter: of a longer one the first octets count.
func (k *ecdsaKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if len(digest) == 0 {
		return nil, errors.New("signing with ECDSA: the digest is empty")
	}
	size := (k.public.Params().N.BitLen() + 7) / 8
	raw, err := k.device.Sign(Operation{Scheme: ECDSA}, digest[:min(len(digest), size)])
	if err != nil {
		return nil, err
	}
	if len(raw) != 2*size {
		return nil, fmt.Errorf("the device's ECDSA signature has %d octets, not %d", len(raw), 2*size)
	}
	r, s := new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}

type ed25519Key struct {
	public ed25519.PublicKey
	device Device
}

// Public returns an ed25519.PublicKey.
func (k *ed25519Key) Public() crypto.PublicKey { return k.public }

// Sign signs a message, not a digest of it.
func (k *ed25519Key) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if special, ok := opts.(*ed25519.Options); ok && special.Context != "" {
		return nil, errors.New("signing with Ed25519: contexts are not supported")
	}
	if opts != nil && opts.HashFunc() != 0 {
		return nil, fmt.Errorf("signing with Ed25519: it takes the message, not its digest of %v", opts.HashFunc())
	}
	return k.device.Sign(Operation{Scheme: Ed25519}, message)
}

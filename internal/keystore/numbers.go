package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

// maxRSA is the largest RSA modulus in bits, the same as OpenSSH's.
const maxRSA = 16384

// errMismatch says that the numbers of a key are those of different keys.
var errMismatch = errors.New("the private and the public part do not belong together: the file is damaged or mixed from two keys")

// rsaNumbers are the values of an RSA key (RFC 8017, section 3.2). Those that
// a format does not have are nil.
type rsaNumbers struct {
	n, e        *big.Int
	d           *big.Int
	p, q        *big.Int
	dp, dq, inv *big.Int // d mod p-1, d mod q-1, 1/q mod p
}

var (
	one   = big.NewInt(1)
	three = big.NewInt(3)
)

// public returns the public key, whose numbers are in range.
func (r rsaNumbers) public() (*rsa.PublicKey, error) {
	switch {
	case r.n == nil || r.e == nil:
		return nil, errors.New("RSA key: the modulus or the public exponent is missing")
	case r.n.Sign() <= 0 || r.n.Bit(0) == 0:
		return nil, errors.New("RSA key: the modulus is not a positive odd number")
	case r.n.BitLen() > maxRSA:
		return nil, fmt.Errorf("RSA key of %d bits: the limit is %d", r.n.BitLen(), maxRSA)
	case r.e.Cmp(three) < 0 || r.e.Bit(0) == 0 || r.e.BitLen() > 31:
		return nil, errors.New("RSA key: the public exponent is not an odd number of 2 to 31 bits")
	}
	return &rsa.PublicKey{N: r.n, E: int(r.e.Int64())}, nil
}

// either returns the private key and its public key, or only the latter when
// no private number is there.
func (r rsaNumbers) either() (crypto.Signer, crypto.PublicKey, error) {
	if (r == rsaNumbers{n: r.n, e: r.e}) {
		public, err := r.public()
		return nil, public, err
	}
	key, err := r.private()
	if err != nil {
		return nil, nil, err
	}
	return key, key.Public(), nil
}

// private returns the private key, whose numbers belong together. It needs d;
// the others are computed, and compared where the format has them.
func (r rsaNumbers) private() (*rsa.PrivateKey, error) {
	public, err := r.public()
	if err != nil {
		return nil, err
	}
	if r.d == nil {
		return nil, errors.New("RSA key: the private exponent is missing")
	}
	for _, x := range []*big.Int{r.d, r.p, r.q, r.dp, r.dq, r.inv} {
		if x != nil && (x.Sign() <= 0 || x.Cmp(r.n) >= 0) {
			return nil, errMismatch
		}
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	key := &rsa.PrivateKey{PublicKey: *public, D: r.d, Primes: []*big.Int{r.p, r.q}}
	// With these three, checking takes milliseconds; without them, the standard
	// library takes seconds to compute the last one of a key of 16,384 bits.
	key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv = r.dp, r.dq, r.inv
	key.Precompute()
	if err := key.Validate(); err != nil {
		return nil, fmt.Errorf("%w (%w)", errMismatch, err)
	}
	return key, nil
}

// complete computes what is missing next to n, e and d.
func (r *rsaNumbers) complete() error {
	switch {
	case (r.p == nil) != (r.q == nil):
		return errors.New("RSA key: one of the two primes is missing")
	case r.p == nil && (r.dp != nil || r.dq != nil || r.inv != nil):
		return errors.New("RSA key: the primes are missing next to values that belong to them")
	case r.p == nil:
		if err := r.factor(); err != nil {
			return err
		}
	}
	// Both are smaller than n, so that neither is 1 when this holds.
	if new(big.Int).Mul(r.p, r.q).Cmp(r.n) != 0 {
		return errMismatch
	}
	inv := new(big.Int).ModInverse(r.q, r.p)
	if inv == nil {
		return errMismatch
	}
	return errors.Join(
		agree(&r.dp, new(big.Int).Mod(r.d, new(big.Int).Sub(r.p, one))),
		agree(&r.dq, new(big.Int).Mod(r.d, new(big.Int).Sub(r.q, one))),
		agree(&r.inv, inv))
}

// agree sets a value, or compares it if it is there.
func agree(value **big.Int, want *big.Int) error {
	if *value != nil && (*value).Cmp(want) != 0 {
		return errMismatch
	}
	*value = want
	return nil
}

// factor finds the primes from the exponents (NIST SP 800-56B, revision 2,
// appendix C.2): e·d-1 times a small factor is a multiple of (p-1)(q-1), which
// gives p+q and with it the two roots of a quadratic equation.
func (r *rsaNumbers) factor() error {
	k := new(big.Int).Mul(r.e, r.d)
	k.Sub(k, one)
	gcd := new(big.Int).GCD(nil, nil, new(big.Int).Sub(r.n, one), k)
	m, rest := new(big.Int).DivMod(k.Mul(k, gcd), r.n, new(big.Int))
	sum, odd := new(big.Int).DivMod(rest.Sub(r.n, rest), m.Add(m, one), new(big.Int))
	if odd.Sign() != 0 {
		return errMismatch
	}
	sum.Add(sum, one)
	square := new(big.Int).Mul(sum, sum)
	square.Sub(square, new(big.Int).Lsh(r.n, 2))
	if square.Sign() <= 0 {
		return errMismatch
	}
	root := new(big.Int).Sqrt(square)
	r.p = new(big.Int).Add(sum, root)
	r.q = new(big.Int).Sub(sum, root)
	r.p.Rsh(r.p, 1)
	r.q.Rsh(r.q, 1)
	return nil
}

// ecdsaPublic reads an uncompressed point (SEC 1, section 2.3.3) on a NIST curve.
func ecdsaPublic(curve elliptic.Curve, point []byte) (*ecdsa.PublicKey, error) {
	if len(point) > 0 && (point[0] == 2 || point[0] == 3) {
		return nil, errors.New("EC key: a compressed point is not supported")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("EC key: the point is not one of %s", curve.Params().Name)
	}
	return public, nil
}

// ecdsaPrivate joins a public key and its private number.
func ecdsaPrivate(public *ecdsa.PublicKey, d *big.Int) (*ecdsa.PrivateKey, error) {
	curve := public.Curve.Params()
	if d.Sign() <= 0 || d.Cmp(curve.N) >= 0 {
		return nil, fmt.Errorf("EC key: the private number is out of the range of %s", curve.Name)
	}
	key, err := ecdsa.ParseRawPrivateKey(public.Curve, d.FillBytes(make([]byte, (curve.BitSize+7)/8)))
	if err != nil {
		return nil, fmt.Errorf("EC key: %w", err)
	}
	if !key.PublicKey.Equal(public) {
		return nil, errMismatch
	}
	return key, nil
}

// ed25519Public reads the 32 octets of RFC 8032, section 5.1.5.
func ed25519Public(octets []byte) (ed25519.PublicKey, error) {
	if len(octets) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("Ed25519 public key of %d octets: it has %d", len(octets), ed25519.PublicKeySize)
	}
	return bytes.Clone(octets), nil
}

// ed25519Private joins a public key and its private octets, the seed.
func ed25519Private(public ed25519.PublicKey, seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("Ed25519 private key of %d octets: it has %d", len(seed), ed25519.SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed)
	if !public.Equal(key.Public()) {
		return nil, errMismatch
	}
	return key, nil
}

// samePublic compares keys of any type that the standard library knows.
func samePublic(a, b crypto.PublicKey) bool {
	known, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && known.Equal(b)
}
